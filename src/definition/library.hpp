// The ready-made playbooks that are part of this module: the files of library/, put into it by the build. An
// id that no stored playbook has names the library's text; whoever starts it is its owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "definition/model.hpp"

namespace playbook::definition {

struct LibraryEntry {
	std::string text; // as its file has it
	std::shared_ptr<const Definition> definition;
};

// In the order of their ids. Read at the first use in a process.
const std::vector<LibraryEntry> &library();
// Null when the library has no such id.
const LibraryEntry *find_in_library(std::string_view id);

} // namespace playbook::definition
