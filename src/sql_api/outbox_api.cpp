// SQL-callable: the sender's side of the outbox (sql/playbook/47_outbox_functions.sql).
// Who was granted EXECUTE on these functions is a sender: it reads every message, whoever's playbook wrote
// it.
#include "identity/installation_fence.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"
#include "step/outbox.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_outbox_claim);
PG_FUNCTION_INFO_V1(playbook_outbox_complete);
PG_FUNCTION_INFO_V1(playbook_outbox_fail);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace {

constexpr std::int32_t most_messages = 1000;

// A restored or copied database holds messages that another one has sent.
void require_enabled() {
	if (identity::enabled_state() != identity::Enabled::Elsewhere) return;
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "playbook stands still in this database",
	                "Its tables were brought here from another cluster or database, which may be sending the "
	                "same messages.",
	                "Call playbook_enable() when this is the place where they are to be sent.");
}

} // namespace

Datum playbook_outbox_claim(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::vector<std::string> kinds = args.texts(0, "kinds");
		const std::int32_t limit = args.int4(1, "max_messages");
		if (limit < 1 || limit > most_messages)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                "max_messages must be between 1 and 1000, not " + std::to_string(limit));
		if (args.interval(2, "lease") <= 0)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "the lease must be longer than nothing");
		require_enabled();
		pg::ResultSet result(fcinfo);
		pg::EngineIdentity engine;
		pg::Spi spi;
		std::int32_t left = limit;
		for (const std::string &kind : kinds) {
			if (left == 0) break;
			const pg::Rows rows = step::claim_outbox(kind, left, args.datum(2, "lease"));
			result.rows(rows);
			left -= static_cast<std::int32_t>(rows.size());
		}
		return result.done(fcinfo);
	});
}

Datum playbook_outbox_complete(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const Value result = args.jsonb_or(2, Value::object());
		if (!result.is_object())
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                "result must be an object, not " + std::string(result.kind_name()));
		step::complete_outbox(args.int8(0, "id"), args.datum(1, "token"), result);
		return (Datum) 0;
	});
}

Datum playbook_outbox_fail(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		std::optional<Datum> retry_after;
		if (!args.is_null(3)) {
			if (args.interval(3, "retry") < 0)
				throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "a retry cannot lie in the past");
			retry_after = args.datum(3, "retry");
		}
		step::fail_outbox(args.int8(0, "id"), args.datum(1, "token"), args.text(2, "error"), retry_after);
		return (Datum) 0;
	});
}
