// Prints a checked template tree with data. Semantics are those of Handlebars' runtime.
#pragma once

#include "expression/template.hpp"
#include "expression/template_syntax.hpp"

namespace playbook::expression {

Rendered render_template(const TemplateProgram &root, const Value &context, const RenderOptions &options);

} // namespace playbook::expression
