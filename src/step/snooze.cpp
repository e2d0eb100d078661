#include "step/snooze.hpp"

#include "identity/access.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::step {

void snooze(const std::string &kind, std::int64_t id, const std::optional<TimestampTz> &until) {
	static constexpr std::array kinds = {"approval", "task", "failure", "stalled"};
	if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "\"" + kind + "\" is no kind of work", "",
		                "Use approval, task, failure or stalled, as playbook_my_work has it.");
	if (until && *until <= GetCurrentTimestamp())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "cannot snooze until " + pg::timestamp_text(*until),
		                "This time has passed.", "Give a later time, or null to see the item again.");
	const std::string person = identity::actor();
	const pg::EngineIdentity engine;
	const pg::Spi spi;
	// What is snoozed already is not among the work, but may be snoozed for longer.
	static pg::Statement known(
	    "SELECT EXISTS (SELECT FROM @playbook_my_work WHERE kind = $2 AND id = $3) OR "
	    "EXISTS (SELECT FROM @playbook_snoozes WHERE person = $1 AND kind = $2 AND id = $3)",
	    {TEXTOID, TEXTOID, INT8OID});
	if (!known.query({pg::text(person), pg::text(kind), pg::int8(id)}).boolean(0, 0))
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT,
		                kind + " " + std::to_string(id) + " is not among the work of \"" + person + "\"", "",
		                "playbook_my_work has what is.");
	// With it goes whatever is over.
	static pg::Statement forget(
	    "DELETE FROM @playbook_snoozes WHERE person = $1 AND (until < now() OR kind = $2 "
	    "AND id = $3 AND NOT $4)",
	    {TEXTOID, TEXTOID, INT8OID, BOOLOID});
	forget.execute({pg::text(person), pg::text(kind), pg::int8(id), pg::boolean(until.has_value())});
	if (!until) return;
	static pg::Statement store(
	    "INSERT INTO @playbook_snoozes (person, kind, id, until) VALUES ($1, $2, $3, $4) ON "
	    "CONFLICT (person, kind, id) DO UPDATE SET until = excluded.until, created_at = "
	    "excluded.created_at",
	    {TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID});
	store.execute({pg::text(person), pg::text(kind), pg::int8(id), pg::timestamp(*until)});
}

} // namespace playbook::step
