#include "execution/admission.hpp"

#include "execution/plan_cache.hpp"
#include "fault_points.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

constexpr int most_at_once = 1000;

bool changed = false;

std::string reason_of(const definition::Definition &definition) {
	std::string reason = "as many executions of the playbook are active or begin as it allows:";
	if (definition.max_active) reason += " max_active " + std::to_string(*definition.max_active);
	if (definition.max_per_minute)
		reason += (definition.max_active ? ", max_per_minute " : " max_per_minute ") +
		          std::to_string(*definition.max_per_minute);
	return reason;
}

bool waits_for_place(Execution &execution, TimestampTz now) {
	if (execution.status != Status::Pending) return false;
	if (execution.deadline_at && *execution.deadline_at <= now) return false; // it only comes to fail
	if (execution.plan == nullptr) execution.plan = plan_of(execution.snapshot);
	return is_limited(execution.definition());
}

std::set<std::int64_t> admitted_of(const std::vector<std::int64_t> &executions) {
	static pg::Statement find("SELECT execution_id FROM @playbook_admissions WHERE execution_id = ANY ($1)",
	                          {INT8ARRAYOID});
	std::set<std::int64_t> admitted;
	const pg::Rows rows = find.query({pg::datum(pg::array_of(executions))});
	for (std::size_t row = 0; row < rows.size(); ++row) admitted.insert(rows.int8(row, 0));
	return admitted;
}

// How many places there are, at most as many as are let in at once. Whoever asks holds the lock of the
// playbook's limits; the statement's own snapshot sees all that was decided under it.
int places_free(const std::string &playbook) {
	static pg::Statement count(
	    "SELECT least($2, l.max_active - (SELECT count(*) FROM @playbook_admissions a "
	    "WHERE a.playbook_id = $1 AND NOT a.ended), l.max_per_minute - (SELECT count(*) FROM "
	    "@playbook_admissions a WHERE a.playbook_id = $1 "
	    "AND a.begun_at > clock_timestamp() - interval '1 minute'))::integer FROM @playbook_limits l "
	    "WHERE l.playbook_id = $1",
	    {TEXTOID, INT4OID});
	const pg::Rows rows = count.query({pg::text(playbook), pg::int4(most_at_once)});
	return rows.empty() ? 0 : std::max(0, rows.int4(0, 0));
}

// False when another process decides at this moment, or the playbook is being published.
bool lock_limits(const std::string &playbook) {
	static pg::Statement lock("SELECT FROM @playbook_limits WHERE playbook_id = $1 FOR UPDATE SKIP LOCKED",
	                          {TEXTOID});
	return lock.query({pg::text(playbook)}).processed() > 0;
}

void take_places(const std::string &playbook, const std::vector<std::int64_t> &executions) {
	static pg::Statement take("INSERT INTO @playbook_admissions (execution_id, playbook_id) "
	                          "SELECT id, $1 FROM unnest($2) AS id ON CONFLICT DO NOTHING",
	                          {TEXTOID, INT8ARRAYOID});
	take.execute({pg::text(playbook), pg::datum(pg::array_of(executions))});
}

// Those of one playbook that are held back, the most urgent first: as the queue orders what is due, by the
// time of the start.
std::vector<std::int64_t> first_held_back(Oid owner, const std::string &playbook, int most) {
	static pg::Statement find(
	    "WITH RECURSIVE stretch AS ((SELECT priority FROM @playbook_executions_live WHERE playbook_id = $1 "
	    "AND owner = $2 AND status = 'pending' AND waiting_for = 'limit' ORDER BY priority LIMIT 1) "
	    "UNION ALL SELECT following.priority FROM stretch, LATERAL (SELECT e.priority FROM "
	    "@playbook_executions_live e WHERE e.playbook_id = $1 AND e.owner = $2 AND e.status = 'pending' "
	    "AND e.waiting_for = 'limit' AND e.priority > stretch.priority ORDER BY e.priority LIMIT 1) "
	    "AS following) SELECT held.id FROM stretch, LATERAL (SELECT e.id, e.created_at FROM "
	    "@playbook_executions_live e WHERE e.playbook_id = $1 AND e.owner = $2 AND e.status = 'pending' "
	    "AND e.waiting_for = 'limit' AND e.priority = stretch.priority ORDER BY e.id LIMIT $3) AS held "
	    "ORDER BY held.created_at - stretch.priority * $4 * interval '1 microsecond', held.id LIMIT $3",
	    {TEXTOID, REGROLEOID, INT4OID, INT8OID});
	std::vector<std::int64_t> ids;
	const pg::Rows rows = find.query({pg::text(playbook), pg::oid(owner), pg::int4(most),
	                                  pg::int8(settings::priority_ageing_microseconds())});
	for (std::size_t row = 0; row < rows.size(); ++row) ids.push_back(rows.int8(row, 0));
	return ids;
}

