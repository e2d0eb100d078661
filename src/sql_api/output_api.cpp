// SQL-callable: playbook_output_rows, which the views of outputs read, and playbook_create_output_views
// (sql/playbook/49_output_functions.sql).
#include "definition/store.hpp"
#include "execution/store.hpp"
#include "identity/access.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"
#include "result/output.hpp"
#include "result/output_view.hpp"
#include "result/row_shape.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_output_rows);
PG_FUNCTION_INFO_V1(playbook_create_output_views);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace {

constexpr int page = 100;
constexpr int own_columns = 2; // run_id and as_of

void require_own_columns(TupleDesc wanted) {
	const bool good = wanted->natts >= own_columns && TupleDescAttr(wanted, 0)->atttypid == TEXTOID &&
	                  TupleDescAttr(wanted, 1)->atttypid == TIMESTAMPTZOID;
	if (!good)
		throw pg::Error(ERRCODE_DATATYPE_MISMATCH,
		                "the column list must begin with run_id text, as_of timestamptz");
}

// The execution when the caller may see it and dashboards show it.
std::optional<execution::Execution> shown_execution(std::int64_t id) {
	if (!identity::can_see(id)) return std::nullopt;
	std::optional<execution::Execution> found;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		found = execution::find_execution(id);
		if (found) execution::load_steps({&*found});
	}
	if (found && !result::is_shown(*found)) found.reset();
	return found;
}

// Whether the execution has the output; its rows then are in the sink.
bool put_output(execution::Execution &execution, const std::string &name, result::RowSink &sink) {
	for (const definition::Output &output : execution.definition().outputs) {
		if (output.name != name) continue;
		const result::OutputRows made = result::rows_of_output(execution, output);
		if (made.rows == nullptr) return false;
		const result::RowShape shape(*made.rows, sink.descriptor(), own_columns);
		const Datum run_id = pg::text_datum(execution::run_id_of(execution.id, execution.created_at));
		const Datum as_of = TimestampTzGetDatum(execution.finished_at.value_or(execution.created_at));
		const pg::ContextScope row("playbook output row");
		made.rows->scan_for_caller([&](const Datum *values, const bool *nulls) {
			shape.put(values, nulls, sink, {run_id, as_of});
			MemoryContextReset(row.get());
		});
		return true;
	}
	return false;
}

} // namespace

Datum playbook_output_rows(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string playbook = args.text(0, "playbook"), output = args.text(1, "output");
		const bool history = args.boolean(2, "history");
		result::RowSink sink(fcinfo);
		require_own_columns(sink.descriptor());
		std::int64_t below = INT64_MAX;
		for (;;) {
			std::vector<std::int64_t> ids;
			{
				pg::EngineIdentity engine;
				pg::Spi spi;
				ids = result::saved_executions(playbook, below, history ? page : std::min(page, 10));
			}
			for (const std::int64_t id : ids) {
				std::optional<execution::Execution> execution = shown_execution(id);
				if (execution && put_output(*execution, output, sink) && !history) return sink.done();
			}
			if (ids.empty()) return sink.done();
			below = ids.back();
		}
	});
}

Datum playbook_create_output_views(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const definition::Stored stored =
		    definition::visible_playbook(pg::Arguments(fcinfo).text(0, "playbook"));
		identity::require_edit(stored.id, stored.owner);
		pg::ResultSet rows(fcinfo);
		for (const result::OutputView &view : result::make_output_views(stored.id))
			rows.row({pg::text(view.output), pg::text(view.view), pg::text(view.status),
			          view.detail.empty() ? pg::null() : pg::text(view.detail)});
		return rows.done(fcinfo);
	});
}
