// The engine's processes and counters, for the views playbook_workers and playbook_stat.
#include "pg/function.hpp"
#include "worker/counters.hpp"
#include "worker/overview.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_worker_list);
PG_FUNCTION_INFO_V1(playbook_stat_counters);
PLAYBOOK_EXPORT_END

using namespace playbook;

Datum playbook_worker_list(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		pg::ResultSet result(fcinfo);
		for (const worker::WorkerRow &row : worker::overview()) {
			const bool alone = row.execution != 0;
			result.row({pg::text(row.kind), OidIsValid(row.database) ? pg::oid(row.database) : pg::null(),
			            OidIsValid(row.role) ? pg::oid(row.role) : pg::null(), pg::int4(row.pid),
			            pg::text(row.state), alone ? pg::int8(row.execution) : pg::null(),
			            alone ? pg::int4(row.position) : pg::null(), alone ? pg::int4(row.item) : pg::null(),
			            row.since != 0 ? pg::timestamp(row.since) : pg::null()});
		}
		return result.done(fcinfo);
	});
}

Datum playbook_stat_counters(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		pg::ResultSet result(fcinfo);
		const worker::Counters counted = worker::counters();
		const auto word = [](const char *said) { return said != nullptr ? pg::text(said) : pg::null(); };
		for (const worker::CounterValue &counter : counted.values)
			result.row({pg::text(counter.name), word(counter.type), word(counter.status),
			            pg::int8(counter.value), pg::timestamp(counted.since)});
		return result.done(fcinfo);
	});
}
