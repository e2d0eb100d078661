// What a step's templates, references and conditions see: Context's half of step/handler.
//
// Values are read when first asked for and only once for a step: the customer anew at every step, as
// documented.
#include <charconv>

#include "execution/store.hpp"
#include "expression/condition.hpp"
#include "expression/reference.hpp"
#include "expression/template.hpp"
#include "identity/customer.hpp"
#include "settings.hpp"
#include "step/handler.hpp"
#include "step/item_source.hpp"
#include "step/owner_scope.hpp"
#include "step/previous.hpp"
#include "step/reading.hpp"
#include "value/json.hpp"

namespace playbook::step {
namespace {

using Path = std::vector<std::string>;

const expression::Template &template_of(const std::string &text) {
	// Bounded by throwing all away: definitions are few, and a process that has seen 2,000 texts is a rare
	// one.
	static auto *const kept = new std::unordered_map<std::string, expression::Template>();
	if (const auto found = kept->find(text); found != kept->end()) return found->second;
	if (kept->size() >= 2000) kept->clear();
	return kept->emplace(text, expression::Template::parse(text)).first->second;
}

std::string interval_text(std::int64_t microseconds) {
	const std::int64_t seconds = microseconds / 1000000;
	char text[64];
	std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld.%06lld", static_cast<long long>(seconds / 3600),
	              static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60),
	              static_cast<long long>(microseconds % 1000000));
	return text;
}

struct ExecutionMember {
	const char *name;
	Value (*read)(const Context &);
};

TimestampTz begun_at(const Context &context) {
	return context.execution.started_at.value_or(context.execution.created_at);
}

Value object_or_empty(const Value &value) { return value.is_null() ? Value::object() : value; }

constexpr ExecutionMember execution_members[] = {
    {"id", [](const Context &context) { return Value(context.execution.id); }},
    {"run_id",
     [](const Context &context) {
	     return Value(execution::run_id_of(context.execution.id, context.execution.created_at));
     }},
    {"playbook_id", [](const Context &context) { return Value(context.execution.playbook_id); }},
    {"status", [](const Context &context) { return Value(execution::to_string(context.execution.status)); }},
    {"actor", [](const Context &context) { return Value(context.execution.actor); }},
    {"customer_id",
     [](const Context &context) {
	     return context.execution.customer_id ? Value(*context.execution.customer_id) : Value();
     }},
    {"created_at",
     [](const Context &context) { return Value(pg::timestamp_text(context.execution.created_at)); }},
    {"started_at", [](const Context &context) { return Value(pg::timestamp_text(begun_at(context))); }},
    {"elapsed",
     [](const Context &context) {
	     return Value(interval_text(std::max<std::int64_t>(0, context.now - begun_at(context))));
     }},
    {"labels", [](const Context &context) { return object_or_empty(context.execution.labels); }},
    {"at_start",
     [](const Context &context) {
	     Value at_start = Value::object();
	     at_start.set("customer", object_or_empty(context.execution.at_start));
	     return at_start;
     }},
};

// What a path that begins with "execution" needs: one member, or all of them.
void add_execution(const Context &context, const Path &path, Value &values) {
	Value *present = values.find("execution");
	if (present == nullptr) present = &values.set("execution", Value::object());
	for (const ExecutionMember &member : execution_members) {
		if (path.size() > 1 && path[1] != member.name) continue;
		if (present->find(member.name) == nullptr) present->set(member.name, member.read(context));
	}
}

// What came with the event that the execution heard last, else with the one that started it.
Value event_value(const execution::Execution &execution) {
	const execution::StepRow *last = nullptr;
	for (const execution::StepRow &row : execution.steps)
		if (row.status == execution::StepStatus::Completed && row.outcome == "received" && row.finished_at &&
		    (last == nullptr || *row.finished_at > *last->finished_at))
			last = &row;
	if (last != nullptr && last->output.is_object()) return last->output;
	const Value *given = execution.options.find("event");
	return given != nullptr ? *given : Value::object();
}

