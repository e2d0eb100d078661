#include "step/previous.hpp"

#include "execution/store.hpp"
#include "pg/identity.hpp"
#include "result/row_set_builder.hpp"
#include "step/reading.hpp"

namespace playbook::step {
namespace {

using execution::Execution;

#define COMES_BEFORE                                                                                         \
	"status = 'completed' AND playbook_id = $1 AND owner = $2 AND id < $3 AND (options IS NULL OR NOT "      \
	"options ? 'draft') ORDER BY id DESC LIMIT 1"

std::optional<std::int64_t> former_id(const Execution &execution) {
	static pg::Statement of_customer(
	    "SELECT id FROM @playbook_executions WHERE customer_id = $4 AND " COMES_BEFORE,
	    {TEXTOID, REGROLEOID, INT8OID, TEXTOID});
	static pg::Statement of_none(
	    "SELECT id FROM @playbook_executions WHERE customer_id IS NULL AND " COMES_BEFORE,
	    {TEXTOID, REGROLEOID, INT8OID});
	const pg::Argument playbook = pg::text(execution.playbook_id), owner = pg::oid(execution.owner),
	                   id = pg::int8(execution.id);
	const pg::Rows rows = execution.customer_id
	                          ? of_customer.query({playbook, owner, id, pg::text(*execution.customer_id)})
	                          : of_none.query({playbook, owner, id});
	return rows.empty() ? std::nullopt : std::optional(rows.int8(0, 0));
}

// As a step of the former execution would see it.
Context within(const Context &context, Execution &former) {
	return Context{former, former.definition().steps.front(), former.steps.front(), context.now,
	               context.mode};
}

} // namespace

Execution *previous_of(const Context &context) {
	Reading &reading = reading_of(context);
	if (!reading.looked_for_previous) {
		pg::EngineIdentity engine;
		pg::Spi spi;
		if (const std::optional<std::int64_t> id = former_id(context.execution)) {
			std::optional<Execution> found = execution::find_execution(*id);
			if (found) {
				reading.previous = std::make_shared<Execution>(std::move(*found));
				execution::load_steps({reading.previous.get()});
			}
		}
		reading.looked_for_previous = true;
	}
	return reading.previous.get();
}

std::optional<Value> previous_value(const Context &context, const std::vector<std::string> &path) {
	Execution *former = previous_of(context);
	if (former == nullptr || path.size() < 2) return std::nullopt;
	std::string reference;
	for (const std::string &part : path) reference += (reference.empty() ? "" : ".") + part;
	return within(context, *former).value_of("${" + reference + "}");
}

void add_previous(const Context &context, const std::vector<std::string> &path, Value &values) {
	Value *previous = values.find("previous");
	if (previous == nullptr) previous = &values.set("previous", Value::object());
	Value *steps = previous->find("steps");
	if (steps == nullptr) steps = &previous->set("steps", Value::object());
	Execution *former = previous_of(context);
	if (former == nullptr || path.size() < 2 || path[0] != "steps") return;
	const Value found = within(context, *former).values_for({path});
	const Value *known = found.find("steps");
	if (known == nullptr) return;
	for (const Member &member : known->members()) {
		if (member.value.is_array()) {
			add_list(*steps, member.key, member.value);
			continue;
		}
		const std::string name = members_name(*steps, member.key);
		Value *present = steps->find(name);
		if (present == nullptr) present = &steps->set(name, Value::object());
		for (const Member &part : member.value.members()) present->set(part.key, part.value);
	}
}

std::shared_ptr<const result::RowSet> previous_rows(const Context &context, const std::string &step) {
	if (Execution *former = previous_of(context)) {
		const definition::Step *defined = former->definition().find(step);
		const execution::StepRow *row =
		    defined != nullptr ? &former->steps[static_cast<std::size_t>(defined->position)] : nullptr;
		if (row != nullptr && row->has_rows) {
			pg::EngineIdentity engine;
			pg::Spi spi;
			if (auto rows = result::load_rows(former->id, row->position, 0)) return rows;
		}
	}
	const definition::Step *present = context.execution.definition().find(step);
	if (present == nullptr) return nullptr;
	const execution::StepRow &row = context.execution.steps[static_cast<std::size_t>(present->position)];
	if (row.rows == nullptr && !row.has_rows) return nullptr;
	const pg::ContextScope memory("playbook rows of no former execution");
	result::RowSetBuilder none(context.rows_of(present->position)->tuple_descriptor());
	return none.finish();
}

} // namespace playbook::step
