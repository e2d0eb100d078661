// playbook_rows and playbook_records: a step's rows as jsonb, as records with a column list, as rows of a
// type.
#include "definition/wording.hpp"
#include "identity/access.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"
#include "result/json_form.hpp"
#include "result/row_shape.hpp"
#include "sql_api/execution_argument.hpp"

using namespace playbook;

namespace {

// The position of a step in its execution, and how it stands.
struct Found {
	int position = 0;
	std::string status;
};

std::vector<std::string> steps_of(std::int64_t execution) {
	const pg::Rows rows = pg::query_once("SELECT DISTINCT step_id FROM @playbook_step_executions WHERE "
	                                     "execution_id = $1 ORDER BY step_id LIMIT 100",
	                                     {{INT8OID, pg::int8(execution)}});
	std::vector<std::string> ids;
	for (std::size_t i = 0; i < rows.size(); ++i) ids.push_back(rows.text(i, 0));
	return ids;
}

Found find_step(std::int64_t execution, const std::string &step, int item) {
	static pg::Statement find("SELECT position, status FROM @playbook_step_executions "
	                          "WHERE execution_id = $1 AND step_id = $2 AND item = $3",
	                          {INT8OID, TEXTOID, INT4OID});
	const pg::Rows rows = find.query({pg::int8(execution), pg::text(step), pg::int4(item)});
	if (!rows.empty()) return {rows.int4(0, 0), rows.text(0, 1)};
	const std::string which = item == 0 ? std::string() : " has no item " + std::to_string(item) + " in";
	throw pg::Error(ERRCODE_UNDEFINED_OBJECT,
	                "step \"" + step + "\"" + (which.empty() ? " has not begun in" : which) + " execution " +
	                    std::to_string(execution),
	                "", definition::suggestion(step, steps_of(execution), "Its steps are"));
}

// Null when the step has ended without rows.
std::shared_ptr<const result::RowSet> rows_of(std::int64_t execution, const std::string &step, int item) {
	(void) identity::require_visible(execution);
	const pg::EngineIdentity engine;
	const pg::Spi spi;
	const Found found = find_step(execution, step, item);
	std::shared_ptr<const result::RowSet> rows = result::load_rows(execution, found.position, item);
	if (rows == nullptr && found.status != "completed")
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "step \"" + step + "\" has no rows",
		                "Its status is \"" + found.status + "\".");
	return rows;
}

// (execution bigint or its run id, step text, …)
std::shared_ptr<const result::RowSet> rows_asked_for(FunctionCallInfo fcinfo, int item_at) {
	const pg::Arguments arguments(fcinfo);
	return rows_of(sql_api::execution_argument(fcinfo), arguments.text(1, "step"),
	               arguments.int4(item_at, "item"));
}

} // namespace

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_rows);
PG_FUNCTION_INFO_V1(playbook_rows_as);
PG_FUNCTION_INFO_V1(playbook_records);
PLAYBOOK_EXPORT_END

Datum playbook_rows(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const std::shared_ptr<const result::RowSet> rows = rows_asked_for(fcinfo, 2);
		result::RowSink sink(fcinfo);
		if (rows == nullptr) return sink.done();
		const result::JsonForm json(rows->tuple_descriptor());
		const pg::ContextScope row("playbook row");
		rows->scan([&](const Datum *values, const bool *nulls) {
			const Datum object = json.jsonb_of(values, nulls);
			const bool is_null = false;
			sink.put(&object, &is_null);
			MemoryContextReset(row.get());
		});
		return sink.done();
	});
}

// As rows of a type that the caller names, or of the column list after AS: columns are found by their names.
static Datum rows_in_shape(FunctionCallInfo fcinfo, int item_at, result::RowShape::Missing missing) {
	const std::shared_ptr<const result::RowSet> rows = rows_asked_for(fcinfo, item_at);
	result::RowSink sink(fcinfo);
	if (rows == nullptr) return sink.done();
	const result::RowShape shape(*rows, sink.descriptor(), sink.is_scalar(), missing);
	const pg::ContextScope row("playbook row");
	rows->scan_for_caller([&](const Datum *values, const bool *nulls) {
		shape.put(values, nulls, sink);
		MemoryContextReset(row.get());
	});
	return sink.done();
}

Datum playbook_rows_as(PG_FUNCTION_ARGS) {
	return pg::entry([&] { return rows_in_shape(fcinfo, 3, result::RowShape::Missing::IsNull); });
}

Datum playbook_records(PG_FUNCTION_ARGS) {
	return pg::entry([&] { return rows_in_shape(fcinfo, 2, result::RowShape::Missing::IsError); });
}
