#include "expression/template.hpp"

#include <algorithm>

#include "expression/template_checker.hpp"
#include "expression/template_parser.hpp"
#include "expression/template_renderer.hpp"

namespace playbook::expression {

// A Template that was default-constructed is the empty text.
struct Template::Program {
	TemplateProgram root;
	std::vector<SyntaxError> errors;
	std::vector<PathUse> uses;
	std::vector<std::vector<std::string>> paths;
	bool is_constant = true;
};

Template Template::parse(std::string_view text) {
	auto program = std::make_shared<Program>();
	program->is_constant = text.find("{{") == std::string_view::npos;
	program->root = parse_template(text, program->errors);
	if (program->errors.empty()) {
		TemplateNames names = check_template(program->root);
		program->errors = std::move(names.errors);
		program->uses = std::move(names.uses);
		for (const PathUse &use : program->uses)
			if (std::find(program->paths.begin(), program->paths.end(), use.path) == program->paths.end())
				program->paths.push_back(use.path);
	}
	Template result;
	result.program_ = std::move(program);
	return result;
}

Template::Template() {
	static const std::shared_ptr<const Program> empty = std::make_shared<Program>();
	program_ = empty;
}

const std::vector<SyntaxError> &Template::errors() const & { return program_->errors; }
const std::vector<std::vector<std::string>> &Template::paths() const & { return program_->paths; }
const std::vector<PathUse> &Template::uses() const & { return program_->uses; }
bool Template::is_constant() const { return program_->is_constant; }

Rendered Template::render(const Value &context, const RenderOptions &options) const {
	if (!program_->errors.empty()) return {};
	return render_template(program_->root, context, options);
}

} // namespace playbook::expression
