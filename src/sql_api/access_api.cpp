// Who may see what, as SQL functions: row-level security asks them, and so may anybody. And playbook_actor().
#include "identity/access.hpp"
#include "identity/viewer.hpp"
#include "pg/function.hpp"
#include "sql_api/execution_argument.hpp"

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_actor);
PG_FUNCTION_INFO_V1(playbook_can_see);
PG_FUNCTION_INFO_V1(playbook_can_see_execution);
PG_FUNCTION_INFO_V1(playbook_can_see_playbook);
PG_FUNCTION_INFO_V1(playbook_is_named);
PLAYBOOK_EXPORT_END

Datum playbook_actor(PG_FUNCTION_ARGS) {
	(void) fcinfo;
	return pg::entry([&]() -> Datum { return pg::text_datum(identity::actor()); });
}

Datum playbook_can_see(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		if (identity::Viewer::present().sees_everything()) return BoolGetDatum(true);
		const pg::Arguments args(fcinfo);
		identity::Subject execution;
		execution.owner = args.oid(0, "owner");
		execution.starter = args.oid(1, "starter");
		execution.actor = args.text_or_null(2).value_or("");
		execution.customer_id = args.text_or_null(3);
		execution.playbook_id = args.text_or_null(4).value_or("");
		return BoolGetDatum(identity::can_see(execution));
	});
}

Datum playbook_can_see_execution(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const std::optional<std::int64_t> execution = sql_api::find_execution_argument(fcinfo);
		return BoolGetDatum(execution && identity::can_see(*execution));
	});
}

Datum playbook_can_see_playbook(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return BoolGetDatum(identity::can_view_playbook(args.text(0, "playbook"), args.oid(1, "owner")));
	});
}

Datum playbook_is_named(PG_FUNCTION_ARGS) {
	return pg::entry(
	    [&]() -> Datum { return BoolGetDatum(identity::is_named(pg::Arguments(fcinfo).jsonb(0, "named"))); });
}
