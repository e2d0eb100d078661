#include "expression/template_renderer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "expression/locale.hpp"
#include "expression/template_helper.hpp"

namespace playbook::expression {
namespace {

using Role = TemplateCall::Role;

// What @index, @key, @first and @last mean; one for each running #each.
struct Iteration {
	const Iteration *parent = nullptr;
	bool running = false; // false: the top, where only @root is known
	Operand key;
	std::size_t index = 0;
	bool first = false, last = false;
};

// The contexts that ../ walks through, innermost first.
struct Contexts {
	Operand context;
	const Contexts *parent = nullptr;
};

// Block parameters, one entry for each program around; most are empty.
struct Parameters {
	std::array<Operand, 2> values;
	const Parameters *parent = nullptr;
};

struct Scope {
	Operand context;
	const Contexts *contexts;
	const Iteration *iteration;
	const Parameters *parameters;
};

// Handlebars hands an empty object to blocks where the context is null.
const Value &empty_context() {
	static const Value empty = Value::object();
	return empty;
}

class Renderer {
public:
	Renderer(const Value &root, const RenderOptions &options)
	    : root_(Operand::view(&root)), options_(options) {}

	Rendered render(const TemplateProgram &program) {
		const Contexts top{root_, nullptr};
		const Iteration none;
		run(program, Scope{root_, &top, &none, nullptr});
		return std::move(result_);
	}

private:
	void count(std::size_t operations = 1) {
		operations_ += operations;
		if (operations_ > options_.max_operations)
			throw TemplateError("template takes more than " + std::to_string(options_.max_operations) +
			                    " operations");
	}
	// Long texts cost more than one operation, so that a loop over them is bounded too.
	static std::size_t cost(const Operand &operand) {
		const Value *value = operand.get();
		if (value == nullptr) return 1;
		return 1 + (value->is_string() ? value->string().size() / 256 : value->size() / 16);
	}

	void run(const TemplateProgram &program, const Scope &scope) {
		for (const TemplateNode &node : program.body) {
			count();
			switch (node.kind) {
			case TemplateNode::Kind::Content: result_.text += node.value; break;
			case TemplateNode::Kind::Comment: break;
			case TemplateNode::Kind::Mustache: print(evaluate(node.call, scope, true), node.escaped); break;
			case TemplateNode::Kind::Block: block(node, scope); break;
			}
			if (result_.text.size() > options_.max_output)
				throw TemplateError("text is longer than " + std::to_string(options_.max_output) + " bytes");
		}
	}

	void print(const Operand &operand, bool escaped) {
		count(cost(operand));
		if (!escaped || !options_.escape_html) {
			append_script_text(result_.text, operand);
			return;
		}
		for (const char c : script_text(operand)) {
			switch (c) {
			case '&': result_.text += "&amp;"; break;
			case '<': result_.text += "&lt;"; break;
			case '>': result_.text += "&gt;"; break;
			case '"': result_.text += "&quot;"; break;
			case '\'': result_.text += "&#x27;"; break;
			case '`': result_.text += "&#x60;"; break;
			case '=': result_.text += "&#x3D;"; break;
			default: result_.text += c;
			}
		}
	}

	// ---- blocks -------------------------------------------------------------------------------------------

	void block(const TemplateNode &node, const Scope &scope) {
		const TemplateCall &call = node.call;
		if (call.role == Role::ValueBlock) return value_block(node, scope);
		const Operand argument = evaluate(call.parameters[0], scope, false);
		// The context that a block passes on unchanged.
		const Operand same = scope.context.is_nothing() ? Operand::view(&empty_context()) : scope.context;
		const TemplateProgram *chosen = node.program.get(), *other = node.inverse.get();
		switch (call.role) {
		case Role::Unless: std::swap(chosen, other); [[fallthrough]];
		case Role::If: {
			bool include_zero = false;
			for (const auto &[key, value] : call.hash)
				if (key == "includeZero") include_zero = is_truthy(evaluate(value, scope, false));
			enter(passes_if(argument, include_zero) ? chosen : other, same, scope, scope.iteration);
			break;
		}
		case Role::With:
			if (is_empty(argument))
				enter(other, same, scope, scope.iteration);
			else
				enter(chosen, argument, scope, scope.iteration, {argument, Operand()});
			break;
		default:
			if (!each(chosen, argument, scope)) enter(other, same, scope, scope.iteration);
		}
	}

