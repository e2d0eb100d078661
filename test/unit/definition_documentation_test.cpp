// doc/definition.md says what is true: its examples are valid, its tables are the schema's, its codes are the
// code's.
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "definition/hints.hpp"
#include "definition/schema.hpp"
#include "definition_support.hpp"

namespace playbook::definition {
namespace {

const std::string manual = "doc/definition.md";

struct Example {
	int line = 0;
	std::string text;
};

std::vector<Example> examples() {
	std::vector<Example> found;
	std::istringstream lines(file_text(manual));
	std::string line;
	bool inside = false;
	for (int number = 1; std::getline(lines, line); ++number) {
		if (!inside && line == "```yaml") {
			inside = true;
			found.push_back({number, ""});
		} else if (inside && line == "```") {
			inside = false;
		} else if (inside) {
			found.back().text += line + "\n";
		}
	}
	return found;
}

// A playbook around an example that shows only a part of one.
std::string completed(const std::string &example) {
	if (example.starts_with("playbook:")) return example;
	if (example.starts_with("- ")) return "id: example\nsteps:\n" + example;
	const bool has_steps = example.starts_with("steps:") || example.find("\nsteps:") != std::string::npos;
	return "id: example\n" + example + (has_steps ? "" : "steps:\n  - {id: only, type: task}\n");
}

TEST(Documentation, EveryExampleIsValid) {
	const std::vector<Example> all = examples();
	EXPECT_GT(all.size(), 20U);
	for (const Example &example : all) {
		const ParseResult result = parse_definition(completed(example.text));
		EXPECT_EQ(described(result.problems), "") << manual << ":" << example.line;
		EXPECT_TRUE(result.definition) << manual << ":" << example.line;
	}
}

TEST(Documentation, EveryTypeOfStepHasAnExample) {
	std::set<std::string> shown;
	for (const Example &example : examples()) {
		const ParseResult result = parse_definition(completed(example.text));
		if (result.definition)
			for (const Step &step : result.definition->steps) shown.insert(to_string(step.type));
	}
	const Value *types =
	    definition_schema().find("$defs")->find("step")->find("properties")->find("type")->find("enum");
	for (const Value &type : types->items()) EXPECT_TRUE(shown.contains(type.string())) << type.string();
}

std::string description_of(const Value &property) {
	if (const Value *own = property.find("description")) return own->string();
	const std::string name = property.find("$ref")->string().substr(std::string("#/$defs/").size());
	return definition_schema().find("$defs")->find(name)->find("description")->string();
}

TEST(Documentation, ExplainsEveryKeyInTheSchemasWords) {
	const std::string text = file_text(manual);
	int keys = 0;
	for (const Member &part : definition_schema().find("$defs")->members()) {
		const Value *properties = part.value.find("properties");
		if (properties == nullptr) continue;
		for (const Member &property : properties->members()) {
			const std::string description =
			    std::regex_replace(description_of(property.value), std::regex("\\|"), "\\|");
			// One row that begins with this key and ends with these words.
			const std::string end = "| " + description + " |\n";
			bool found = false;
			for (std::size_t at = text.find(end); at != text.npos && !found; at = text.find(end, at + 1)) {
				const std::size_t row = text.rfind('\n', at);
				found = text.compare(row + 1, property.key.size() + 4, "| `" + property.key + "`") == 0;
			}
			EXPECT_TRUE(found) << part.key << "." << property.key << ": " << description;
			++keys;
		}
	}
	EXPECT_GT(keys, 150);
}

TEST(Documentation, ListsExactlyTheCodesOfTheSources) {
	std::set<std::string> used, listed;
	const std::regex code("\"(PB[0-9]{3})\""), row("\\| (PB[0-9]{3}) \\|");
	for (const auto &entry : std::filesystem::directory_iterator("src/definition")) {
		if (entry.path().extension() != ".cpp") continue;
		const std::string source = file_text(entry.path().string());
		for (std::sregex_iterator at(source.begin(), source.end(), code), end; at != end; ++at)
			used.insert((*at)[1]);
	}
	const std::string text = file_text(manual);
	for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at)
		EXPECT_TRUE(listed.insert((*at)[1]).second) << (*at)[1] << " is listed twice";
	EXPECT_EQ(used, listed);
	for (const std::string &known : listed) EXPECT_FALSE(general_hint(known).empty()) << known;
	EXPECT_TRUE(general_hint("PB999").empty());
}

} // namespace
} // namespace playbook::definition
