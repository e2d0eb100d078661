#include "definition/mentions.hpp"

#include <unordered_map>

#include "definition/path.hpp"
#include "definition/wording.hpp"
#include "expression/query_template.hpp"
#include "expression/reference.hpp"
#include "expression/template.hpp"

namespace playbook::definition {
namespace {

using expression::SyntaxError;

class Reader {
public:
	Reader(const Definition &definition, const Document &document, Report &report)
	    : definition_(definition), document_(document), report_(report) {
		for (const Step &step : definition.steps) owners_.emplace(step.path, step.position);
	}

	void read(const Annotation &annotation) {
		const Value &value = *annotation.value;
		step_ = owner_of(annotation.path);
		if (annotation.format == "values") return read_deeply(value, annotation.path);
		if (!value.is_string()) return;
		const std::string &text = value.string();
		if (annotation.format == "template" || annotation.format == "duration-template")
			read_template(text, annotation.path);
		else if (annotation.format == "condition")
			read_condition(text, annotation.path);
		else if (annotation.format == "row-condition" || annotation.format == "row-expression")
			read_row_expression(text, annotation.path);
		else if (annotation.format == "query")
			read_query(text, annotation.path);
		else if (annotation.format == "rows")
			read_rows(text, annotation.path);
		else if (annotation.format == "for-each")
			read_for_each(text, annotation.path);
	}

	Mentions take() { return std::move(found_); }

private:
	int owner_of(std::string_view path) const {
		while (!path.empty()) {
			if (const auto found = owners_.find(std::string(path)); found != owners_.end())
				return found->second;
			path = parent_path(path);
		}
		return -1;
	}

	void add(Mention::Form form, const std::string &path, const std::string &text, std::size_t offset,
	         std::vector<std::string> name) {
		Mention mention;
		mention.form = form;
		mention.step = step_;
		mention.path = path;
		mention.text = &text;
		mention.offset = offset;
		mention.name = std::move(name);
		found_.names.push_back(std::move(mention));
	}

	void report_errors(const char *code, const std::vector<SyntaxError> &errors, const std::string &path,
	                   const std::string &text) {
		for (const SyntaxError &error : errors)
			report_.error_within(code, path, text, error.offset, error.message, error.hint);
	}

	void read_deeply(const Value &value, const std::string &path) {
		if (value.is_string()) read_template(value.string(), path);
		if (value.is_array())
			for (std::size_t i = 0; i < value.size(); ++i) read_deeply(value.items()[i], child_path(path, i));
		if (value.is_object())
			for (const Member &member : value.members())
				read_deeply(member.value, child_path(path, member.key));
	}

	std::size_t read_references(const std::string &text, const std::string &path) {
		if (text.find("${") == text.npos) return 0;
		const expression::ReferenceScan scan = expression::scan_references(text);
		report_errors("PB041", scan.errors, path, text);
		for (const expression::Reference &reference : scan.references)
			add(Mention::Form::Reference, path, text, reference.begin, reference.path);
		return scan.references.size();
	}

	void read_template(const std::string &text, const std::string &path) {
		read_references(text, path);
		if (text.find("{{") == text.npos) return;
		const expression::Template parsed = expression::Template::parse(text);
		report_errors("PB040", parsed.errors(), path, text);
		for (const expression::PathUse &use : parsed.uses()) {
			std::vector<std::string> name = use.path;
			if (!name.empty() && name.front() == "@root") name.erase(name.begin());
			if (name.empty() || name.front().empty() || name.front()[0] == '@' || name.front()[0] == '.' ||
			    name.front() == "this")
				continue;
			add(Mention::Form::Template, path, text, use.offset, std::move(name));
			found_.names.back().relative = use.relative;
		}
	}

	void read_condition(const std::string &text, const std::string &path) {
		if (text.empty()) return; // the schema has refused it
		expression::ConditionNames names = expression::read_condition_names(text);
		report_errors("PB043", names.errors, path, text);
		for (expression::ConditionName &name : names.names)
			add(Mention::Form::Condition, path, text, name.offset, std::move(name.path));
		for (expression::WordComparison &comparison : names.comparisons)
			if (!path.starts_with("triggers["))
				found_.comparisons.push_back({step_, path, &text, std::move(comparison)});
		if (names.errors.empty())
			found_.conditions.push_back({path, text, document_.value_position(path), false});
	}

