#include "step/attachments.hpp"

#include "expression/reference.hpp"
#include "settings.hpp"
#include "step/mail_address.hpp"
#include "value/json.hpp"

namespace playbook::step {
namespace {

std::string text_of(const Value &value, const char *key) {
	const Value *member = value.find(key);
	return member == nullptr ? std::string() : member->as_text();
}

// RFC 4180. A text that a spreadsheet would take for a formula gets a quote before it.
std::string csv_field(const Value &value) {
	std::string text = value.as_text();
	if (value.is_string() && !text.empty() &&
	    std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos)
		text.insert(text.begin(), '\'');
	if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
	std::string quoted = "\"";
	for (const char c : text) {
		if (c == '"') quoted += '"';
		quoted += c;
	}
	return quoted + '"';
}

std::string csv_text(const result::RowSet &rows, const std::vector<Value> &objects) {
	std::string text;
	const auto line = [&](auto field) {
		for (std::size_t i = 0; i < rows.columns().size(); ++i)
			text += (i == 0 ? "" : ",") + field(rows.columns()[i].name);
		text += "\r\n";
	};
	line([](const std::string &name) { return csv_field(Value(name)); });
	for (const Value &object : objects)
		line([&](const std::string &name) {
			const Value *value = object.find(name);
			return value == nullptr ? std::string() : csv_field(*value);
		});
	return text;
}

const definition::Step &step_named(const Context &context, const std::string &reference) {
	const expression::ReferenceScan scan = expression::scan_references(reference);
	if (scan.references.size() == 1 && scan.references[0].path.size() == 2 &&
	    scan.references[0].path[0] == "steps")
		if (const definition::Step *step = context.execution.definition().find(scan.references[0].path[1]))
			return *step;
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
	                "\"" + reference + "\" names no step whose rows can be attached", "",
	                "Write the rows of a step as ${steps.accounts}.");
}

} // namespace

Value rendered_attachments(const Context &context, const Value &attachments,
                           std::vector<std::string> *missing) {
	Value rendered = Value::array();
	if (!attachments.is_array()) return rendered;
	for (const Value &attachment : attachments.items()) {
		Value one = Value::object();
		for (const Member &member : attachment.members())
			one.set(member.key,
			        member.key == "rows" ? member.value : context.rendered(member.value, missing));
		rendered.push_back(std::move(one));
	}
	return rendered;
}

Value attached(const Context &context, const Value &attachments) {
	Value files = Value::array();
	for (const Value &attachment : attachments.items()) {
		if (attachment.find("rows") == nullptr)
			throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "artifacts cannot be attached yet", "",
			                "Attach the rows of a step: rows: \"${steps.accounts}\".");
		const definition::Step &step = step_named(context, text_of(attachment, "rows"));
		const std::shared_ptr<const result::RowSet> rows = context.rows_of(step.position);
		if (rows->row_count() > settings::max_items())
			throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			                "step \"" + step.id +
			                    "\" has too many rows to attach: " + std::to_string(rows->row_count()),
			                "playbook.max_items is " + std::to_string(settings::max_items()) + ".");
		const std::vector<Value> objects = rows->objects();
		const bool json = text_of(attachment, "format") == "json";
		std::string name = single_line(text_of(attachment, "name"));
		if (name.empty()) name = step.id + (json ? ".json" : ".csv");
		Value file = Value::object();
		file.set("name", Value(std::move(name)));
		file.set("type", Value(json ? "application/json" : "text/csv"));
		file.set("content", Value(json ? to_json(Value(Value::Array(objects))) : csv_text(*rows, objects)));
		files.push_back(std::move(file));
	}
	return files;
}

} // namespace playbook::step
