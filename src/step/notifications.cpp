#include "step/notifications.hpp"

#include "pg/identity.hpp"
#include "worker/counters.hpp"

namespace playbook::step {

void tell(const Context &context, execution::Notification notification) {
	const execution::Execution &execution = context.execution;
	// Never before its execution: from there on the range begins in which a later attempt looks for it.
	notification.created_at = std::max(context.now, execution.created_at);
	if (context.is_first_attempt()) {
		context.row.notification = std::make_shared<const execution::Notification>(std::move(notification));
		return;
	}
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement insert(
	    "INSERT INTO @playbook_notifications (person, created_at, execution_id, position, item, home, "
	    "customer_id, title, message, priority, link) "
	    "SELECT told.person, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM unnest($1) AS told (person) "
	    "WHERE NOT EXISTS (SELECT FROM @playbook_notifications n WHERE n.person = told.person "
	    "AND n.created_at >= $12 AND n.execution_id = $3 AND n.position = $4 AND n.item = $5)",
	    {TEXTARRAYOID, TIMESTAMPTZOID, INT8OID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	     TEXTOID, TIMESTAMPTZOID});
	const auto text = [](const std::string &id) { return pg::text(id); };
	const std::uint64_t told = insert.execute(
	    {pg::datum(pg::array_of(notification.people)), pg::timestamp(notification.created_at),
	     pg::int8(execution.id), pg::int4(context.row.position), pg::int4(context.row.item),
	     pg::int4(execution.home), pg::optional_of(execution.customer_id, text), pg::text(notification.title),
	     pg::text(notification.message), pg::text(notification.priority),
	     notification.link.empty() ? pg::null() : pg::text(notification.link),
	     pg::timestamp(execution.created_at)});
	worker::count(worker::Counter::Notifications, static_cast<std::int64_t>(told));
}

pg::Rows notifications_of(const std::vector<std::string> &names, bool unread_only, std::int32_t most) {
	// The newest of each name, one range of the index each, then the newest of these. Who was told by two of
	// them was told once, and what is unread under one of them is unread. Where it came from is looked up
	// last, for what is shown; it may be gone already.
	static pg::Statement find(
	    "SELECT n.created_at, n.execution_id, e.playbook_id, s.step_id, n.customer_id, n.title, n.message, "
	    "n.priority, n.link, n.read_at FROM ("
	    "SELECT DISTINCT ON (m.created_at, m.execution_id, m.position, m.item) m.* "
	    "FROM unnest($1) AS own (name) CROSS JOIN LATERAL ("
	    "SELECT p.* FROM @playbook_notifications p WHERE p.person = own.name "
	    "AND (p.read_at IS NULL OR NOT $2) "
	    "ORDER BY p.created_at DESC, p.execution_id DESC, p.position DESC, p.item DESC LIMIT $3) AS m "
	    "ORDER BY m.created_at DESC, m.execution_id DESC, m.position DESC, m.item DESC, "
	    "m.read_at DESC NULLS FIRST LIMIT $3) AS n "
	    "LEFT JOIN @playbook_executions e ON e.id = n.execution_id "
	    "LEFT JOIN @playbook_step_executions s ON s.slot = e.slot AND s.execution_id = n.execution_id "
	    "AND s.position = n.position AND s.item = n.item "
	    "ORDER BY n.created_at DESC, n.execution_id DESC, n.position DESC, n.item DESC",
	    {TEXTARRAYOID, BOOLOID, INT8OID});
	return find.query({pg::datum(pg::array_of(names)), pg::boolean(unread_only), pg::int8(most)});
}

std::int64_t mark_read(const std::vector<std::string> &names, TimestampTz until) {
	// What another session is marking, or retention is deleting, is left to it: nobody waits.
	static pg::Statement mark(
	    "WITH marked AS (UPDATE @playbook_notifications SET read_at = clock_timestamp() "
	    "WHERE ctid = ANY (ARRAY(SELECT n.ctid FROM @playbook_notifications n "
	    "WHERE n.person = ANY ($1) AND n.created_at <= $2 AND n.read_at IS NULL FOR UPDATE SKIP LOCKED)) "
	    "RETURNING execution_id, position, item) "
	    "SELECT count(DISTINCT (execution_id, position, item)) FROM marked",
	    {TEXTARRAYOID, TIMESTAMPTZOID});
	return mark.query({pg::datum(pg::array_of(names)), pg::timestamp(until)}).int8(0, 0);
}

} // namespace playbook::step
