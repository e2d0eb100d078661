// Rows as CSV (RFC 4180, with line feeds): a header, then the values as the server prints them, in UTC. A
// null is an empty field, an empty text a quoted one, as in COPY.
#pragma once

#include <functional>

#include "result/row_set.hpp"

namespace playbook::result {

void write_csv(const RowSet &rows, const std::function<void(std::string_view)> &piece);

} // namespace playbook::result