	// {{#name}} … {{/name}}: a loop over a list, a condition on a truth value, else a change of context.
	void value_block(const TemplateNode &node, const Scope &scope) {
		const Operand value = look_up(node.call.path, scope);
		if (value.is_nothing() || (value.get()->is_boolean() && !value.get()->boolean())) {
			enter(node.inverse.get(), scope.context, scope, scope.iteration);
		} else if (value.get()->is_boolean()) {
			enter(node.program.get(), scope.context, scope, scope.iteration);
		} else if (value.get()->is_array()) {
			if (value.get()->items().empty())
				enter(node.inverse.get(), scope.context, scope, scope.iteration);
			else
				each(node.program.get(), value, scope);
		} else {
			enter(node.program.get(), value, scope, scope.iteration);
		}
	}

	// False when there was nothing to visit.
	bool each(const TemplateProgram *program, const Operand &list, const Scope &scope) {
		if (list.is_nothing() || list.get()->is_scalar() || list.get()->size() == 0) return false;
		Iteration iteration;
		iteration.parent = scope.iteration;
		iteration.running = true;
		const std::size_t size = list.get()->size();
		const auto visit = [&](const Value &value, Operand key, std::size_t index) {
			count();
			iteration.key = std::move(key);
			iteration.index = index;
			iteration.first = index == 0;
			iteration.last = index + 1 == size;
			const Operand element = list.part(&value);
			enter(program, element, scope, &iteration, {element, iteration.key});
		};
		if (list.get()->is_array()) {
			for (std::size_t i = 0; i < size; ++i) visit(list.get()->items()[i], Operand::own(Value(i)), i);
		} else {
			std::size_t index = 0;
			for (const Member *member : visited_members(*list.get()))
				visit(member->value, Operand::own(Value(member->key)), index++);
		}
		return true;
	}

	void enter(const TemplateProgram *program, const Operand &context, const Scope &outer,
	           const Iteration *iteration, std::array<Operand, 2> values = {}) {
		if (program == nullptr) return;
		const Parameters parameters{std::move(values), outer.parameters};
		const Contexts inner{context, outer.contexts};
		// A context that equals the one around is no step for "../".
		const Operand &around = outer.contexts->context;
		const bool stands_for_null = context.get() == &empty_context() && around.is_nothing();
		const bool same = loosely_equal(context, around) || stands_for_null;
		run(*program, Scope{context, same ? outer.contexts : &inner, iteration, &parameters});
	}

	// ---- values -------------------------------------------------------------------------------------------

	// `printed`: the value itself reaches the reader, so that it is worth reporting when there is none.
	Operand evaluate(const TemplateExpression &expression, const Scope &scope, bool printed) {
		count();
		switch (expression.kind) {
		case TemplateExpression::Kind::Path: {
			const Operand value = look_up(expression.path, scope);
			if (printed && value.is_nothing()) report_missing(describe(expression.path));
			return value;
		}
		case TemplateExpression::Kind::Literal: return Operand::view(&expression.literal);
		case TemplateExpression::Kind::Call: return evaluate(*expression.call, scope, printed);
		default: return Operand();
		}
	}

	Operand evaluate(const TemplateCall &call, const Scope &scope, bool printed) {
		switch (call.role) {
		case Role::Helper: return run_helper(call, scope, printed);
		case Role::Lookup: {
			const Operand object = evaluate(call.parameters[0], scope, false);
			const Operand name = evaluate(call.parameters[1], scope, false);
			const Operand value = is_truthy(object) ? property(object, property_key(name)) : object;
			if (printed && value.is_nothing())
				report_missing(describe(call.parameters[0]) + "." + property_key(name));
			return value;
		}
		case Role::Log: return Operand();
		default: {
			const Operand value = look_up(call.path, scope);
			if (printed && value.is_nothing()) report_missing(describe(call.path));
			return value;
		}
		}
	}

	Operand run_helper(const TemplateCall &call, const Scope &scope, bool printed) {
		const bool report = printed && !call.helper->judges;
		std::vector<Operand> parameters;
		parameters.reserve(call.parameters.size());
		for (const TemplateExpression &parameter : call.parameters) {
			parameters.push_back(evaluate(parameter, scope, report));
			count(cost(parameters.back()));
		}
		std::vector<std::pair<std::string_view, Operand>> hash;
		for (const auto &[key, value] : call.hash) hash.emplace_back(key, evaluate(value, scope, report));
		if (!formatter_) formatter_.emplace();
		const HelperCall invocation(call.helper->name, std::move(parameters), std::move(hash), options_,
		                            *formatter_);
		Operand value = call.helper->run(invocation);
		count(cost(value));
		// {{default a b}} with neither: the first name is what is missing.
		if (printed && call.helper->judges && value.is_nothing() && !call.parameters.empty())
			report_missing(describe(call.parameters[0]));
		return value;
	}

