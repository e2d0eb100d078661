// Row sets between memory and the tables of step executions.
#include "pg/spi.hpp"
#include "result/row_set.hpp"

namespace playbook::result {
namespace {

std::string bytes_from(Datum datum) {
	const bytea *flat = pg::call([datum] { return DatumGetByteaPP(datum); });
	return std::string(VARDATA_ANY(flat), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(flat)));
}

Datum bytea_datum(const std::string &bytes) {
	return pg::call([&bytes] {
		bytea *made = static_cast<bytea *>(palloc(bytes.size() + VARHDRSZ));
		SET_VARSIZE(made, bytes.size() + VARHDRSZ);
		memcpy(VARDATA(made), bytes.data(), bytes.size());
		return PointerGetDatum(made);
	});
}

std::vector<std::string> load_chunks(std::int64_t execution, int position, int item, std::int16_t slot) {
	static pg::Statement chunks(
	    "SELECT data FROM @playbook_step_rows WHERE execution_id = $1 AND position = $2 AND "
	    "item = $3 AND slot = $4 ORDER BY chunk",
	    {INT8OID, INT4OID, INT4OID, INT2OID});
	const pg::Rows rows = chunks.query(
	    {pg::int8(execution), pg::int4(position), pg::int4(item), pg::datum(Int16GetDatum(slot))});
	std::vector<std::string> found;
	for (std::size_t i = 0; i < rows.size(); ++i) found.push_back(bytes_from(rows.datum(i, 0)));
	return found;
}

// The role whose statements made the rows.
Oid owner_of(std::int64_t execution) {
	static pg::Statement live("SELECT owner FROM @playbook_executions_live WHERE id = $1", {INT8OID});
	static pg::Statement anywhere("SELECT owner FROM @playbook_executions WHERE id = $1", {INT8OID});
	for (pg::Statement *statement : {&live, &anywhere}) {
		const pg::Rows rows = statement->query({pg::int8(execution)});
		if (!rows.empty()) return rows.oid(0, 0);
	}
	return InvalidOid;
}

} // namespace

std::shared_ptr<const RowSet> load_rows(std::int64_t execution, int position, int item) {
	// What runs is live; only what finished is looked for in all slots of history.
	static pg::Statement live("SELECT rows, chunks, slot FROM @playbook_step_executions_live "
	                          "WHERE execution_id = $1 AND position = $2 AND item = $3",
	                          {INT8OID, INT4OID, INT4OID});
	static pg::Statement anywhere("SELECT rows, chunks, slot FROM @playbook_step_executions "
	                              "WHERE execution_id = $1 AND position = $2 AND item = $3",
	                              {INT8OID, INT4OID, INT4OID});
	const pg::Spi spi;
	for (pg::Statement *statement : {&live, &anywhere}) {
		const pg::Rows rows = statement->query({pg::int8(execution), pg::int4(position), pg::int4(item)});
		if (rows.empty()) continue;
		const Oid owner = owner_of(execution);
		if (!rows.is_null(0, 0)) return RowSet::from_chunks({bytes_from(rows.datum(0, 0))}, owner);
		if (rows.is_null(0, 1) || rows.int4(0, 1) == 0) return nullptr;
		std::vector<std::string> chunks = load_chunks(execution, position, item, rows.int2(0, 2));
		// Retention may have dropped a slot between the two statements.
		if (chunks.size() != static_cast<std::size_t>(rows.int4(0, 1))) return nullptr;
		return RowSet::from_chunks(std::move(chunks), owner);
	}
	return nullptr;
}

void store_chunks(std::int64_t execution, int slot, std::int32_t home, int position, int item,
                  const RowSet &rows) {
	// A step that is done again (retry, repeat) replaces what it gave before.
	static pg::Statement forget(
	    "DELETE FROM @playbook_step_rows WHERE execution_id = $1 AND position = $2 AND item = $3 "
	    "AND slot = $4",
	    {INT8OID, INT4OID, INT4OID, INT2OID});
	static pg::Statement insert(
	    "INSERT INTO @playbook_step_rows (execution_id, slot, position, item, chunk, home, "
	    "row_count, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	    {INT8OID, INT2OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, BYTEAOID});
	const pg::Spi spi;
	const pg::Argument in_slot = pg::datum(Int16GetDatum(static_cast<std::int16_t>(slot)));
	forget.execute({pg::int8(execution), pg::int4(position), pg::int4(item), in_slot});
	std::int32_t number = 0;
	for (const std::string &chunk : rows.chunks()) {
		const Datum data = bytea_datum(chunk);
		insert.execute({pg::int8(execution), in_slot, pg::int4(position), pg::int4(item), pg::int4(number++),
		                pg::int4(home), pg::int4(read_header(chunk).rows), pg::datum(data)});
		pg::call([data] { pfree(DatumGetPointer(data)); });
	}
}

} // namespace playbook::result
