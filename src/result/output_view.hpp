// Outputs as views, for tools that read tables: playbook_output_<playbook>_<output> with the rows of the
// latest execution, and …_history with those of all.
//
// A view has the columns' real types, which are known once an execution has finished: so it is made at the
// first such finish, or when the playbook is published and there was one. It belongs to the playbook's owner,
// in the schema that playbook.output_schema names, where that exists and the owner may create in it; it is no
// member of the extension, so a dump holds it. It reads playbook_output_rows() with the rights of whoever
// reads.
#pragma once

#include "execution/model.hpp"

namespace playbook::result {

// The view's name within 63 bytes: a long one ends in eight digits of its digest, so that _history still
// fits.
std::string output_view_name(const std::string &playbook, const std::string &output);

struct OutputView {
	std::string output;
	std::string view;   // qualified
	std::string status; // created, extended, unchanged, changed, waiting, refused
	std::string detail; // of changed, waiting and refused: what and why
};
// Makes the views of a playbook that are missing and adds columns that are new. A column that changed its
// type or is gone keeps its place and type in the view; `changed` says so.
std::vector<OutputView> make_output_views(const std::string &playbook);
// The same after publishing: what needs a person's eye is a warning, and nothing fails.
void publish_output_views(const std::string &playbook);
// The same after an execution has finished: nothing fails, nothing is said.
void show_first_outputs(const std::set<std::string> &playbooks);

// Whether the views of an execution that has just completed are to be made: some are missing and could be.
bool lacks_output_views(const execution::Execution &execution);

// The completed executions of a playbook whose results were saved, the latest first, up to `limit`, from
// `below` on (exclusive). As playbook_engine.
std::vector<std::int64_t> saved_executions(const std::string &playbook, std::int64_t below, int limit);
// Not of a draft, and not held back for a review.
bool is_shown(const execution::Execution &execution);

} // namespace playbook::result
