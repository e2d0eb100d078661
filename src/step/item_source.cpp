#include "step/item_source.hpp"

#include "definition/parser.hpp"
#include "expression/reference.hpp"
#include "settings.hpp"
#include "step/reading.hpp"
#include "value/json.hpp"

namespace playbook::step {
namespace {

using execution::ItemValues;

// Rows become values that many at a time, in a batch that goes on with a loop somewhere in its middle.
constexpr std::int64_t read_at_once = 500;

// With the step, and not with the reading of one of its items: else each item would read the whole list.
std::shared_ptr<const ItemValues> &kept(const Context &context) {
	return context.execution.steps[static_cast<std::size_t>(context.step.position)].item_values;
}

// The rows that for_each goes over; null when it goes over something else.
std::shared_ptr<const result::RowSet> rows_gone_over(const Context &context) {
	const std::string &source = context.step.for_each->source;
	if (!expression::is_single_reference(source)) return nullptr;
	const expression::ReferenceScan scan = expression::scan_references(source);
	if (scan.references.size() != 1) return nullptr;
	const std::vector<std::string> &path = scan.references.front().path;
	if (path.size() != 2 || path[0] != "steps") return nullptr;
	const definition::Step *step = context.execution.definition().find(path[1]);
	if (step == nullptr) return nullptr;
	const execution::StepRow &row = context.execution.steps[static_cast<std::size_t>(step->position)];
	return row.rows != nullptr || row.has_rows ? rows_as_list(context, step->position) : nullptr;
}

std::vector<Value> whole_list(const Context &context) {
	const std::string &source = context.step.for_each->source;
	std::optional<Value> list;
	if (!source.empty() && source.front() == '[') // a list written in the definition
		list = context.rendered(parse_json(source, {.depth = definition::ParseLimits{}.depth}));
	else
		list = context.value_of(source);
	if (!list)
		throw pg::Error(
		    ERRCODE_INVALID_PARAMETER_VALUE, "for_each finds nothing at \"" + source + "\"", "",
		    "Name a step with rows, such as ${steps.found}, or a list, such as ${parameters.emails}.");
	if (list->is_null()) return {};
	if (!list->is_array())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "for_each needs a list, but \"" + source + "\" is of type " + list->kind_name());
	if (list->size() > static_cast<std::size_t>(settings::max_items()))
		throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		                "for_each has " + std::to_string(list->size()) + " items, more than " +
		                    std::to_string(settings::max_items()),
		                "", "Raise playbook.max_items, or take fewer rows.");
	return std::move(list->items());
}

ItemValues part_with(const Context &context, std::size_t index) {
	if (const std::shared_ptr<const result::RowSet> rows = rows_gone_over(context)) {
		const std::int64_t count = context.mode == Mode::Alone ? 1 : read_at_once;
		return {index, rows->objects(count, static_cast<std::int64_t>(index)), false};
	}
	return {0, whole_list(context), true};
}

} // namespace

std::size_t count_items(const Context &context) {
	std::shared_ptr<const ItemValues> &known = kept(context);
	if (known == nullptr || !known->is_whole)
		known = std::make_shared<const ItemValues>(ItemValues{0, whole_list(context), true});
	return known->values.size();
}

Value item_value(const Context &context) {
	const std::size_t index = static_cast<std::size_t>(context.row.item - 1);
	std::shared_ptr<const ItemValues> &known = kept(context);
	const auto is_known = [&] {
		return index >= known->first && index - known->first < known->values.size();
	};
	if (known == nullptr || (!known->is_whole && !is_known()))
		known = std::make_shared<const ItemValues>(part_with(context, index));
	return is_known() ? known->values[index - known->first] : Value();
}

} // namespace playbook::step
