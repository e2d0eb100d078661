// Cuts SQL text into tokens as PostgreSQL's scanner does (standard_conforming_strings on), placeholders
// included.
//
// Just enough to know what is quoted, what is a comment and what stands beside a placeholder; no grammar.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "expression/reference.hpp"

namespace playbook::expression {

enum class SqlTokenKind {
	Word,       // keyword or unquoted name
	QuotedName, // "…" and U&"…"
	Literal,    // '…', E'…', U&'…', B'…', X'…', N'…' and $tag$…$tag$
	Number,
	Parameter,   // $1
	Operator,    // one character of punctuation, or "::"
	Placeholder, // {{name}}
};

struct SqlToken {
	SqlTokenKind kind;
	std::size_t begin;
	std::size_t end;
	std::string_view text;      // of the scanned text
	std::string_view name = {}; // of a placeholder

	bool is(char operation) const {
		return kind == SqlTokenKind::Operator && text.size() == 1 && text[0] == operation;
	}
	// A word compared without regard to case; `upper` is in capitals.
	bool is_word(std::string_view upper) const;
};

struct SqlScan {
	std::vector<SqlToken> tokens; // comments left out
	std::vector<SyntaxError> errors;
};

enum class SqlScanMode {
	Template, // "{{name}}" is a placeholder, wrong places for one and $1 are errors
	Finished, // braces are characters like any other, $1 is a token
};

// The tokens point into `text`, which must outlive them. A text that ends inside a literal or comment is an
// error.
SqlScan scan_sql(std::string_view text, SqlScanMode mode);

// Letters, digits, "_", "$" and every byte of a multi-byte character.
bool continues_sql_word(char c);

} // namespace playbook::expression
