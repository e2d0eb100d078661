#include "result/row_set_builder.hpp"

#include <set>

#include "pg/wire_encoding.hpp"
#include "result/column_type.hpp"
#include "settings.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
}

namespace playbook::result {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;
constexpr std::size_t pending_rows = 500; // so many rows share one change of settings

// A view could not have them either; as JSON one of the two would be lost, and nobody would know.
void refuse_equal_names(TupleDesc descriptor) {
	std::set<std::string> names;
	for (int i = 0; i < descriptor->natts; ++i) {
		const std::string name = NameStr(TupleDescAttr(descriptor, i)->attname);
		if (!names.insert(name).second)
			throw pg::Error(ERRCODE_DUPLICATE_COLUMN, "column \"" + name + "\" is specified more than once",
			                "", "Give each column of the result a name of its own, with AS.");
	}
}

// Without an encoding the server takes any bytes for text; rows become JSON, which is UTF-8, and others would
// be in the way of whoever reads them. Called inside call().
void require_utf8(const char *text, std::size_t length) {
	(void) pg_verify_mbstr(PG_UTF8, text, static_cast<int>(length), false);
}

// The same of a value in its binary form, which may hold bytes that are no text: those of its text form
// count.
void require_utf8(Oid type, Datum value, const char *bytes, std::size_t length) {
	if (std::none_of(bytes, bytes + length, [](char c) { return IS_HIGHBIT_SET(c); })) return;
	Oid function = InvalidOid;
	bool is_varlena = false;
	getTypeOutputInfo(type, &function, &is_varlena);
	const char *text = OidOutputFunctionCall(function, value);
	require_utf8(text, strlen(text));
}

} // namespace

RowSetBuilder::RowSetBuilder(TupleDesc descriptor, std::int64_t max_rows)
    : max_rows_(max_rows), max_bytes_(static_cast<std::size_t>(settings::max_row_set_bytes())) {
	refuse_equal_names(descriptor);
	context_ = pg::call([] {
		return AllocSetContextCreateInternal(CurrentMemoryContext, "playbook row set",
		                                     ALLOCSET_DEFAULT_SIZES);
	});
	pg::call([&] {
		scratch_ = AllocSetContextCreateInternal(context_, "playbook row", ALLOCSET_DEFAULT_SIZES);
		const MemoryContext before = MemoryContextSwitchTo(context_);
		descriptor_ = CreateTupleDescCopy(descriptor);
		MemoryContextSwitchTo(before);
	});
	for (int i = 0; i < descriptor_->natts; ++i) {
		const Form_pg_attribute attribute = TupleDescAttr(descriptor_, i);
		if (GetDatabaseEncoding() == PG_SQL_ASCII)
			pg::call([attribute] {
				require_utf8(NameStr(attribute->attname), strlen(NameStr(attribute->attname)));
			});
		columns_.push_back(column_of(NameStr(attribute->attname), attribute->atttypid, attribute->atttypmod));
		any_text_ = any_text_ || columns_.back().as_text;
	}
	functions_.resize(columns_.size());
	for (std::size_t i = 0; i < columns_.size(); ++i) {
		const Oid type = TupleDescAttr(descriptor_, static_cast<int>(i))->atttypid;
		pg::call([&] {
			Oid function = InvalidOid;
			bool is_varlena = false;
			if (columns_[i].as_text)
				getTypeOutputInfo(type, &function, &is_varlena);
			else
				getTypeBinaryOutputInfo(type, &function, &is_varlena);
			fmgr_info_cxt(function, &functions_[i], context_);
		});
	}
	header_ = chunk_header(columns_, GetDatabaseEncoding());
	chunk_ = header_;
}

RowSetBuilder::~RowSetBuilder() {
	if (context_ != nullptr) MemoryContextDelete(context_);
}

void RowSetBuilder::add(const Datum *values, const bool *nulls) {
	if (max_rows_ > 0 && row_count() >= max_rows_)
		throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		                "step returns more than " + std::to_string(max_rows_) + " rows", "",
		                "Add a condition or a LIMIT, aggregate in the query, or raise playbook.max_rows.");
	if (!any_text_) {
		encode(values, nulls);
		return;
	}
	// The text form needs other settings than the statement that still runs: these rows wait a little.
	pending_.push_back(pg::call([&] {
		const MemoryContext before = MemoryContextSwitchTo(context_);
		HeapTuple tuple =
		    heap_form_tuple(descriptor_, const_cast<Datum *>(values), const_cast<bool *>(nulls));
		MemoryContextSwitchTo(before);
		return tuple;
	}));
	if (pending_.size() >= pending_rows) encode_pending();
}

