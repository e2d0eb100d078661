#include "step/data_step.hpp"

#include "definition/store.hpp"
#include "definition/wording.hpp"
#include "expression/reference.hpp"
#include "pg/datum.hpp"
#include "pg/sha256.hpp"
#include "settings.hpp"
#include "step/data_source.hpp"
#include "step/previous.hpp"

extern "C" {
#include "postmaster/bgworker.h"
}

namespace playbook::step {
namespace {

using expression::QueryTemplate;

const QueryTemplate &template_of(const std::string &text) {
	static auto *const kept = new std::unordered_map<std::string, QueryTemplate>();
	if (const auto found = kept->find(text); found != kept->end()) return found->second;
	if (kept->size() >= 1000) kept->clear();
	return kept->emplace(text, QueryTemplate::parse(text)).first->second;
}

std::string place_of(const std::string &text, std::size_t offset) {
	const std::string before = text.substr(0, offset);
	const auto lines = std::count(before.begin(), before.end(), '\n');
	const std::size_t newline = before.rfind('\n');
	const std::size_t column = newline == before.npos ? offset + 1 : offset - newline;
	return "line " + std::to_string(lines + 1) + ", column " + std::to_string(column) + " of the template";
}

[[noreturn]] void refuse_template(const std::string &text, const std::string &message,
                                  const std::string &hint, std::size_t offset) {
	pg::Error error(ERRCODE_SYNTAX_ERROR, message, "", hint);
	error.context = "at " + place_of(text, offset);
	throw error;
}

std::string option_of(const Context &context, const char *name, const std::string &setting) {
	const Value *chosen = context.execution.options.find(name);
	return chosen != nullptr && chosen->is_string() ? chosen->string() : setting;
}

void trim(std::string &text) {
	const std::size_t first = text.find_first_not_of(" \t\n");
	if (first == text.npos) {
		text.clear();
		return;
	}
	text = text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

bool drop_suffix(std::string &text, std::string_view suffix) {
	if (text.size() <= suffix.size()) return false;
	const std::size_t at = text.size() - suffix.size();
	for (std::size_t i = 0; i < suffix.size(); ++i)
		if (std::tolower(static_cast<unsigned char>(text[at + i])) != suffix[i]) return false;
	text.resize(at);
	return true;
}

// A process of ours that connected as the owner. Another extension's worker, which calls our procedure, is a
// session.
bool is_executor() {
	return MyBgworkerEntry != nullptr && std::string_view(MyBgworkerEntry->bgw_library_name) == "playbook";
}

SortColumn sort_column(std::string text) {
	SortColumn column;
	trim(text);
	if (text.starts_with('-')) {
		column.descending = true;
		text.erase(0, 1);
	} else if (drop_suffix(text, " desc")) {
		column.descending = true;
	} else {
		drop_suffix(text, " asc");
	}
	trim(text);
	column.column = text;
	return column;
}

SortColumn sort_column(const Value &object) {
	SortColumn column;
	for (const char *key : {"column", "propertyName", "property"})
		if (const Value *name = object.find(key); name != nullptr && column.column.empty())
			column.column = name->as_text();
	if (const Value *down = object.find("descending"))
		column.descending = down->is_boolean() && down->boolean();
	if (const Value *direction = object.find("direction"))
		column.descending = direction->is_string() && direction->string().starts_with('D');
	return column;
}

} // namespace

void require_this_database(const Context &context) {
	const std::string &source = context.step.source;
	std::string connection = source;
	std::string setting;
	if (source.empty() || source == "data_warehouse") {
		connection = option_of(context, "data_warehouse", settings::data_warehouse());
		setting = "playbook.data_warehouse";
	} else if (source == "crm") {
		connection = option_of(context, "crm", settings::crm());
		setting = "playbook.crm";
	} else if (source == "transform") {
		connection.clear();
	}
	if (connection.empty() || connection == "local") return;
	throw pg::Error(
	    ERRCODE_FEATURE_NOT_SUPPORTED,
	    "connection \"" + connection + "\" cannot be used by a " + definition::to_string(context.step.type) +
	        " step yet",
	    setting.empty() ? "It is the source of step \"" + context.step.id + "\"."
	                    : "It is what " + setting + ", or the option given at start, names.",
	    setting.empty()
	        ? "Use the source data_warehouse, which is this database while playbook.data_warehouse is empty."
	        : "Set " + setting + " to '' to use this database.");
}

UserSqlOptions user_sql_options(const Context &context, bool read_only) {
	UserSqlOptions options;
	options.owner = context.execution.owner;
	options.search_path = context.execution.plan->search_path;
	options.read_only = read_only;
	options.executor = is_executor();
	if (context.mode == Mode::Batch) options.budget_microseconds = settings::step_budget_microseconds();
	const definition::Duration timeout =
	    context.step.timeout.value_or(context.execution.definition().step_timeout);
	options.timeout_microseconds = timeout.approximate_microseconds();
	options.unguarded = context.unguarded;
	options.explain_only = context.preview;
	return options;
}

void note_resolved(const Context &context, const Value &resolved, const UserSqlOptions &options) {
	if (context.step.on_error != definition::OnError::Cached || context.preview) return;
	Value all = Value::object();
	all.set("type", Value(definition::to_string(context.step.type)));
	all.set("owner", Value(pg::role_name(options.owner))); // under whose rights it runs
	all.set("connection", Value(connection_of(context)));
	all.set("search_path", Value(options.search_path));
	all.set("resolved", resolved);
	Value relations = Value::object();
	for (const auto &[name, rows] : options.relations) {
		pg::Sha256 digest; // a chunk begins with its columns and says how long it is
		for (const std::string &chunk : rows->chunks()) digest.add(pg::Sha256::of(chunk));
		relations.set(name, Value(pg::hex_of(digest.finish())));
	}
	all.set("relations", std::move(relations));
	context.row.resolved = definition::digest_of(all);
}

Result run_statement(const Context &context, const expression::BuiltQuery &query,
                     const UserSqlOptions &options) {
	Value resolved = Value::object();
	resolved.set("text", Value(query.text));
	Value values = Value::array();
	for (const expression::BoundValue &bound : query.values) values.push_back(bound.value);
	resolved.set("values", std::move(values));
	note_resolved(context, resolved, options);
	return result_of(run_user_sql(query, options), context);
}

Result result_of(UserSqlResult made, const Context &context) {
	Result result = Result::completed();
	if (context.preview) {
		result.output = Value::object();
		result.output.set("plan", Value(made.plan));
		return result;
	}
	result.rows = std::move(made.rows);
	result.row_count = made.row_count;
	return result;
}

expression::BuiltQuery build_query(const Context &context, const std::string &text,
                                   const expression::ArgumentLookup &lookup) {
	const QueryTemplate &parsed = template_of(text);
	if (!parsed.errors().empty()) {
		const expression::SyntaxError &error = parsed.errors().front();
		refuse_template(text, error.message, error.hint, error.offset);
	}
	const auto find = [&](const std::string &name) -> std::optional<expression::Argument> {
		if (lookup)
			if (std::optional<expression::Argument> found = lookup(name)) return found;
		if (name.find('.') == name.npos && name != "item" && name != "index") return std::nullopt;
		const std::optional<Value> value = context.value_of("${" + name + "}");
		std::optional<expression::Argument> argument;
		if (value) argument.emplace().value = *value;
		return argument;
	};
	std::optional<expression::QueryTemplateError> failure;
	try {
		return parsed.build(find);
	} catch (const expression::QueryTemplateError &error) {
		failure.emplace(error);
	}
	refuse_template(text, failure->what(), failure->hint, failure->offset);
}

std::vector<std::string> placeholders_without_value(const Context &context, const std::string &text,
                                                    const Value &parameters) {
	std::vector<std::string> names;
	for (const expression::Placeholder &placeholder : template_of(text).placeholders())
		if (parameters.find(placeholder.name) == nullptr && !context.value_of("${" + placeholder.name + "}"))
			names.push_back(placeholder.name);
	return names;
}

std::shared_ptr<const result::RowSet> given_rows(const Context &context, const Value &reference,
                                                 const char *key) {
	const std::string text = reference.is_string() ? reference.string() : std::string();
	const expression::ReferenceScan scan = expression::scan_references(text);
	const definition::Step *step = nullptr;
	if (expression::is_single_reference(text) && scan.references.size() == 1) {
		const std::vector<std::string> &path = scan.references.front().path;
		if (path.size() == 2 && path[0] == "steps") step = context.execution.definition().find(path[1]);
		if (path.size() == 3 && path[0] == "previous" && path[1] == "steps") {
			if (auto rows = previous_rows(context, path[2])) return rows;
			throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			                "there is no former execution with rows of step \"" + path[2] + "\"",
			                "Nor are their columns known from this one.",
			                "Guard the step with when: previous.steps." + path[2] + ".status = 'completed'.");
		}
	}
	if (step == nullptr)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                std::string("\"") + key +
		                    "\" is no reference to a step's rows: " + definition::quoted(reference.as_text()),
		                "", "Write \"${steps.<id>}\".");
	return context.rows_of(step->position);
}

