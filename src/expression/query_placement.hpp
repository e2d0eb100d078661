// Where each placeholder of a query stands, and so what may be put there.
//
// Looks at the neighbours of a placeholder and at the clause it is in, which is enough: the question is
// never "is this SQL right" (PostgreSQL says that) but "could a bound value stand here, and in which form".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expression/query_template.hpp"
#include "expression/sql_lexer.hpp"

namespace playbook::expression {

struct PlaceholderSite {
	std::string name;
	std::size_t begin = 0; // of "{{"
	std::size_t end = 0;   // past "}}"
	PlaceholderForm form = PlaceholderForm::Value;
	int list = -1; // position in QueryLayout::lists
	std::optional<SyntaxError>
	    if_bound;           // only a pasted value can stand here; this is what to say of any other
	bool null_test = false; // followed by IS [NOT] NULL, where PostgreSQL cannot infer a type
	bool json = false;      // cast to json or jsonb: arrays and objects travel as JSON text
};

// The parenthesis after IN or NOT IN.
struct QueryList {
	std::size_t begin = 0; // of IN, or of NOT
	std::size_t end = 0;   // past ")"
	bool negated = false;
	bool only_placeholders = true;    // nothing but placeholders and commas
	std::size_t first = 0, count = 0; // its sites
};

struct QueryLayout {
	std::vector<PlaceholderSite> sites; // in the order of the text
	std::vector<QueryList> lists;
};

QueryLayout place_placeholders(std::string_view text, const std::vector<SqlToken> &tokens);

} // namespace playbook::expression
