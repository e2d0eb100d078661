#include "result/row_set.hpp"

#include "pg/identity.hpp"
#include "pg/wire_encoding.hpp"
#include "result/column_type.hpp"
#include "result/row_set_builder.hpp"

namespace playbook::result {
namespace {

// Turns the bytes of a row's fields back into Datums.
class RowDecoder {
public:
	RowDecoder(const std::vector<Column> &columns, const std::vector<Oid> &types)
	    : columns_(columns), fields_(columns.size()) {
		for (std::size_t i = 0; i < columns.size(); ++i) {
			Field &field = fields_[i];
			const Oid declared = types[i];
			pg::call([&] {
				// A domain's value was checked when it was made; today's constraints are not asked about it.
				field.type = getBaseType(declared);
				Oid function = InvalidOid;
				if (columns[i].as_text)
					getTypeInputInfo(field.type, &function, &field.parameter);
				else
					getTypeBinaryInputInfo(field.type, &function, &field.parameter);
				fmgr_info(function, &field.function);
			});
		}
	}

	void decode(ChunkCursor &cursor, Datum *values, bool *nulls) {
		if (cursor.int16() != static_cast<std::int16_t>(fields_.size()))
			throw BrokenChunk("A row has another number of fields.");
		for (std::size_t i = 0; i < fields_.size(); ++i) {
			const std::int32_t length = cursor.int32();
			nulls[i] = length < 0;
			values[i] = 0;
			if (nulls[i]) continue;
			// typreceive functions write a terminator behind parts of the buffer: it must be ours.
			bytes_.assign(cursor.bytes(static_cast<std::size_t>(length)));
			values[i] = columns_[i].as_text ? from_text(fields_[i]) : from_binary(fields_[i]);
		}
	}

private:
	struct Field {
		FmgrInfo function{};
		Oid parameter = InvalidOid;
		Oid type = InvalidOid;
	};

	Datum from_binary(Field &field) {
		return pg::call([&] {
			StringInfoData buffer{};
			buffer.data = bytes_.data();
			buffer.len = static_cast<int>(bytes_.size());
			buffer.maxlen = buffer.len + 1;
			const Datum value = ReceiveFunctionCall(&field.function, &buffer, field.parameter, -1);
			if (buffer.cursor != buffer.len)
				ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("row set cannot be read"),
				                errdetail("A field is longer than its type reads.")));
			return value;
		});
	}

	Datum from_text(Field &field) {
		return pg::call([&] {
			// Text of another encoding only comes out of a dump of such a database.
			char *text = pg_client_to_server(bytes_.data(), static_cast<int>(bytes_.size()));
			return InputFunctionCall(&field.function, text, field.parameter, -1);
		});
	}

	const std::vector<Column> &columns_;
	std::vector<Field> fields_;
	std::string bytes_;
};

void pass_over_row(ChunkCursor &cursor) {
	for (std::int16_t left = cursor.int16(); left > 0; --left) {
		const std::int32_t length = cursor.int32();
		if (length > 0) (void) cursor.bytes(static_cast<std::size_t>(length));
	}
}

} // namespace

std::size_t RowSet::bytes() const {
	std::size_t total = 0;
	for (const std::string &chunk : chunks_) total += chunk.size();
	return total;
}

int RowSet::column_index(std::string_view name) const {
	for (std::size_t i = 0; i < columns_.size(); ++i)
		if (columns_[i].name == name) return static_cast<int>(i);
	return -1;
}

std::shared_ptr<const RowSet> RowSet::from_tuples(SPITupleTable *table) {
	RowSetBuilder builder(table->tupdesc);
	const auto count = static_cast<std::size_t>(table->tupdesc->natts);
	std::vector<Datum> values(count + 1);
	const std::unique_ptr<bool[]> nulls(new bool[count + 1]);
	for (std::uint64_t i = 0; i < table->numvals; ++i) {
		pg::call([&] { heap_deform_tuple(table->vals[i], table->tupdesc, values.data(), nulls.get()); });
		builder.add(values.data(), nulls.get());
	}
	return builder.finish();
}