std::vector<SortColumn> sort_columns(const Value &sort) {
	std::vector<SortColumn> columns;
	if (sort.is_object()) {
		columns.push_back(sort_column(sort));
	} else if (sort.is_array()) {
		for (const Value &item : sort.items())
			for (SortColumn &column : sort_columns(item)) columns.push_back(std::move(column));
	} else if (sort.is_string()) {
		for (const std::string &part : names_in(sort)) columns.push_back(sort_column(part));
	}
	return columns;
}

std::vector<std::string> names_in(const Value &names) {
	std::vector<std::string> found;
	if (names.is_array()) {
		for (const Value &name : names.items()) found.push_back(name.as_text());
	} else if (names.is_string()) {
		std::size_t start = 0;
		const std::string &text = names.string();
		for (;;) {
			const std::size_t comma = text.find(',', start);
			std::string part = text.substr(start, comma - start);
			trim(part);
			if (!part.empty()) found.push_back(std::move(part));
			if (comma == text.npos) break;
			start = comma + 1;
		}
	}
	return found;
}

std::vector<std::string> column_names(const result::RowSet &rows) {
	std::vector<std::string> names;
	for (const result::Column &column : rows.columns()) names.push_back(column.name);
	return names;
}

void require_column(const std::string &name, const std::vector<std::string> &columns,
                    const std::string &of_what) {
	if (std::find(columns.begin(), columns.end(), name) != columns.end()) return;
	std::string known;
	for (const std::string &column : columns) known += (known.empty() ? "" : ", ") + column;
	const std::string near = definition::nearest_word(name, columns);
	throw pg::Error(ERRCODE_UNDEFINED_COLUMN,
	                "column " + definition::quoted(name) + " does not exist in " + of_what,
	                known.empty() ? "There are no columns." : "Its columns are " + known + ".",
	                near.empty() ? "" : "Did you mean \"" + near + "\"?");
}

std::string limit_clause(const Value &limit) {
	if (limit.is_null()) return {};
	Value number = limit;
	if (limit.is_string()) number = Value(Number{limit.string()});
	const std::optional<std::int64_t> rows = number.as_integer();
	if (!rows || *rows < 0)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "limit must be a whole number, not " + definition::quoted(limit.as_text()));
	return " LIMIT " + std::to_string(*rows);
}

} // namespace playbook::step
