#include "pg/table_writer.hpp"

#include "pg/installation.hpp"

extern "C" {
#include "access/tableam.h"
#include "executor/executor.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace playbook::pg {
namespace {

constexpr int rows_at_once = 500; // as many as COPY gathers, about

// Plain pointers: this crosses the fence.
struct Rows_ {
	Oid table;
	const char *const *columns;
	int column_count;
	const Datum *values;
	const char *nulls;
	int row_count;
};

AttrNumber attribute_of(TupleDesc shape, const char *name) {
	for (int i = 0; i < shape->natts; ++i) {
		const Form_pg_attribute attribute = TupleDescAttr(shape, i);
		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return attribute->attnum;
	}
	elog(ERROR, "column \"%s\" does not exist", name);
}

TupleTableSlot *row_in_slot(TupleTableSlot *slot, const Rows_ &rows, const AttrNumber *attributes, int row) {
	ExecClearTuple(slot);
	const int natts = slot->tts_tupleDescriptor->natts;
	memset(slot->tts_isnull, true, static_cast<std::size_t>(natts) * sizeof(bool));
	for (int i = 0; i < rows.column_count; ++i) {
		const int from = row * rows.column_count + i;
		slot->tts_values[attributes[i] - 1] = rows.values[from];
		slot->tts_isnull[attributes[i] - 1] = rows.nulls[from] != 0;
	}
	return ExecStoreVirtualTuple(slot);
}

// False when the table has triggers, and nothing was written.
bool write_rows(const Rows_ &rows) {
	Relation relation = table_open(rows.table, RowExclusiveLock);
	if (relation->trigdesc != nullptr) {
		table_close(relation, NoLock);
		return false;
	}
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "playbook rows to write", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	// A copy: what the relation cache hands out is counted, and each slot would count.
	TupleDesc shape = CreateTupleDescCopy(RelationGetDescr(relation));
	auto *attributes = static_cast<AttrNumber *>(palloc(sizeof(AttrNumber) * rows.column_count));
	for (int i = 0; i < rows.column_count; ++i) attributes[i] = attribute_of(shape, rows.columns[i]);

	EState *state = CreateExecutorState();
	ResultRelInfo *target = makeNode(ResultRelInfo);
	InitResultRelInfo(target, relation, 1, nullptr, 0);
	ExecOpenIndices(target, false);
	const int most = Min(rows.row_count, rows_at_once);
	// Each row twice: as values, from which index entries are made, and as the tuple that the table takes.
	auto **values = static_cast<TupleTableSlot **>(palloc(sizeof(TupleTableSlot *) * most));
	auto **tuples = static_cast<TupleTableSlot **>(palloc(sizeof(TupleTableSlot *) * most));
	for (int i = 0; i < most; ++i) {
		values[i] = MakeSingleTupleTableSlot(shape, &TTSOpsVirtual);
		tuples[i] = MakeSingleTupleTableSlot(shape, &TTSOpsHeapTuple);
	}
	const CommandId command = GetCurrentCommandId(true);
	MemoryContext memory = AllocSetContextCreate(context, "playbook tuples", ALLOCSET_DEFAULT_SIZES);
	for (int from = 0; from < rows.row_count; from += most) {
		const int count = Min(most, rows.row_count - from);
		MemoryContextSwitchTo(memory);
		for (int i = 0; i < count; ++i) {
			row_in_slot(values[i], rows, attributes, from + i);
			// The slot owns it, so that nobody copies it.
			ExecStoreHeapTuple(heap_form_tuple(shape, values[i]->tts_values, values[i]->tts_isnull),
			                   tuples[i], true);
		}
		table_multi_insert(relation, tuples, count, command, 0, nullptr);
		MemoryContextSwitchTo(context);
		for (int i = 0; i < count; ++i) {
			values[i]->tts_tid = tuples[i]->tts_tid;
			ExecClearTuple(tuples[i]);
			if (target->ri_NumIndices == 0) continue;
			compat::insert_index_entries(target, values[i], state);
			ResetPerTupleExprContext(state);
		}
		MemoryContextReset(memory);
	}
	ExecCloseIndices(target);
	FreeExecutorState(state);
	table_close(relation, NoLock);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	CommandCounterIncrement();
	return true;
}

Oid table_of_ours(const std::string &name) {
	const Oid schema = installation().schema;
	const Oid table = call([&] { return get_relname_relid(name.c_str(), schema); });
	if (!OidIsValid(table))
		throw Error(ERRCODE_UNDEFINED_TABLE, "table \"" + name + "\" of the extension does not exist");
	return table;
}

std::size_t delete_at(Oid table, const PlacedRow *rows, std::size_t count) {
	Relation relation = table_open(table, RowExclusiveLock);
	std::size_t deleted = 0;
	if (relation->trigdesc == nullptr) {
		const AttrNumber id = attribute_of(RelationGetDescr(relation), "id");
		CommandCounterIncrement(); // what the last statement wrote is seen, too
		TupleTableSlot *slot = table_slot_create(relation, nullptr);
		Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
		const CommandId command = GetCurrentCommandId(true);
		for (std::size_t i = 0; i < count; ++i) {
			ItemPointerData place = rows[i].place;
			bool null = true;
			if (!table_tuple_fetch_row_version(relation, &place, snapshot, slot) ||
			    DatumGetInt64(slot_getattr(slot, id, &null)) != rows[i].id || null)
				continue;
			// It is locked and cannot be anybody else's meanwhile: any other answer is our own doing.
			TM_FailureData found;
			if (table_tuple_delete(relation, &place, command, snapshot, InvalidSnapshot, true, &found,
			                       false) == TM_Ok)
				++deleted;
		}
		UnregisterSnapshot(snapshot);
		ExecDropSingleTupleTableSlot(slot);
	}
	table_close(relation, NoLock);
	CommandCounterIncrement();
	return deleted;
}

} // namespace

std::size_t delete_rows(const std::string &table, const std::vector<PlacedRow> &rows) {
	if (rows.empty()) return 0;
	const Oid oid = table_of_ours(table);
	return call([&] { return delete_at(oid, rows.data(), rows.size()); });
}

void TableWriter::write() {
	if (values_.empty()) return;
	Rows_ rows{};
	rows.table = table_of_ours(table_);
	rows.columns = columns_.data();
	rows.column_count = static_cast<int>(columns_.size());
	rows.values = values_.data();
	rows.nulls = nulls_.data();
	rows.row_count = static_cast<int>(values_.size() / columns_.size());
	if (!call([&rows] { return write_rows(rows); })) insert_singly(rows.table);
	values_.clear();
	nulls_.clear();
}

void TableWriter::insert_singly(Oid relation) {
	std::string names, places;
	std::vector<std::pair<Oid, Argument>> row;
	for (const char *column : columns_) {
		const Oid type = call([&] {
			const AttrNumber attribute = get_attnum(relation, column);
			return attribute == InvalidAttrNumber ? InvalidOid : get_atttype(relation, attribute);
		});
		names += (names.empty() ? "" : ", ") + std::string(column);
		row.emplace_back(type, Argument());
		places += (places.empty() ? "$" : ", $") + std::to_string(row.size());
	}
	// A column that is generated as an identity takes our number too.
	const std::string sql =
	    "INSERT INTO @" + table_ + " (" + names + ") OVERRIDING SYSTEM VALUE VALUES (" + places + ")";
	for (std::size_t from = 0; from < values_.size(); from += columns_.size()) {
		for (std::size_t i = 0; i < columns_.size(); ++i)
			row[i].second = {values_[from + i], nulls_[from + i] != 0};
		(void) query_once(sql, row.data(), row.size());
	}
}

} // namespace playbook::pg
