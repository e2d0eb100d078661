// Cuts a template into the tokens of Handlebars' own scanner, rule for rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expression/reference.hpp"

namespace playbook::expression {

enum class TemplateTokenKind {
	Content,
	Comment,
	Open,
	OpenUnescaped,
	OpenBlock,
	OpenInverse,
	OpenInverseChain,
	OpenEndBlock,
	OpenPartial,
	OpenRawBlock,
	Inverse,
	EndRawBlock,
	Close,
	CloseUnescaped,
	CloseRawBlock,
	OpenCall,
	CloseCall,
	OpenParameters,
	CloseParameters,
	Id,
	Equals,
	Separator,
	Data,
	String,
	Number,
	Boolean,
	Null,
	Undefined,
	End,
};

struct TemplateToken {
	TemplateTokenKind kind = TemplateTokenKind::End;
	std::size_t offset = 0;
	std::string text;   // the token as it counts: a string without its quotes, content without its escape
	std::string source; // an Id as written, [brackets] included
	bool strip_left = false;  // of a tag's delimiters: {{~
	bool strip_right = false; // ~}}
};

// Ends with End. Stops at the first character that belongs to no token and says so in `error` (one element).
std::vector<TemplateToken> scan_template(std::string_view text, std::vector<SyntaxError> &error);

} // namespace playbook::expression
