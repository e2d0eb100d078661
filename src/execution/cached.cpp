// on_error: cached — the last good rows that a step found on the same: StepRow::resolved, the digest that
// step/data_step makes of owner, connection, statement, bound values and the rows read. An attempt that came
// to its statement has one; one that failed before, or was never made here, is served nothing.
#include "execution/advance.hpp"
#include "pg/identity.hpp"
#include "result/row_set.hpp"
#include "value/json.hpp"

namespace playbook::execution {

void remember_good_result(const Execution &execution, const StepRow &row, const std::string &step_id) {
	if (row.resolved.empty()) return;
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement remember("INSERT INTO @playbook_last_results (playbook_id, step_id, configuration, "
	                              "execution_id, position, item, finished_at) "
	                              "VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp()) ON CONFLICT "
	                              "(playbook_id, step_id, configuration) DO UPDATE SET "
	                              "execution_id = excluded.execution_id, position = excluded.position, item "
	                              "= excluded.item, finished_at = excluded.finished_at",
	                              {TEXTOID, TEXTOID, TEXTOID, INT8OID, INT4OID, INT4OID});
	remember.execute({pg::text(execution.playbook_id), pg::text(step_id), pg::text(row.resolved),
	                  pg::int8(execution.id), pg::int4(row.position), pg::int4(row.item)});
}

bool Advancer::use_cached(Execution &execution, StepRow &row) {
	if (row.resolved.empty()) return false;
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement find("SELECT execution_id, position, item, finished_at FROM @playbook_last_results "
	                          "WHERE playbook_id = $1 AND step_id = $2 AND configuration = $3",
	                          {TEXTOID, TEXTOID, TEXTOID});
	const pg::Rows rows = find.query(
	    {pg::text(execution.playbook_id), pg::text(step_of(execution, row).id), pg::text(row.resolved)});
	if (rows.empty()) return false;
	std::shared_ptr<const result::RowSet> good =
	    result::load_rows(rows.int8(0, 0), rows.int4(0, 1), rows.int4(0, 2));
	if (good == nullptr) return false;
	const TimestampTz at = rows.timestamp(0, 3);
	Value cached = Value::object();
	cached.set("execution", Value(rows.int8(0, 0)));
	cached.set("as_of", Value(pg::timestamp_text(at)));
	cached.set("age_seconds", Value(static_cast<std::int64_t>((now_ - at) / USECS_PER_SEC)));
	row.output = Value::object();
	row.output.set("cached", std::move(cached));
	row.rows = std::move(good);
	row.has_rows = true;
	row.row_count = row.rows->row_count();
	row.status = StepStatus::Completed;
	row.outcome = "cached";
	row.reason = "the last good result, as of " + pg::timestamp_text(at);
	return true;
}

} // namespace playbook::execution