std::shared_ptr<const RowSet> RowSet::from_chunks(std::vector<std::string> chunks, Oid owner) {
	auto rows = std::make_shared<RowSet>();
	reading_chunks([&] {
		if (chunks.empty()) throw BrokenChunk("It has no chunk.");
		for (const std::string &chunk : chunks) {
			ChunkHeader header = read_header(chunk);
			if (rows->columns_.empty())
				rows->columns_ = std::move(header.columns);
			else if (rows->columns_.size() != header.columns.size())
				throw BrokenChunk("Its chunks have different columns.");
			rows->row_count_ += header.rows;
		}
	});
	rows->chunks_ = std::move(chunks);
	rows->owner_ = owner;
	return rows;
}

bool RowSet::has_foreign_code() const {
	return std::any_of(columns_.begin(), columns_.end(), [](const Column &column) {
		return column.as_text && column.type != "pg_catalog.text";
	});
}

bool RowSet::reads_as_owner() const {
	const Oid owner = owner_;
	return has_foreign_code() && OidIsValid(owner) &&
	       pg::call([owner] { return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(owner)); });
}

Oid RowSet::type_now(const Column &column) const {
	return column.as_text && !reads_as_owner() ? TEXTOID : type_of(column);
}

TupleDesc RowSet::tuple_descriptor() const {
	std::vector<Oid> types;
	for (const Column &column : columns_) types.push_back(type_now(column));
	return pg::call([&] {
		TupleDesc descriptor = CreateTemplateTupleDesc(static_cast<int>(columns_.size()));
		for (std::size_t i = 0; i < columns_.size(); ++i) {
			// The typmod of a type that is gone says nothing about text.
			const bool gone = types[i] == TEXTOID;
			TupleDescInitEntry(descriptor, static_cast<AttrNumber>(i + 1), columns_[i].name.c_str(), types[i],
			                   gone ? -1 : columns_[i].typmod, 0);
		}
		return descriptor;
	});
}

void RowSet::scan(const EachRow &each, std::int64_t first) const { scan_as(false, each, first); }

void RowSet::scan_for_caller(const EachRow &each) const { scan_as(true, each, 0); }

void RowSet::scan_as(bool caller, const EachRow &each, std::int64_t first) const {
	std::optional<TextForm> text_form;
	std::optional<pg::OwnerIdentity> owner;
	if (has_foreign_code()) text_form.emplace();
	if (reads_as_owner()) owner.emplace(owner_, true);

	std::vector<Oid> types;
	for (const Column &column : columns_) types.push_back(type_now(column));
	RowDecoder decoder(columns_, types);
	std::vector<Datum> values(columns_.size() + 1);
	const std::unique_ptr<bool[]> nulls(new bool[columns_.size() + 1]);
	reading_chunks([&] {
		for (const std::string &chunk : chunks_) {
			const ChunkHeader header = read_header(chunk);
			const auto skipped = static_cast<std::int32_t>(std::min<std::int64_t>(first, header.rows));
			first -= skipped;
			if (skipped > 0 && skipped == header.rows) continue;
			ChunkCursor cursor(chunk, header.size);
			for (std::int32_t row = 0; row < skipped; ++row) pass_over_row(cursor);
			for (std::int32_t row = skipped; row < header.rows; ++row) {
				{
					const pg::WireEncoding wire(header.encoding);
					decoder.decode(cursor, values.data(), nulls.get());
				}
				{
					std::optional<pg::CallerIdentity> reader;
					if (caller && owner) reader.emplace(*owner);
					each(values.data(), nulls.get());
				}
				if (row % 1024 == 0) pg::call([] { CHECK_FOR_INTERRUPTS(); });
			}
			if (!cursor.at_end()) throw BrokenChunk("Bytes are left over after its last row.");
		}
	});
}

} // namespace playbook::result
