#include "result/chunk.hpp"

namespace playbook::result {
namespace {

constexpr std::string_view magic = "PBR1";
constexpr int kept_as_text = 1;
constexpr std::size_t row_count_bytes = 4; // the header's last field

void append_name(std::string &out, const std::string &name) {
	append_int16(out, static_cast<std::int16_t>(name.size()));
	out += name;
}

} // namespace

void append_int16(std::string &out, std::int16_t value) {
	const auto bits = static_cast<std::uint16_t>(value);
	out += static_cast<char>(bits >> 8);
	out += static_cast<char>(bits & 0xFF);
}

void append_int32(std::string &out, std::int32_t value) {
	const auto bits = static_cast<std::uint32_t>(value);
	for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((bits >> shift) & 0xFF);
}

std::string chunk_header(const std::vector<Column> &columns, int encoding) {
	std::string header(magic);
	header += static_cast<char>(encoding);
	append_int16(header, static_cast<std::int16_t>(columns.size()));
	for (const Column &column : columns) {
		append_name(header, column.name);
		append_name(header, column.type);
		append_int32(header, column.typmod);
		header += static_cast<char>(column.as_text ? kept_as_text : 0);
	}
	append_int32(header, 0);
	return header;
}

void close_chunk(std::string &chunk, std::int32_t rows) {
	const std::size_t at = read_header(chunk).size - row_count_bytes;
	std::string count;
	append_int32(count, rows);
	chunk.replace(at, row_count_bytes, count);
}

std::int8_t ChunkCursor::int8() { return static_cast<std::int8_t>(bytes(1)[0]); }

std::int16_t ChunkCursor::int16() {
	const std::string_view two = bytes(2);
	return static_cast<std::int16_t>(static_cast<unsigned char>(two[0]) << 8 |
	                                 static_cast<unsigned char>(two[1]));
}

std::int32_t ChunkCursor::int32() {
	std::uint32_t bits = 0;
	for (const char byte : bytes(4)) bits = bits << 8 | static_cast<unsigned char>(byte);
	return static_cast<std::int32_t>(bits);
}

std::string_view ChunkCursor::bytes(std::size_t length) {
	if (length > chunk_.size() - at_) throw BrokenChunk("It ends in the middle of a row.");
	const std::string_view found = chunk_.substr(at_, length);
	at_ += length;
	return found;
}

ChunkHeader read_header(std::string_view chunk) {
	ChunkCursor cursor(chunk);
	if (chunk.size() < magic.size() || cursor.bytes(magic.size()) != magic)
		throw BrokenChunk("It does not begin as a row set of this version does.");
	ChunkHeader header;
	header.encoding = static_cast<unsigned char>(cursor.int8());
	const std::int16_t columns = cursor.int16();
	if (columns < 0) throw BrokenChunk("It has a negative number of columns.");
	for (int i = 0; i < columns; ++i) {
		Column column;
		column.name = cursor.bytes(static_cast<std::uint16_t>(cursor.int16()));
		column.type = cursor.bytes(static_cast<std::uint16_t>(cursor.int16()));
		column.typmod = cursor.int32();
		column.as_text = (cursor.int8() & kept_as_text) != 0;
		header.columns.push_back(std::move(column));
	}
	header.rows = cursor.int32();
	if (header.rows < 0) throw BrokenChunk("It has a negative number of rows.");
	header.size = cursor.position();
	return header;
}

} // namespace playbook::result
