// Row sets as they are stored: bytes that storage may have damaged.
#include "property.hpp"
#include "result/chunk.hpp"
#include "result/erasure.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view bytes = fuzz::text_of(data, size);
	try {
		const result::ChunkHeader header = result::read_header(bytes);
		fuzz::require(header.size <= size, "a header lies in its chunk");
		std::string written = result::chunk_header(header.columns, header.encoding);
		result::close_chunk(written, header.rows);
		const result::ChunkHeader again = result::read_header(written);
		fuzz::require(again.columns == header.columns && again.rows == header.rows &&
		                  again.encoding == header.encoding && again.size == written.size(),
		              "a header reads as it was written");
		const result::Remaining left = result::rows_without(bytes, {"acme", "7", "Zoe@Acme.example"});
		fuzz::require(left.rows <= header.rows && left.chunk.size() <= size, "nothing comes to it");
		const result::Remaining twice = result::rows_without(left.chunk, {"acme", "7", "Zoe@Acme.example"});
		fuzz::require(twice.chunk == left.chunk, "what is left is a chunk, without the words");
	} catch (const result::BrokenChunk &broken) {
		fuzz::require(broken.what()[0] != '\0', "a refusal says why");
	}
	return 0;
}
