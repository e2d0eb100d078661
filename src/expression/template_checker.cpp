#include "expression/template_checker.hpp"

#include <algorithm>

#include "expression/template_helper.hpp"
#include "value/excerpt.hpp"

namespace playbook::expression {
namespace {

using Role = TemplateCall::Role;

// Handlebars' own test for "./x", "../x" and "this.x", which also takes a name that merely ends in "this".
bool is_scoped(const std::string &original) {
	if (!original.empty() && original[0] == '.') return true;
	for (std::size_t at = original.find("this"); at != std::string::npos;
	     at = original.find("this", at + 1)) {
		const char next = at + 4 < original.size() ? original[at + 4] : ' ';
		const bool word = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') ||
		                  (next >= '0' && next <= '9') || next == '_';
		if (!word) return true;
	}
	return false;
}

bool is_known_root(const std::string &name) {
	static constexpr std::string_view roots[] = {"customer",  "csm",  "parameters", "steps",   "event",
	                                             "execution", "item", "index",      "playbook"};
	return std::find(std::begin(roots), std::end(roots), name) != std::end(roots);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
	std::vector<std::size_t> row(b.size() + 1);
	for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
	for (std::size_t i = 1; i <= a.size(); ++i) {
		std::size_t diagonal = row[0]++;
		for (std::size_t j = 1; j <= b.size(); ++j) {
			const std::size_t above = row[j];
			row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
			diagonal = above;
		}
	}
	return row[b.size()];
}

class Checker {
public:
	TemplateNames run(TemplateProgram &root) {
		program(root);
		return std::move(result_);
	}

private:
	void fail(std::size_t offset, std::string message, std::string hint) {
		result_.errors.push_back(SyntaxError{offset, std::move(message), std::move(hint)});
	}

	// Depth is bounded by the parser.
	void program(TemplateProgram &tree) {
		parameters_.push_back(&tree.parameters);
		for (TemplateNode &node : tree.body) {
			if (node.kind == TemplateNode::Kind::Mustache) {
				mustache(node.call);
			} else if (node.kind == TemplateNode::Kind::Block) {
				block(node);
			}
		}
		parameters_.pop_back();
	}

	void mustache(TemplateCall &call) {
		arguments(call);
		classify(call, false);
		if (call.role == Role::If || call.role == Role::Unless || call.role == Role::Each ||
		    call.role == Role::With)
			fail(call.path.offset, "\"" + call.path.original + "\" is a block",
			     "Write {{#" + call.path.original + " …}} … {{/" + call.path.original + "}}.");
	}

	void block(TemplateNode &node) {
		TemplateCall &call = node.call;
		arguments(call);
		classify(call, false);
		const std::string name = call.path.original;
		if (call.role == Role::Helper || call.role == Role::Lookup || call.role == Role::Log) {
			fail(call.path.offset, "helper \"" + name + "\" is no block",
			     "Write {{" + name + " …}} without \"#\" and without an end.");
		} else if (call.role == Role::Variable) {
			call.role = Role::ValueBlock;
		} else if (call.parameters.size() != 1) {
			fail(call.path.offset,
			     "\"#" + name + "\" takes one argument, not " + std::to_string(call.parameters.size()),
			     "Combine conditions with a helper, as in {{#if (and customer.active customer.email)}}.");
		}
		// What is inside reads names from another context, except in a mere condition.
		const bool shifts = call.role != Role::If && call.role != Role::Unless;
		if (node.program) {
			contexts_ += shifts ? 1 : 0;
			program(*node.program);
			contexts_ -= shifts ? 1 : 0;
		}
		if (node.inverse) program(*node.inverse);
	}

	void arguments(TemplateCall &call) {
		for (TemplateExpression &parameter : call.parameters) expression(parameter);
		for (auto &[key, value] : call.hash) expression(value);
	}

	void expression(TemplateExpression &expression) {
		if (expression.kind == TemplateExpression::Kind::Path) {
			resolve(expression.path);
		} else if (expression.kind == TemplateExpression::Kind::Call) {
			arguments(*expression.call);
			classify(*expression.call, true);
			const Role role = expression.call->role;
			if (role != Role::Variable && role != Role::Helper && role != Role::Lookup)
				fail(expression.call->path.offset,
				     "\"" + expression.call->path.original + "\" cannot stand in parentheses",
				     "Only helpers that give a value can.");
		}
	}

