// One chunk of a row set as bytes, and the cursor that reads it back.
//
//   "PBR1"  format and its version
//   int8    encoding of all text in it, as the server numbers encodings
//   int16   columns, and for each: name, type (each int16 length, bytes), int32 typmod, int8 flags (1: kept
//   as text) int32   rows, and for each, as in a binary COPY: int16 fields, and for each int32 length (-1:
//   null), bytes
//
// All integers big-endian. Core of the format only: nothing here knows what the fields' bytes mean.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace playbook::result {

struct Column {
	std::string name;
	std::string type; // qualified and quoted where needed: "pg_catalog.numeric", "shop.\"Order\"[]"
	std::int32_t typmod = -1;
	bool as_text = false; // kept in text form

	bool operator==(const Column &) const = default;
};

// The bytes are no chunk; what() says why, as a sentence. For clients it is XX001 (reading_chunks).
class BrokenChunk : public std::runtime_error {
public:
	using std::runtime_error::runtime_error;
};

struct ChunkHeader {
	int encoding = 0;
	std::vector<Column> columns;
	std::int32_t rows = 0;
	std::size_t size = 0; // where the rows begin
};

void append_int16(std::string &out, std::int16_t value);
void append_int32(std::string &out, std::int32_t value);

// A header whose count of rows is still 0; close_chunk() sets it.
std::string chunk_header(const std::vector<Column> &columns, int encoding);
void close_chunk(std::string &chunk, std::int32_t rows);

// Throws BrokenChunk.
ChunkHeader read_header(std::string_view chunk);

// Walks the fields of a chunk. Throws BrokenChunk rather than read past its end.
class ChunkCursor {
public:
	explicit ChunkCursor(std::string_view chunk, std::size_t at = 0) : chunk_(chunk), at_(at) {}
	std::int8_t int8();
	std::int16_t int16();
	std::int32_t int32();
	std::string_view bytes(std::size_t length);
	bool at_end() const { return at_ == chunk_.size(); }
	std::size_t position() const { return at_; }

private:
	std::string_view chunk_;
	std::size_t at_;
};

} // namespace playbook::result