	// An expression over the columns of a row set: names are columns, except for what begins at a root of
	// ours.
	void read_row_expression(const std::string &text, const std::string &path) {
		read_references(text, path);
		expression::ConditionNames names = expression::read_condition_names(text);
		const bool plain = text.find("${") == text.npos && text.find("{{") == text.npos;
		if (plain) report_errors("PB043", names.errors, path, text);
		if (plain && !text.empty() && names.errors.empty())
			found_.conditions.push_back({path, text, document_.value_position(path), true});
		for (expression::ConditionName &name : names.names)
			if (name.path[0] == "parameters" || name.path[0] == "steps")
				add(Mention::Form::Condition, path, text, name.offset, std::move(name.path));
	}

	void read_query(const std::string &text, const std::string &path) {
		const expression::QueryTemplate parsed = expression::QueryTemplate::parse(text);
		report_errors("PB042", parsed.errors(), path, text);
		const Value *given =
		    step_ >= 0 ? definition_.steps[static_cast<std::size_t>(step_)].config.find("parameters")
		               : nullptr;
		const auto pasted = [given](const std::string &name) {
			const Value *written = given != nullptr ? given->find(name) : nullptr;
			return written != nullptr && expression::is_pasted(*written);
		};
		report_errors("PB042", parsed.check(pasted), path, text);
		for (const expression::Placeholder &placeholder : parsed.placeholders()) {
			std::vector<std::string> name = split(placeholder.name);
			if (given != nullptr && given->find(name[0]) != nullptr) continue;
			if (name.size() == 1 && name[0] != "item" && name[0] != "index")
				report_missing_parameter(placeholder, given, text, path);
			else
				add(Mention::Form::Query, path, text, placeholder.offset, std::move(name));
		}
	}

	void report_missing_parameter(const expression::Placeholder &placeholder, const Value *given,
	                              const std::string &text, const std::string &path) {
		std::vector<std::string> known;
		if (given != nullptr && given->is_object())
			for (const Member &member : given->members()) known.push_back(member.key);
		std::string hint = report_.suggestion(placeholder.name, known, "Given are");
		for (const Parameter &parameter : definition_.parameters)
			if (parameter.name == placeholder.name)
				hint =
				    "Write {{parameters." + placeholder.name + "}}, or give it under the step's parameters.";
		if (hint.empty()) hint = "Give it under the step's parameters.";
		report_.error_within("PB047", path, text, placeholder.offset,
		                     "placeholder " + quoted(placeholder.name) + " has no parameter", hint);
	}

	void read_rows(const std::string &text, const std::string &path) {
		const std::size_t before = found_.names.size();
		const std::size_t count = read_references(text, path);
		const bool of_step =
		    count == 1 && expression::is_single_reference(text) && found_.names.back().name.size() > 1;
		if (!of_step) {
			report_.error("PB041", path, quoted(text) + " is no reference to a step's rows",
			              "Write \"${steps.<id>}\".");
			return;
		}
		found_.names[before].rows = true;
	}

	void read_for_each(const std::string &text, const std::string &path) {
		read_template(text, path);
		const bool listed = expression::is_single_reference(text) || text.find("{{") != text.npos;
		if (!listed)
			report_.error("PB041", path, quoted(text) + " is no list",
			              "Write a reference such as \"${steps.found}\", or a list.");
	}

	static std::vector<std::string> split(const std::string &dotted) {
		std::vector<std::string> parts;
		std::size_t start = 0;
		for (std::size_t dot = dotted.find('.'); dot != dotted.npos; dot = dotted.find('.', start)) {
			parts.push_back(dotted.substr(start, dot - start));
			start = dot + 1;
		}
		parts.push_back(dotted.substr(start));
		return parts;
	}

	const Definition &definition_;
	const Document &document_;
	Report &report_;
	std::unordered_map<std::string, int> owners_;
	int step_ = -1;
	Mentions found_;
};

} // namespace

Mentions read_mentions(const Definition &definition, const std::vector<Annotation> &annotations,
                       const Document &document, Report &report) {
	Reader reader(definition, document, report);
	for (const Annotation &annotation : annotations) reader.read(annotation);
	return reader.take();
}

} // namespace playbook::definition