	void classify(TemplateCall &call, bool is_subexpression) {
		TemplatePath &path = call.path;
		resolve_parameter(path);
		const bool simple = path.parts.size() == 1 && path.depth == 0 && !is_scoped(path.original);
		const bool has_arguments = !call.parameters.empty() || !call.hash.empty();
		if (simple && path.is_parameter()) return; // arguments are ignored, as Handlebars does
		const std::string name = path.parts.size() == 1 && path.depth == 0 && !path.data ? path.parts[0] : "";
		if (!name.empty() && (simple || has_arguments || is_subexpression) && built_in(call, name)) return;
		if (!has_arguments && !is_subexpression) return record(path);
		call.helper = simple && !path.data ? find_helper(name) : nullptr;
		if (call.helper == nullptr) return unknown(path);
		call.role = Role::Helper;
		check_arguments(call);
	}

	bool built_in(TemplateCall &call, const std::string &name) {
		static constexpr std::pair<std::string_view, Role> roles[] = {
		    {"if", Role::If},     {"unless", Role::Unless}, {"each", Role::Each},
		    {"with", Role::With}, {"lookup", Role::Lookup}, {"log", Role::Log}};
		for (const auto &[word, role] : roles) {
			if (word != name) continue;
			call.role = role;
			if (role == Role::Lookup && call.parameters.size() != 2)
				fail(call.path.offset,
				     "\"lookup\" takes two arguments, not " + std::to_string(call.parameters.size()),
				     "Write {{lookup list_or_object name}}.");
			return true;
		}
		return false;
	}

	void check_arguments(const TemplateCall &call) {
		const Helper &helper = *call.helper;
		const std::size_t count = call.parameters.size();
		const std::string usage = "Write it as in " + std::string(helper.usage) + ".";
		if (count < helper.least || count > helper.most) {
			std::string expected = std::to_string(helper.least);
			if (helper.most == any_number)
				expected += " or more";
			else if (helper.most != helper.least)
				expected += " to " + std::to_string(helper.most);
			fail(call.path.offset,
			     "helper \"" + std::string(helper.name) + "\" takes " + expected + " arguments, not " +
			         std::to_string(count),
			     usage);
		}
		for (const auto &[key, value] : call.hash) {
			const std::string padded = " " + std::string(helper.hash) + " ";
			if (!key.empty() && key.find(' ') == std::string::npos &&
			    padded.find(" " + key + " ") != std::string::npos)
				continue;
			fail(call.path.offset,
			     "helper \"" + std::string(helper.name) + "\" has no argument called \"" + key + "\"",
			     helper.hash.empty() ? usage : "It knows: " + std::string(helper.hash) + ".");
		}
	}

	void unknown(const TemplatePath &path) {
		std::string nearest;
		std::size_t best = std::max<std::size_t>(2, path.original.size() / 3);
		for (const std::string_view name : helper_names()) {
			if (path.original.size() > 40) break;
			const std::size_t distance = edit_distance(path.original, name);
			if (distance > best || (distance == best && !nearest.empty())) continue;
			best = distance;
			nearest = name;
		}
		fail(path.offset, "unknown helper \"" + excerpt(path.original, 60) + "\"",
		     nearest.empty() ? "The helpers are listed in doc/templates.md."
		                     : "Did you mean \"" + nearest + "\"?");
	}

	void resolve(TemplatePath &path) {
		resolve_parameter(path);
		record(path);
	}

	void resolve_parameter(TemplatePath &path) {
		if (path.depth > 0 || path.parts.empty() || is_scoped(path.original)) return;
		for (std::size_t out = 0; out < parameters_.size(); ++out) {
			const std::vector<std::string> &names = *parameters_[parameters_.size() - 1 - out];
			const auto found = std::find(names.begin(), names.end(), path.parts[0]);
			if (found == names.end()) continue;
			path.parameter_depth = static_cast<int>(out);
			path.parameter_index = static_cast<int>(found - names.begin());
			return;
		}
	}

	void record(const TemplatePath &path) {
		if (path.is_parameter() || path.parts.empty()) return;
		PathUse use;
		use.offset = path.offset;
		use.path = path.parts;
		if (path.data) {
			if (path.parts[0] != "root" || path.parts.size() < 2) return;
			use.path.erase(use.path.begin());
		} else {
			use.relative = contexts_ > path.depth && !is_known_root(path.parts[0]);
		}
		result_.uses.push_back(std::move(use));
	}

	std::vector<const std::vector<std::string> *> parameters_; // of the programs around, outermost first
	int contexts_ = 0;                                         // blocks around that change the context
	TemplateNames result_;
};

} // namespace

TemplateNames check_template(TemplateProgram &root) { return Checker().run(root); }

} // namespace playbook::expression