int admit(Oid owner, const std::string &playbook) {
	if (!lock_limits(playbook)) return 0;
	static pg::Statement forget("DELETE FROM @playbook_admissions WHERE playbook_id = $1 AND ended "
	                            "AND begun_at <= clock_timestamp() - interval '1 minute'",
	                            {TEXTOID});
	forget.execute({pg::text(playbook)});
	const int free = places_free(playbook);
	if (free == 0) return 0;
	// What somebody has locked is passed over: paused or cancelled at this moment.
	static pg::Statement let_in(
	    "UPDATE @playbook_executions_live SET waiting_for = NULL, reason = NULL, due_at = clock_timestamp() "
	    "WHERE id IN (SELECT id FROM @playbook_executions_live WHERE id = ANY ($1) AND status = 'pending' "
	    "AND waiting_for = 'limit' FOR UPDATE SKIP LOCKED) RETURNING id",
	    {INT8ARRAYOID});
	std::vector<std::int64_t> admitted;
	{
		const pg::Rows rows = let_in.query({pg::datum(pg::array_of(first_held_back(owner, playbook, free)))});
		for (std::size_t row = 0; row < rows.size(); ++row) admitted.push_back(rows.int8(row, 0));
	}
	if (admitted.empty()) return 0;
	take_places(playbook, admitted);
	FAULT_POINT("limit.admitted");
	for (const std::int64_t execution : admitted) worker::wake_waiters_at_commit(execution);
	worker::wake_at_commit(owner, GetCurrentTimestamp());
	return static_cast<int>(admitted.size());
}

// Playbooks with a place for somebody who is held back, now or when the minute has passed of those that
// began.
std::string openings_sql(const std::string &held_by) {
	return "SELECT l.playbook_id, held.owner::oid, coalesce((SELECT a.begun_at + interval '1 minute' FROM "
	       "@playbook_admissions a WHERE a.playbook_id = l.playbook_id ORDER BY a.begun_at DESC "
	       "OFFSET l.max_per_minute - 1 LIMIT CASE WHEN l.max_per_minute IS NULL THEN 0 ELSE 1 END), "
	       "now()) FROM @playbook_limits l, LATERAL (SELECT e.owner FROM "
	       "@playbook_executions_live e WHERE e.playbook_id = l.playbook_id AND e.status = 'pending' "
	       "AND e.waiting_for = 'limit'" +
	       held_by +
	       " ORDER BY e.owner LIMIT 1) AS held WHERE l.max_active IS NULL OR l.max_active > (SELECT "
	       "count(*) FROM @playbook_admissions a WHERE a.playbook_id = l.playbook_id AND NOT a.ended)";
}

struct Opening {
	std::string playbook;
	Oid owner;
	TimestampTz at;
};

std::vector<Opening> read_openings(const pg::Rows &rows) {
	std::vector<Opening> openings;
	for (std::size_t row = 0; row < rows.size(); ++row)
		openings.push_back({rows.text(row, 0), rows.oid(row, 1), rows.timestamp(row, 2)});
	return openings;
}

std::vector<Opening> openings_of(Oid owner) {
	static pg::Statement find(openings_sql(" AND e.owner = $1"), {REGROLEOID});
	return read_openings(find.query({pg::oid(owner)}));
}

} // namespace

