// SQL-callable: playbook_approve, playbook_reject, playbook_complete_task, playbook_delegate,
// playbook_snooze, playbook_meeting_outcome, playbook_email_outcome (sql/playbook/46_approval_functions.sql).
// The rules are in step/decisions and step/late_outcome.
#include "identity/access.hpp"
#include "pg/function.hpp"
#include "sql_api/execution_argument.hpp"
#include "step/decisions.hpp"
#include "step/late_outcome.hpp"
#include "step/snooze.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_approve);
PG_FUNCTION_INFO_V1(playbook_reject);
PG_FUNCTION_INFO_V1(playbook_complete_task);
PG_FUNCTION_INFO_V1(playbook_delegate);
PG_FUNCTION_INFO_V1(playbook_snooze);
PG_FUNCTION_INFO_V1(playbook_meeting_outcome);
PG_FUNCTION_INFO_V1(playbook_email_outcome);
PLAYBOOK_EXPORT_END

using namespace playbook;

Datum playbook_approve(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		step::Verdict verdict{true, args.text_or_null(1), std::nullopt};
		// No change is no change: {} is what a form sends that nobody touched.
		if (Value changes = args.jsonb_or(2, Value());
		    !changes.is_null() && !(changes.is_object() && changes.size() == 0))
			verdict.changes = std::move(changes);
		return pg::text_datum(step::decide(args.int8(0, "approval"), verdict));
	});
}

Datum playbook_reject(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return pg::text_datum(
		    step::decide(args.int8(0, "approval"), {false, args.text_or_null(1), std::nullopt}));
	});
}

Datum playbook_complete_task(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		step::complete_task(args.int8(0, "task"), args.jsonb_or(1, Value::object()), args.text(2, "outcome"));
		return (Datum) 0;
	});
}

Datum playbook_delegate(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		step::delegate(args.text(0, "kind"), args.int8(1, "id"), args.text(2, "person"),
		               args.text_or_null(3));
		return (Datum) 0;
	});
}

Datum playbook_snooze(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		std::optional<TimestampTz> until;
		if (!args.is_null(2)) until = args.timestamp(2, "until");
		step::snooze(args.text(0, "kind"), args.int8(1, "id"), until);
		return (Datum) 0;
	});
}

namespace {

Datum record_outcome(FunctionCallInfo info, const char *type) {
	const pg::Arguments args(info);
	const std::int64_t execution = sql_api::execution_argument(info);
	(void) identity::require_control(execution);
	step::record_outcome(execution, args.text(1, "step"), args.int4(3, "item"), type,
	                     args.text(2, "outcome"));
	return (Datum) 0;
}

} // namespace

Datum playbook_meeting_outcome(PG_FUNCTION_ARGS) {
	return pg::entry([&] { return record_outcome(fcinfo, "meeting"); });
}

Datum playbook_email_outcome(PG_FUNCTION_ARGS) {
	return pg::entry([&] { return record_outcome(fcinfo, "email"); });
}