const Value *walk(const Value *value, const Path &path, std::size_t from) {
	for (std::size_t i = from; i < path.size() && value != nullptr; ++i) {
		if (value->is_array()) {
			std::size_t index = 0;
			for (const char c : path[i]) {
				if (c < '0' || c > '9' || index > value->size()) return nullptr;
				index = index * 10 + static_cast<std::size_t>(c - '0');
			}
			value = index < value->size() ? &value->items()[index] : nullptr;
		} else {
			value = value->find(path[i]);
		}
	}
	return value;
}

} // namespace

std::string members_name(const Value &steps, const std::string &step) {
	const Value *present = steps.find(step);
	return present != nullptr && present->is_array() ? expression::members_beside_list(step) : step;
}

void add_list(Value &steps, const std::string &step, Value list) {
	if (const Value *members = steps.find(step)) {
		Value moved = *members;
		steps.set(expression::members_beside_list(step), std::move(moved));
	}
	steps.set(step, std::move(list));
}

Reading &reading_of(const Context &context) {
	if (context.reading == nullptr) context.reading = std::make_shared<Reading>();
	return *context.reading;
}

const Value &customer_of(const Context &context) {
	Reading &reading = reading_of(context);
	if (reading.customer) return *reading.customer;
	if (!context.execution.customer_id) return reading.customer.emplace(Value::object());
	if (!identity::customer_source_declared()) {
		Value alone = Value::object();
		alone.set("id", Value(*context.execution.customer_id));
		return reading.customer.emplace(std::move(alone));
	}
	OwnerScope owner(context);
	std::optional<Value> found = identity::read_customer(*context.execution.customer_id);
	if (!found)
		throw pg::Error(ERRCODE_NO_DATA_FOUND,
		                "customer \"" + *context.execution.customer_id + "\" does not exist any more",
		                "The customer source has no row of that key now.",
		                "Cancel the execution, or put the customer back and retry the step.");
	return reading.customer.emplace(std::move(*found));
}

const Value &csm_of(const Context &context) {
	Reading &reading = reading_of(context);
	if (reading.csm) return *reading.csm;
	const std::optional<Value> found = identity::read_csm(customer_of(context));
	return reading.csm.emplace(found ? *found : Value::object());
}

std::shared_ptr<const result::RowSet> Context::rows_of(int position) const {
	Reading &known = reading_of(*this);
	if (const auto found = known.rows.find(position); found != known.rows.end()) return found->second;
	const execution::StepRow &other = execution.steps.at(static_cast<std::size_t>(position));
	std::shared_ptr<const result::RowSet> rows = other.rows;
	if (rows == nullptr && other.has_rows) {
		pg::EngineIdentity engine;
		pg::Spi spi;
		rows = result::load_rows(execution.id, position, 0);
	}
	if (rows == nullptr)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "step \"" + execution.definition().steps[static_cast<std::size_t>(position)].id +
		                    "\" has no rows",
		                std::string("Its status is \"") + execution::to_string(other.status) + "\".");
	known.rows.emplace(position, rows);
	return rows;
}

std::shared_ptr<const result::RowSet> rows_as_list(const Context &context, int position) {
	const std::shared_ptr<const result::RowSet> set = context.rows_of(position);
	// All of them or none: a list that ends early would leave customers out, and nobody would know.
	if (set->row_count() > settings::max_items())
		throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		                "step \"" +
		                    context.execution.definition().steps[static_cast<std::size_t>(position)].id +
		                    "\" has " + std::to_string(set->row_count()) + " rows, more than a list may have",
		                "playbook.max_items is " + std::to_string(settings::max_items()) + ".",
		                "Take fewer rows, or raise playbook.max_items.");
	return set;
}

