// From a template's text to its tree, white-space control applied; names are not looked at yet
// (template_checker).
#pragma once

#include <string_view>
#include <vector>

#include "expression/reference.hpp"
#include "expression/template_syntax.hpp"

namespace playbook::expression {

// Blocks within blocks, subexpressions within subexpressions, links of an else-if chain.
inline constexpr int max_template_depth = 64;

// Stops at the first mistake, which is then the only element of `errors`.
TemplateProgram parse_template(std::string_view text, std::vector<SyntaxError> &errors);

// "~" and lines that hold nothing but a block's tag or a comment: takes white space off the content nodes.
void control_white_space(TemplateProgram &root);

} // namespace playbook::expression
