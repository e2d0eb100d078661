// Renders the cases that compare.mjs sends, one JSON object a line ({template, data, escape}), and answers
// one a line:
// {"text": …} or {"error": …}.
#include <iostream>
#include <string>

#include "expression/template.hpp"
#include "value/json.hpp"

int main() {
	using namespace playbook;
	using namespace playbook::expression;
	std::string line;
	while (std::getline(std::cin, line)) {
		Value answer = Value::object();
		try {
			const Value request = parse_json(line);
			const Template parsed = Template::parse(request.find("template")->string());
			RenderOptions options;
			options.escape_html = request.find("escape")->boolean();
			if (!parsed.errors().empty())
				answer.set("error", Value(parsed.errors().front().message));
			else
				answer.set("text", Value(parsed.render(*request.find("data"), options).text));
		} catch (const std::exception &error) {
			answer.set("error", Value(error.what()));
		}
		std::cout << to_json(answer) << '\n';
	}
	return 0;
}