namespace {

bool has_rows(const execution::StepRow &row) { return row.rows != nullptr || row.has_rows; }

Value all_rows(const Context &context, int position) {
	return Value(rows_as_list(context, position)->objects());
}

// What a step says of its rows (cached ones, those of a loop) is its output beside them; else they are the
// output.
bool rows_are_output(const Context &context, const execution::StepRow &row) {
	if (!has_rows(row)) return false;
	if (row.output.is_null()) return true;
	// Of a statement that writes: what it returns, or the count of rows that it touched.
	const definition::Step &step =
	    context.execution.definition().steps[static_cast<std::size_t>(row.position)];
	return step.type == definition::StepType::Sql && !step.for_each && row.output.find("cached") == nullptr &&
	       !context.rows_of(row.position)->columns().empty();
}

std::optional<std::int64_t> row_number(const std::string &name) {
	std::int64_t number = 0;
	const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
	const bool is_number = failure == std::errc() && end == name.data() + name.size() && number >= 0;
	return is_number ? std::optional(number) : std::nullopt;
}

// steps.x.name where name is none of the fixed words: a member of the output, a column, the plural of one, or
// the number of a row.
std::optional<Value> step_member(const Context &context, const execution::StepRow &row,
                                 const std::string &name) {
	if (const Value *member = row.output.find(name)) return *member;
	if (!has_rows(row)) return std::nullopt;
	if (name == "rows") return all_rows(context, row.position);
	const std::shared_ptr<const result::RowSet> rows = context.rows_of(row.position);
	if (const int column = rows->column_index(name); column >= 0) return rows->column_values(column);
	if (name.size() > 1 && name.back() == 's')
		if (const int column = rows->column_index(name.substr(0, name.size() - 1)); column >= 0)
			return rows->distinct_column_values(column);
	if (name == "length") return Value(rows->row_count());
	if (const std::optional<std::int64_t> number = row_number(name); number && *number < rows->row_count())
		return rows->objects(1, *number).front();
	return std::nullopt;
}

Value step_value(const Context &context, const execution::StepRow &row) {
	Value value = Value::object();
	value.set("status", Value(execution::to_string(row.status)));
	value.set("outcome", row.outcome.empty() ? Value() : Value(row.outcome));
	value.set("output", row.output);
	value.set("row_count", row.row_count ? Value(*row.row_count) : Value());
	value.set("attempts", Value(row.attempt));
	value.set("error", row.error);
	value.set("reason", row.reason.empty() ? Value() : Value(row.reason));
	if (row.started_at) {
		const TimestampTz until = row.finished_at.value_or(context.now);
		value.set("started_at", Value(pg::timestamp_text(*row.started_at)));
		value.set("elapsed", Value(interval_text(std::max<std::int64_t>(0, until - *row.started_at))));
	} else {
		value.set("elapsed", Value());
	}
	return value;
}

bool is_fixed_word(const std::string &word) {
	static constexpr std::array words = {"status", "outcome", "output",     "row_count", "attempts",
	                                     "error",  "reason",  "started_at", "elapsed"};
	return std::find(words.begin(), words.end(), word) != words.end();
}

void add_step(const Context &context, const Path &path, Value &steps) {
	const definition::Step *step = context.execution.definition().find(path[1]);
	if (step == nullptr) return;
	const execution::StepRow &row = context.execution.steps[static_cast<std::size_t>(step->position)];
	if (path.size() == 2 && has_rows(row)) { // {{#each steps.found}}: its rows
		const Value *present = steps.find(path[1]);
		if (present == nullptr || !present->is_array())
			add_list(steps, path[1], all_rows(context, step->position));
		return;
	}
	Value *present = steps.find(members_name(steps, path[1]));
	if (present == nullptr) present = &steps.set(members_name(steps, path[1]), step_value(context, row));
	if (path.size() < 3) return;
	if (path[2] == "output" && rows_are_output(context, row))
		present->set(path[2], all_rows(context, step->position));
	if (is_fixed_word(path[2])) return;
	if (std::optional<Value> member = step_member(context, row, path[2]))
		present->set(path[2], std::move(*member));
}

} // namespace

