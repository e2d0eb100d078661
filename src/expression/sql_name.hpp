// Names that arrive at run time ("analytics.accounts"): checked, split at dots and quoted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace playbook::expression {

// The parts of a name of one to four parts. A part is letters, digits, "_", "$" and "-" as they are written
// (nothing is folded to lower case), or anything in double quotes. Empty with `problem` set when the text
// is no name.
std::vector<std::string> split_sql_name(std::string_view text, std::string &problem);

// Always in double quotes, doubled inside.
std::string quote_sql_name(std::string_view part);

inline constexpr const char *sql_name_hint = "A name is one to four parts separated by dots, of letters, "
                                             "digits, _, $ and -, each of at most 63 bytes; put any "
                                             "other part in double quotes.";

} // namespace playbook::expression
