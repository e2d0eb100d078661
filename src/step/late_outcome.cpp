#include "step/late_outcome.hpp"

#include "execution/touch.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::step {

bool lock_execution(std::int64_t execution) {
	pg::EngineIdentity engine;
	static pg::Statement lock("SELECT 1 FROM @playbook_executions_live WHERE id = $1 FOR NO KEY UPDATE",
	                          {INT8OID});
	// An execution that finishes while we wait for it moves to another partition, which the server reports as
	// a failure to lock; it is not live then.
	pg::Subtransaction attempt;
	bool live = false, moved = false;
	try {
		pg::Spi spi;
		live = !lock.query({pg::int8(execution)}).empty();
	} catch (const pg::Error &error) {
		if (error.sqlstate() != ERRCODE_T_R_SERIALIZATION_FAILURE) throw;
		moved = true;
	}
	if (moved)
		attempt.rollback();
	else
		attempt.commit();
	return live;
}

bool set_late_outcome(std::int64_t execution, int position, int item, const char *type, const char *from,
                      const std::string &outcome, const Value &output) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement set(
	    "UPDATE @playbook_step_executions SET outcome = $6, "
	    "output = CASE WHEN jsonb_typeof(output) = 'object' THEN output ELSE '{}' END || $7 "
	    "WHERE execution_id = $1 AND position = $2 AND item = $3 AND type = $4 "
	    "AND status = 'completed' AND outcome = ANY (string_to_array($5, ','))",
	    {INT8OID, INT4OID, INT4OID, TEXTOID, TEXTOID, TEXTOID, JSONBOID});
	return set.execute({pg::int8(execution), pg::int4(position), pg::int4(item), pg::text(type),
	                    pg::text(from), pg::text(outcome), pg::jsonb(output)}) > 0;
}

namespace {

struct Words {
	const char *type;
	std::vector<std::string> may_become;
	const char *from;
};
const Words &words_of(const char *type) {
	static const Words meeting{
	    "meeting", {"held", "no_show", "cancelled"}, "scheduled,held,no_show,cancelled"};
	static const Words email{"email", {"bounced", "replied"}, "queued,sent,bounced,replied"};
	return std::string_view(type) == "meeting" ? meeting : email;
}

std::string listed(const std::vector<std::string> &words) {
	std::string list;
	for (std::size_t i = 0; i < words.size(); ++i)
		list += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
	return list;
}

struct Found {
	int position = 0;
	std::string type, status, outcome;
};

Found find_step(std::int64_t execution, const std::string &step, int item) {
	pg::Spi spi;
	static pg::Statement find(
	    "SELECT position, type, status, coalesce(outcome, '') FROM @playbook_step_executions "
	    "WHERE execution_id = $1 AND step_id = $2 AND item = $3",
	    {INT8OID, TEXTOID, INT4OID});
	const pg::Rows rows = find.query({pg::int8(execution), pg::text(step), pg::int4(item)});
	if (rows.empty())
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT,
		                "execution " + std::to_string(execution) + " has come to no step \"" + step + "\"");
	return {rows.int4(0, 0), rows.text(0, 1), rows.text(0, 2), rows.text(0, 3)};
}

// For a meeting step that waits for what becomes of its meeting: kept with the invitation, where the step
// looks.
bool tell_waiting_step(std::int64_t execution, int position, int item, const std::string &outcome) {
	Value said = Value::object();
	said.set("outcome", Value(outcome));
	pg::Spi spi;
	static pg::Statement tell("UPDATE @playbook_outbox SET result = coalesce(result, '{}') || $4 "
	                          "WHERE execution_id = $1 AND position = $2 AND item = $3 AND kind = 'meeting'",
	                          {INT8OID, INT4OID, INT4OID, JSONBOID});
	return tell.execute({pg::int8(execution), pg::int4(position), pg::int4(item), pg::jsonb(said)}) > 0;
}

} // namespace

void record_outcome(std::int64_t execution, const std::string &step, int item, const char *type,
                    const std::string &outcome) {
	const Words &words = words_of(type);
	if (std::find(words.may_become.begin(), words.may_become.end(), outcome) == words.may_become.end())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "the outcome of a step of type " + std::string(type) + " cannot become \"" + outcome +
		                    "\"",
		                "", "It can become " + listed(words.may_become) + ".");
	pg::EngineIdentity engine;
	(void) lock_execution(execution);
	const Found found = find_step(execution, step, item);
	if (found.type != type)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "step \"" + step + "\" is of type " + found.type + ", not " + type);
	const bool is_late =
	    set_late_outcome(execution, found.position, item, type, words.from, outcome, Value::object());
	const bool waits = found.status == "waiting" && found.type == "meeting";
	if (!is_late && (!waits || !tell_waiting_step(execution, found.position, item, outcome)))
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "step \"" + step + "\" is " + found.status,
		                "Only what was queued or sent has an outcome of that kind.");
	pg::Spi spi;
	execution::touch(execution); // what comes later may ask for it
}

} // namespace playbook::step