Value Context::values_for(const std::vector<Path> &paths) const {
	Value values = Value::object();
	for (const Path &path : paths) {
		if (path.empty()) continue;
		const std::string &root = path.front();
		if (root == "steps" && path.size() >= 2) {
			Value *steps = values.find("steps");
			if (steps == nullptr) steps = &values.set("steps", Value::object());
			add_step(*this, path, *steps);
			continue;
		}
		if (root == "execution") {
			add_execution(*this, path, values);
			continue;
		}
		if (root == "previous") {
			add_previous(*this, Path(path.begin() + 1, path.end()), values);
			continue;
		}
		if (values.find(root) != nullptr) continue;
		if (root == "customer")
			values.set(root, customer_of(*this));
		else if (root == "csm")
			values.set(root, csm_of(*this));
		else if (root == "parameters")
			values.set(root, execution.parameters);
		else if (root == "event")
			values.set(root, event_value(execution));
		else if (root == "item" && row.item > 0)
			values.set(root, item_value(*this));
		else if (root == "index" && row.item > 0)
			values.set(root, Value(row.item - 1));
		else if (root == "playbook") {
			Value playbook = Value::object();
			playbook.set("id", Value(execution.playbook_id));
			playbook.set("name", Value(execution.definition().name));
			values.set(root, std::move(playbook));
		}
	}
	return values;
}

std::optional<Value> Context::value_of(const std::string &reference) const {
	std::string text = reference;
	if (!expression::is_single_reference(text)) text = "${" + text + "}";
	const expression::ReferenceScan scan = expression::scan_references(text);
	if (scan.references.empty()) return std::nullopt;
	const Path &path = scan.references.front().path;
	if (path.front() == "previous") return previous_value(*this, Path(path.begin() + 1, path.end()));
	const Value values = values_for({path});
	if (path.size() == 2 && path[0] == "steps") {
		const Value *whole = walk(&values, path, 0);
		if (whole == nullptr) return std::nullopt;
		if (whole->is_array()) return *whole;
		const Value *output = whole->find("output");
		return output != nullptr ? std::optional<Value>(*output) : std::nullopt;
	}
	const Value *found = walk(&values, path, 0);
	if (found == nullptr) return std::nullopt;
	return *found;
}

std::string Context::text(const std::string &templated, std::vector<std::string> *missing) const {
	const Value value = rendered(Value(templated), missing);
	return value.as_text();
}