void hold_back(std::vector<Execution> &claimed) {
	const TimestampTz now = GetCurrentTimestamp();
	std::vector<std::int64_t> limited;
	for (Execution &execution : claimed)
		if (waits_for_place(execution, now)) limited.push_back(execution.id);
	if (limited.empty()) return;
	const std::set<std::int64_t> admitted = admitted_of(limited);
	std::vector<std::int64_t> held;
	std::vector<std::string> reasons;
	for (Execution &execution : claimed) {
		if (admitted.contains(execution.id) || !waits_for_place(execution, now)) continue;
		held.push_back(execution.id);
		reasons.push_back(reason_of(execution.definition()));
		set_limits(execution.definition(), false);
	}
	if (held.empty()) return;
	// A deadline comes for it all the same.
	static pg::Statement hold(
	    "UPDATE @playbook_executions_live e SET waiting_for = 'limit', "
	    "due_at = e.deadline_at, reason = held.reason "
	    "FROM unnest($1, $2) AS held (id, reason) WHERE e.id = ANY ($1) AND e.id = held.id",
	    {INT8ARRAYOID, TEXTARRAYOID});
	hold.execute({pg::datum(pg::array_of(held)), pg::datum(pg::array_of(reasons))});
	const std::set<std::int64_t> gone(held.begin(), held.end());
	std::erase_if(claimed, [&gone](const Execution &execution) { return gone.contains(execution.id); });
	changed = true;
}

int admit(Oid owner) {
	const TimestampTz now = GetCurrentTimestamp();
	int admitted = 0;
	for (const Opening &opening : openings_of(owner))
		if (opening.at <= now) admitted += admit(owner, opening.playbook);
	return admitted;
}

std::optional<TimestampTz> admission_due(Oid owner) {
	std::optional<TimestampTz> due;
	for (const Opening &opening : openings_of(owner)) due = std::min(due.value_or(DT_NOEND), opening.at);
	return due;
}

std::map<Oid, TimestampTz> admissions_due() {
	static pg::Statement find(openings_sql(""), {});
	std::map<Oid, TimestampTz> due;
	for (const Opening &opening : read_openings(find.query({}))) {
		TimestampTz &at = due.try_emplace(opening.owner, opening.at).first->second;
		at = std::min(at, opening.at);
	}
	return due;
}

bool places_changed() { return std::exchange(changed, false); }

bool admit_now(Execution &execution) {
	if (!waits_for_place(execution, GetCurrentTimestamp())) return true;
	if (execution.stored && !admitted_of({execution.id}).empty()) return true;
	set_limits(execution.definition(), false);
	// An old snapshot does not see who was let in meanwhile.
	if (!IsolationUsesXactSnapshot() && lock_limits(execution.playbook_id) &&
	    first_held_back(execution.owner, execution.playbook_id, 1).empty() &&
	    places_free(execution.playbook_id) > 0) {
		take_places(execution.playbook_id, {execution.id});
		return true;
	}
	execution.waiting_for = "limit";
	execution.reason = reason_of(execution.definition());
	execution.due_at = execution.deadline_at;
	execution.dirty = true;
	worker::wake_at_commit(execution.owner, GetCurrentTimestamp());
	return false;
}

void leave_place(const Execution &execution) {
	if (!is_limited(execution.definition())) return;
	// Who began within the last minute counts against max_per_minute even when it has ended.
	static pg::Statement end("UPDATE @playbook_admissions SET ended = true WHERE execution_id = $1",
	                         {INT8OID});
	static pg::Statement forget("DELETE FROM @playbook_admissions WHERE execution_id = $1", {INT8OID});
	(execution.definition().max_per_minute ? end : forget).execute({pg::int8(execution.id)});
	changed = true;
	worker::wake_at_commit(execution.owner, GetCurrentTimestamp());
}

void retake_place(const Execution &execution) {
	if (!is_limited(execution.definition())) return;
	static pg::Statement take("INSERT INTO @playbook_admissions (execution_id, playbook_id) VALUES ($1, $2) "
	                          "ON CONFLICT (execution_id) DO UPDATE SET ended = false",
	                          {INT8OID, TEXTOID});
	take.execute({pg::int8(execution.id), pg::text(execution.playbook_id)});
}

void set_limits(const definition::Definition &definition, bool published) {
	const std::initializer_list<pg::Argument> limits = {pg::text(definition.id),
	                                                    pg::optional_of(definition.max_active, pg::int4),
	                                                    pg::optional_of(definition.max_per_minute, pg::int4)};
	static pg::Statement first("INSERT INTO @playbook_limits (playbook_id, max_active, max_per_minute) "
	                           "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
	                           {TEXTOID, INT4OID, INT4OID});
	static pg::Statement change("UPDATE @playbook_limits SET max_active = $2, max_per_minute = $3 "
	                            "WHERE playbook_id = $1",
	                            {TEXTOID, INT4OID, INT4OID});
	if (is_limited(definition)) first.execute(limits);
	if (published) change.execute(limits);
}

} // namespace playbook::execution
