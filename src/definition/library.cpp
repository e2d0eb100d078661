#include "definition/library.hpp"

#include "definition/parser.hpp"
#include "pg/guard.hpp"

namespace playbook::generated {
extern const std::string_view *const library_texts[]; // scripts/embed-library; a null pointer ends it
}

namespace playbook::definition {
namespace {

std::vector<LibraryEntry> read_library() {
	std::vector<LibraryEntry> entries;
	for (const std::string_view *const *text = generated::library_texts; *text != nullptr; ++text) {
		ParseResult parsed = parse_definition(std::string(**text), ParseLimits());
		if (parsed.definition == nullptr)
			throw pg::Error(ERRCODE_INTERNAL_ERROR, "text of the library cannot be read",
			                parsed.problems.empty() ? std::string() : parsed.problems.front().message);
		entries.push_back({std::string(**text), std::move(parsed.definition)});
	}
	std::sort(entries.begin(), entries.end(), [](const LibraryEntry &a, const LibraryEntry &b) {
		return a.definition->id < b.definition->id;
	});
	return entries;
}

} // namespace

const std::vector<LibraryEntry> &library() {
	static const auto *const entries = new std::vector<LibraryEntry>(read_library());
	return *entries;
}

const LibraryEntry *find_in_library(std::string_view id) {
	const std::vector<LibraryEntry> &entries = library();
	const auto found = std::find_if(entries.begin(), entries.end(),
	                                [id](const LibraryEntry &entry) { return entry.definition->id == id; });
	return found == entries.end() ? nullptr : &*found;
}

} // namespace playbook::definition