namespace {

// As Handlebars escapes.
std::string escaped_html(const std::string &text) {
	std::string escaped;
	for (const char c : text) {
		switch (c) {
		case '&': escaped += "&amp;"; break;
		case '<': escaped += "&lt;"; break;
		case '>': escaped += "&gt;"; break;
		case '"': escaped += "&quot;"; break;
		case '\'': escaped += "&#x27;"; break;
		case '`': escaped += "&#x60;"; break;
		case '=': escaped += "&#x3D;"; break;
		default: escaped += c;
		}
	}
	return escaped;
}

Value render_text(const Context &context, const std::string &text, std::vector<std::string> *missing,
                  bool escape_html = false) {
	const bool has_reference = text.find("${") != std::string::npos;
	const bool has_mustache = text.find("{{") != std::string::npos;
	if (!has_reference && !has_mustache) return Value(text);
	const auto resolve = [&context](const expression::Reference &reference) {
		return context.value_of("${" + reference.text() + "}");
	};
	if (!has_mustache && !escape_html) return expression::resolve_references(Value(text), resolve, missing);

	// References first become marks that no value can forge, then the template is rendered, then the marks
	// are filled: so a value that contains "{{" or "${" stays text whichever way it came in.
	expression::ReferenceScan scan;
	std::string marked;
	std::vector<std::string> filled;
	char nonce[40] = "";
	if (has_reference) {
		scan = expression::scan_references(text);
		std::snprintf(nonce, sizeof nonce, "\x01%lx.%x.", static_cast<unsigned long>(GetCurrentTimestamp()),
		              static_cast<unsigned>(MyProcPid));
	}
	std::size_t from = 0;
	for (const expression::Reference &reference : scan.references) {
		const std::optional<Value> value = resolve(reference);
		if (!value && missing != nullptr) missing->push_back(reference.text());
		marked += text.substr(from, reference.begin - from) + nonce + std::to_string(filled.size()) + "\x02";
		filled.push_back(value ? (escape_html ? escaped_html(value->as_text()) : value->as_text())
		                       : std::string());
		from = reference.end;
	}
	const expression::Template parsed =
	    scan.references.empty() ? template_of(text) : expression::Template::parse(marked + text.substr(from));
	if (!parsed.errors().empty())
		throw pg::Error(ERRCODE_SYNTAX_ERROR, "template cannot be read: " + parsed.errors().front().message,
		                "", parsed.errors().front().hint);
	expression::RenderOptions options;
	options.escape_html = escape_html;
	options.time_zone = settings::time_zone();
	if (options.time_zone.empty()) options.time_zone = pg_get_timezone_name(session_timezone);
	options.locale = settings::locale();
	options.currency = settings::currency();
	options.now_microseconds =
	    context.now + (std::int64_t{POSTGRES_EPOCH_JDATE} - UNIX_EPOCH_JDATE) * SECS_PER_DAY * USECS_PER_SEC;
	expression::Rendered rendered;
	try {
		rendered = parsed.render(context.values_for(parsed.paths()), options);
	} catch (const expression::TemplateError &error) {
		throw pg::Error(ERRCODE_DATA_EXCEPTION, std::string("template failed: ") + error.what());
	}
	if (missing != nullptr) missing->insert(missing->end(), rendered.missing.begin(), rendered.missing.end());
	for (std::size_t i = 0; i < filled.size(); ++i) {
		const std::string mark = nonce + std::to_string(i) + "\x02";
		for (std::size_t at = rendered.text.find(mark); at != std::string::npos;
		     at = rendered.text.find(mark, at + filled[i].size()))
			rendered.text.replace(at, mark.size(), filled[i]);
	}
	return Value(std::move(rendered.text));
}

} // namespace

Value Context::rendered(const Value &part, std::vector<std::string> *missing) const {
	if (part.is_string()) return render_text(*this, part.string(), missing);
	if (part.is_array()) {
		Value result = Value::array();
		for (const Value &item : part.items()) result.push_back(rendered(item, missing));
		return result;
	}
	if (part.is_object()) {
		Value result = Value::object();
		for (const Member &member : part.members()) result.set(member.key, rendered(member.value, missing));
		return result;
	}
	return part;
}

std::string Context::html(const std::string &templated, std::vector<std::string> *missing) const {
	return render_text(*this, templated, missing, true).as_text();
}

bool Context::holds(const std::string &condition) const {
	std::vector<Path> names = expression::condition_paths(condition), paths;
	for (Path &name : names) {
		const std::string &root = name.front();
		if (root == "steps") {
			if (name.size() > 1) paths.push_back({root, name[1], name.size() > 2 ? name[2] : "status"});
		} else if (root == "previous") {
			if (!step.uses_previous) continue;
			paths.push_back({root, "steps"});
			if (name.size() > 2)
				paths.push_back({root, "steps", name[2], name.size() > 3 ? name[3] : "status"});
		} else {
			paths.push_back(std::move(name));
		}
	}
	const Value values = values_for(paths);
	OwnerScope owner(*this, OwnerScope::For::Conditions);
	return expression::evaluate_condition(condition, {values});
}

std::string Context::idempotency_key() const {
	return std::to_string(execution.id) + ":" + std::to_string(step.position) + ":" +
	       std::to_string(row.item);
}

bool Context::is_first_attempt() const {
	return row.attempt == 0 && !row.stored && !execution.steps[static_cast<std::size_t>(row.position)].stored;
}

std::string Context::person(const std::string &named) const { return identity::resolve_person(named); }

} // namespace playbook::step