	Operand look_up(const TemplatePath &path, const Scope &scope) {
		count();
		if (path.is_parameter()) return parameter(path, scope);
		// A quirk of Handlebars: a path that begins with an empty segment is the context.
		if (!path.parts.empty() && path.parts[0].empty()) return ancestor(path, scope);
		if (path.data) return iteration_value(path, scope);
		Operand value = ancestor(path, scope), holder;
		for (std::size_t i = 0; i < path.parts.size(); ++i) {
			Operand found = property(value, path.parts[i]);
			if (found.is_nothing() && i > 0 && !value.is_nothing() && value.get()->is_array())
				found = property(property(holder, members_beside_list(path.parts[i - 1])), path.parts[i]);
			holder = std::exchange(value, std::move(found));
		}
		return value;
	}

	// What the "../" of a path lead to.
	static Operand ancestor(const TemplatePath &path, const Scope &scope) {
		if (path.depth == 0) return scope.context;
		const Contexts *contexts = scope.contexts;
		for (int i = 0; i < path.depth && contexts != nullptr; ++i) contexts = contexts->parent;
		return contexts != nullptr ? contexts->context : Operand();
	}

	Operand parameter(const TemplatePath &path, const Scope &scope) {
		const Parameters *parameters = scope.parameters;
		for (int i = 0; i < path.parameter_depth && parameters != nullptr; ++i)
			parameters = parameters->parent;
		if (parameters == nullptr || path.parameter_index > 1) return Operand();
		Operand value = parameters->values[static_cast<std::size_t>(path.parameter_index)];
		for (std::size_t i = 1; i < path.parts.size(); ++i) value = property(value, path.parts[i]);
		return value;
	}

	Operand iteration_value(const TemplatePath &path, const Scope &scope) {
		const Iteration *iteration = scope.iteration;
		for (int i = 0; i < path.depth && iteration != nullptr; ++i) iteration = iteration->parent;
		if (iteration == nullptr) return Operand();
		if (path.parts.empty()) return Operand::view(&empty_context());
		const std::string &name = path.parts[0];
		Operand value;
		if (name == "root")
			value = root_;
		else if (!iteration->running)
			return Operand();
		else if (name == "key")
			value = iteration->key;
		else if (name == "index")
			value = Operand::own(Value(iteration->index));
		else if (name == "first")
			value = Operand::own(Value(iteration->first));
		else if (name == "last")
			value = Operand::own(Value(iteration->last));
		// Below "@" a false value ends the look-up and is itself the result.
		for (std::size_t i = 1; i < path.parts.size() && is_truthy(value); ++i)
			value = property(value, path.parts[i]);
		return value;
	}

	// ---- what is missing ----------------------------------------------------------------------------------

	static std::string describe(const TemplatePath &path) {
		std::string out;
		for (int i = 0; i < path.depth; ++i) out += "../";
		if (path.data) out += '@';
		for (std::size_t i = 0; i < path.parts.size(); ++i) {
			if (i > 0) out += '.';
			out += path.parts[i];
		}
		return out.empty() ? "this" : out;
	}
	static std::string describe(const TemplateExpression &expression) {
		if (expression.kind == TemplateExpression::Kind::Path) return describe(expression.path);
		if (expression.kind != TemplateExpression::Kind::Call) return "a literal";
		return expression.call->parameters.empty() ? expression.call->path.original
		                                           : describe(expression.call->parameters[0]);
	}
	void report_missing(std::string name) {
		if (name.rfind("@root.", 0) == 0) name.erase(0, 6);
		if (std::find(result_.missing.begin(), result_.missing.end(), name) == result_.missing.end())
			result_.missing.push_back(std::move(name));
	}

	const Operand root_;
	const RenderOptions &options_;
	std::optional<Formatter> formatter_;
	std::size_t operations_ = 0;
	Rendered result_;
};

} // namespace

Rendered render_template(const TemplateProgram &root, const Value &context, const RenderOptions &options) {
	return Renderer(context, options).render(root);
}

} // namespace playbook::expression
