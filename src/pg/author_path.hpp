// The search_path with which SQL is read and run that somebody else may have written.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::pg {

// `saved` is the author's; "" is the server's default. In a session of somebody else (`restricted`) what that
// session made for itself, temporary tables, views and types, comes after everything that the author meant.
std::string search_path_of_author(const std::string &saved, bool restricted);

} // namespace playbook::pg
