#include "step/item_source.hpp"

#include "definition/parser.hpp"
#include "settings.hpp"
#include "step/reading.hpp"
#include "value/json.hpp"

namespace playbook::step {

std::shared_ptr<const std::vector<Value>> items_of(const Context &context) {
	Reading &reading = reading_of(context);
	if (reading.items != nullptr) return reading.items;
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
	if (list->is_null()) list = Value::array();
	if (!list->is_array())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "for_each needs a list, but \"" + source + "\" is of type " + list->kind_name());
	if (list->size() > static_cast<std::size_t>(settings::max_items()))
		throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		                "for_each has " + std::to_string(list->size()) + " items, more than " +
		                    std::to_string(settings::max_items()),
		                "", "Raise playbook.max_items, or take fewer rows.");
	reading.items = std::make_shared<const std::vector<Value>>(std::move(list->items()));
	return reading.items;
}

Value item_value(const Context &context) {
	const std::shared_ptr<const std::vector<Value>> items = items_of(context);
	const std::size_t index = static_cast<std::size_t>(context.row.item - 1);
	return index < items->size() ? (*items)[index] : Value();
}

} // namespace playbook::step
