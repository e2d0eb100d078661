// Gives every name in a template its meaning: variable, block parameter, block, helper; reports what has
// none.
#pragma once

#include <string>
#include <vector>

#include "expression/reference.hpp"
#include "expression/template.hpp"
#include "expression/template_syntax.hpp"

namespace playbook::expression {

struct TemplateNames {
	std::vector<PathUse> uses;
	std::vector<SyntaxError> errors;
};

// Sets roles, helpers and block parameters in the tree.
TemplateNames check_template(TemplateProgram &root);

} // namespace playbook::expression
