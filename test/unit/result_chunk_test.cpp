// The stored form of row sets: what is written is read, and damaged bytes are refused.
#include "result/chunk.hpp"

#include <gtest/gtest.h>

#include "result/erasure.hpp"

namespace playbook::result {
namespace {

std::string chunk_of(const std::vector<std::string> &names) {
	std::string chunk = chunk_header({{"name", "pg_catalog.text", -1, false}}, 6);
	for (const std::string &name : names) {
		append_int16(chunk, 1);
		append_int32(chunk, static_cast<std::int32_t>(name.size()));
		chunk += name;
	}
	close_chunk(chunk, static_cast<std::int32_t>(names.size()));
	return chunk;
}

TEST(Chunk, HeaderReadsAsItWasWritten) {
	const std::vector<Column> columns = {{"id", "pg_catalog.int4", -1, false},
	                                     {"own", "shop.\"X\"", 8, true}};
	std::string chunk = chunk_header(columns, 6);
	close_chunk(chunk, 70000);
	const ChunkHeader header = read_header(chunk);
	EXPECT_EQ(header.columns, columns);
	EXPECT_EQ(header.rows, 70000);
	EXPECT_EQ(header.encoding, 6);
	EXPECT_EQ(header.size, chunk.size());
}

TEST(Chunk, EveryShorterOneIsRefused) {
	const std::string chunk = chunk_of({"acme", "bolt"});
	for (std::size_t size = 0; size < chunk.size(); ++size)
		EXPECT_THROW(rows_without(chunk.substr(0, size), {"x"}), BrokenChunk) << size;
	EXPECT_EQ(rows_without(chunk, {"x"}).chunk, chunk);
	EXPECT_EQ(rows_without(chunk, {"acme"}).chunk, chunk_of({"bolt"}));
}

TEST(Chunk, NegativeCountsAreRefused) {
	std::string rows = chunk_of({});
	rows[rows.size() - 4] = '\x80';
	EXPECT_THROW(read_header(rows), BrokenChunk);
	std::string columns = chunk_of({});
	columns[5] = '\x80';
	EXPECT_THROW(read_header(columns), BrokenChunk);
}

} // namespace
} // namespace playbook::result
