// An artifact as a file of the server: its canonical form, at its path under a directory that a superuser
// named.
#pragma once

#include "execution/model.hpp"

namespace playbook::result {

// The directory of playbook.artifact_directory. Throws 42501 unless the caller is a member of
// pg_write_server_files, 55000 when there is none, 22023 when it is no absolute path.
std::string export_directory();
// Writes the file whole or not at all, in place of a former one, and returns its path.
std::string export_artifact(const execution::Execution &execution, const std::string &directory);

} // namespace playbook::result
