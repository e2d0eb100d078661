// SQL-callable: playbook_pause, playbook_resume, playbook_cancel, playbook_skip, playbook_retry,
// playbook_signal, playbook_hold, playbook_release (sql/playbook/45_control_functions.sql).
#include "execution/control.hpp"
#include "pg/function.hpp"
#include "sql_api/execution_argument.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_pause);
PG_FUNCTION_INFO_V1(playbook_resume);
PG_FUNCTION_INFO_V1(playbook_cancel);
PG_FUNCTION_INFO_V1(playbook_skip);
PG_FUNCTION_INFO_V1(playbook_retry);
PG_FUNCTION_INFO_V1(playbook_signal);
PG_FUNCTION_INFO_V1(playbook_hold);
PG_FUNCTION_INFO_V1(playbook_release);
PLAYBOOK_EXPORT_END

using namespace playbook;

Datum playbook_pause(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		execution::pause(sql_api::execution_argument(fcinfo), args.text_or_null(1).value_or(""));
		return (Datum) 0;
	});
}

Datum playbook_resume(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string timers = args.text(1, "timers");
		if (timers != "shift" && timers != "keep")
			throw pg::Error(
			    ERRCODE_INVALID_PARAMETER_VALUE, "timers cannot be \"" + timers + "\"", "",
			    "Use shift (they go on where they stood) or keep (they end when they would have).");
		execution::resume(sql_api::execution_argument(fcinfo),
		                  timers == "shift" ? execution::Timers::Shift : execution::Timers::Keep);
		return (Datum) 0;
	});
}

Datum playbook_cancel(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const execution::Status status = execution::cancel(sql_api::execution_argument(fcinfo),
		                                                   args.text_or_null(1).value_or("cancelled"));
		return pg::text_datum(execution::to_string(status));
	});
}

Datum playbook_skip(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		execution::skip_step(sql_api::execution_argument(fcinfo), args.text(1, "step"),
		                     args.text_or_null(2).value_or("skipped by a person"),
		                     args.text_or_null(3).value_or(""));
		return (Datum) 0;
	});
}

Datum playbook_retry(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		execution::retry(sql_api::execution_argument(fcinfo), args.text_or_null(1),
		                 args.jsonb_or(2, Value()));
		return (Datum) 0;
	});
}

Datum playbook_signal(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		execution::signal(sql_api::execution_argument(fcinfo), args.text(1, "name"),
		                  args.jsonb_or(2, Value::object()));
		return (Datum) 0;
	});
}

Datum playbook_hold(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		execution::hold(args.text(0, "kind"), args.text_or_null(1).value_or(""), args.text(2, "reason"));
		return (Datum) 0;
	});
}

Datum playbook_release(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return Int32GetDatum(execution::release(args.text(0, "kind"), args.text_or_null(1).value_or("")));
	});
}
