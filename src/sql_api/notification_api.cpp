// SQL-callable: what the present person was told (sql/playbook/46_notification_functions.sql).
#include "identity/viewer.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"
#include "step/notifications.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_my_names);
PG_FUNCTION_INFO_V1(playbook_my_notifications);
PG_FUNCTION_INFO_V1(playbook_notifications_read);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace {

constexpr std::int32_t most_notifications = 10'000;

} // namespace

Datum playbook_my_names(PG_FUNCTION_ARGS) {
	(void) fcinfo;
	return pg::entry([&]() -> Datum { return pg::array_of(identity::Viewer::present().names()); });
}

Datum playbook_my_notifications(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const bool unread_only = args.boolean(0, "unread_only");
		const std::int32_t most = args.int4(1, "max_rows");
		if (most < 1 || most > most_notifications)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                "max_rows must be between 1 and 10000, not " + std::to_string(most));
		const std::vector<std::string> names = identity::Viewer::present().names();
		pg::ResultSet result(fcinfo);
		pg::EngineIdentity engine;
		pg::Spi spi;
		result.rows(step::notifications_of(names, unread_only, most));
		return result.done(fcinfo);
	});
}

Datum playbook_notifications_read(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const TimestampTz until = args.timestamp(0, "until");
		const std::vector<std::string> names = identity::Viewer::present().names();
		pg::EngineIdentity engine;
		pg::Spi spi;
		return Int64GetDatum(step::mark_read(names, until));
	});
}
