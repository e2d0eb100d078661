// Expressions for authors: try a condition against a context, or have it judged as saving a playbook does.
#include "expression/condition.hpp"
#include "pg/datum.hpp"

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_condition);
PG_FUNCTION_INFO_V1(playbook_check_condition);
PLAYBOOK_EXPORT_END

Datum playbook_condition(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const std::string expression = pg::text_from(PG_GETARG_DATUM(0));
		const Value context = pg::value_from_jsonb(PG_GETARG_DATUM(1));
		if (!context.is_object())
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                std::string("context must be a JSON object, not ") + context.kind_name(), "",
			                "Write it as in '{\"customer\": {\"health_score\": 42}}'.");
		return pg::jsonb_datum(expression::evaluate_expression(expression, {context}));
	});
}

Datum playbook_check_condition(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		expression::check_condition(pg::text_from(PG_GETARG_DATUM(0)));
		return static_cast<Datum>(0);
	});
}