void RowSetBuilder::encode_pending() {
	if (pending_.empty()) return;
	const TextForm text_form;
	std::vector<Datum> values(columns_.size() + 1);
	const std::unique_ptr<bool[]> nulls(new bool[columns_.size() + 1]);
	std::vector<HeapTuple> tuples;
	tuples.swap(pending_);
	for (HeapTuple tuple : tuples) {
		pg::call([&] { heap_deform_tuple(tuple, descriptor_, values.data(), nulls.get()); });
		encode(values.data(), nulls.get());
		heap_freetuple(tuple);
	}
}

void RowSetBuilder::encode(const Datum *values, const bool *nulls) {
	const pg::WireEncoding wire;
	const std::size_t before_row = chunk_.size();
	const int count = static_cast<int>(columns_.size());
	const bool any_bytes = GetDatabaseEncoding() == PG_SQL_ASCII;
	append_int16(chunk_, static_cast<std::int16_t>(count));
	pg::call([&] {
		const MemoryContext before = MemoryContextSwitchTo(scratch_);
		for (int i = 0; i < count; ++i) {
			const auto at = static_cast<std::size_t>(i);
			if (nulls[i]) {
				append_int32(chunk_, -1);
			} else if (columns_[at].as_text) {
				const char *text = OutputFunctionCall(&functions_[at], values[i]);
				const std::size_t length = strlen(text);
				if (any_bytes) require_utf8(text, length);
				append_int32(chunk_, static_cast<std::int32_t>(length));
				chunk_.append(text, length);
			} else {
				const bytea *sent = SendFunctionCall(&functions_[at], values[i]);
				const std::size_t length = VARSIZE(sent) - VARHDRSZ;
				if (any_bytes)
					require_utf8(TupleDescAttr(descriptor_, i)->atttypid, values[i], VARDATA(sent), length);
				append_int32(chunk_, static_cast<std::int32_t>(length));
				chunk_.append(VARDATA(sent), length);
			}
		}
		MemoryContextSwitchTo(before);
		MemoryContextReset(scratch_);
	});
	++rows_;
	++chunk_rows_;
	bytes_ += chunk_.size() - before_row;
	if (bytes_ > max_bytes_ || chunk_.size() >= MaxAllocSize / 2)
		throw pg::Error(
		    ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		    "step returns more than " + std::to_string(std::min(bytes_, max_bytes_) >> 20) + " MB", "",
		    "Select fewer columns or rows, aggregate in the query, or raise playbook.max_row_set_size.");
	if (chunk_.size() >= chunk_bytes) close();
}

void RowSetBuilder::close() {
	close_chunk(chunk_, chunk_rows_);
	chunks_.push_back(std::move(chunk_));
	chunk_ = header_;
	chunk_rows_ = 0;
}

std::shared_ptr<const RowSet> RowSetBuilder::finish() {
	encode_pending();
	// A set without rows still says its columns.
	if (chunk_rows_ > 0 || chunks_.empty()) close();
	auto rows = std::make_shared<RowSet>();
	rows->columns_ = columns_;
	rows->chunks_ = std::move(chunks_);
	rows->row_count_ = rows_;
	rows->owner_ = GetUserId();
	return rows;
}

// The executor's side
// ----------------------------------------------------------------------------------------------

namespace {

RowSetReceiver *receiver_of(DestReceiver *callbacks) { return reinterpret_cast<RowSetReceiver *>(callbacks); }

void start_rows(DestReceiver *self, int, TupleDesc descriptor) {
	pg::entry([&] {
		RowSetReceiver *receiver = receiver_of(self);
		const MemoryContext before = MemoryContextSwitchTo(receiver->memory);
		receiver->builder = std::make_unique<RowSetBuilder>(descriptor, receiver->max_rows);
		MemoryContextSwitchTo(before);
	});
}

bool receive_row(TupleTableSlot *slot, DestReceiver *self) {
	return pg::entry([&] {
		pg::call([slot] { slot_getallattrs(slot); });
		receiver_of(self)->builder->add(slot->tts_values, slot->tts_isnull);
		return true;
	});
}

void ignore_end(DestReceiver *) {}

} // namespace

RowSetReceiver::RowSetReceiver(std::int64_t max) : max_rows(max), memory(CurrentMemoryContext) {
	callbacks.receiveSlot = receive_row;
	callbacks.rStartup = start_rows;
	callbacks.rShutdown = ignore_end;
	callbacks.rDestroy = ignore_end;
	// Any word but DestSPI and DestNone: SPI treats those two differently.
	callbacks.mydest = DestTuplestore;
}

} // namespace playbook::result
