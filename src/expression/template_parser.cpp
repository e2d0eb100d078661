#include "expression/template_parser.hpp"

#include <algorithm>

#include "expression/script_value.hpp"
#include "expression/template_lexer.hpp"
#include "value/excerpt.hpp"

namespace playbook::expression {
namespace {

using Kind = TemplateTokenKind;

struct Failure {
	SyntaxError error;
};

// Recursive descent over Handlebars' grammar. Depth is counted, so a hostile template cannot overflow the
// stack.
class Parser {
public:
	explicit Parser(std::vector<TemplateToken> tokens) : tokens_(std::move(tokens)) {}

	TemplateProgram parse() {
		TemplateProgram root = program();
		const TemplateToken &rest = peek();
		if (rest.kind == Kind::OpenEndBlock)
			fail(rest, "a block is closed that is not open", "Remove the tag, or open the block before it.");
		if (rest.kind == Kind::Inverse || rest.kind == Kind::OpenInverseChain)
			fail(rest, "\"else\" outside a block",
			     "It belongs between {{#if …}} and {{/if}}, or into another block.");
		return root;
	}

private:
	class Nesting {
	public:
		Nesting(Parser &parser, const TemplateToken &at) : parser_(parser) {
			if (++parser_.depth_ > max_template_depth)
				parser_.fail(at, "template is nested deeper than 64 levels",
				             "Split it, or compute the text in an earlier step.");
		}
		~Nesting() { --parser_.depth_; }
		Nesting(const Nesting &) = delete;
		Nesting &operator=(const Nesting &) = delete;

	private:
		Parser &parser_;
	};

	// What follows {{else}} or {{else if x}}.
	struct Inverse {
		std::unique_ptr<TemplateProgram> program;
		Strip strip;
		bool chained = false;
	};

	const TemplateToken &peek(std::size_t ahead = 0) const {
		return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
	}
	const TemplateToken &next() { return tokens_[at_ < tokens_.size() - 1 ? at_++ : at_]; }
	[[noreturn]] void fail(const TemplateToken &token, std::string message, std::string hint) const {
		throw Failure{SyntaxError{token.offset, std::move(message), std::move(hint)}};
	}
	[[noreturn]] void unexpected(const TemplateToken &token) const {
		if (token.kind == Kind::End) fail(token, "unexpected end of a mustache", "Close it with }}.");
		fail(token, "unexpected \"" + excerpt(token.text, 40) + "\" in a mustache",
		     "A mustache is a variable or a helper with its arguments, as in {{customer.name}} or {{date "
		     "customer.renewal_date}}.");
	}

	TemplateProgram program() {
		TemplateProgram result;
		for (;;) {
			switch (peek().kind) {
			case Kind::Content: result.body.push_back(content()); break;
			case Kind::Comment: {
				const TemplateToken &token = next();
				TemplateNode node = make(TemplateNode::Kind::Comment, token);
				node.strip = Strip{token.strip_left, token.strip_right};
				result.body.push_back(std::move(node));
				break;
			}
			case Kind::Open:
			case Kind::OpenUnescaped: result.body.push_back(mustache()); break;
			case Kind::OpenBlock: result.body.push_back(block(false)); break;
			case Kind::OpenInverse: result.body.push_back(block(true)); break;
			case Kind::OpenRawBlock: result.body.push_back(raw_block()); break;
			case Kind::OpenPartial:
				fail(peek(), "partials are not supported",
				     "Write the text out here, or compute it in an earlier step.");
			default: return result;
			}
		}
	}

	static TemplateNode make(TemplateNode::Kind kind, const TemplateToken &token) {
		TemplateNode node;
		node.kind = kind;
		node.offset = token.offset;
		return node;
	}

	TemplateNode content() {
		const TemplateToken &token = next();
		TemplateNode node = make(TemplateNode::Kind::Content, token);
		node.original = node.value = token.text;
		return node;
	}

	TemplateNode mustache() {
		const TemplateToken open = next();
		if (open.text.find('*') != std::string::npos)
			fail(open, "decorators are not supported", "Use a block or a helper.");
		TemplateNode node = make(TemplateNode::Kind::Mustache, open);
		node.escaped = open.kind == Kind::Open && open.text.back() != '&';
		node.call = call(open.offset);
		const TemplateToken &close = next();
		if (close.kind != (open.kind == Kind::OpenUnescaped ? Kind::CloseUnescaped : Kind::Close))
			unexpected(close);
		node.strip = Strip{open.strip_left, close.strip_right};
		return node;
	}

	TemplateNode block(bool inverted) {
		const TemplateToken open = next();
		if (open.text.find('*') != std::string::npos)
			fail(open, "inline partials and decorators are not supported",
			     "Write the text out where it is used.");
		const Nesting nesting(*this, open);
		TemplateNode node = make(TemplateNode::Kind::Block, open);
		std::vector<std::string> parameters = open_block(node, open);
		auto main = std::make_unique<TemplateProgram>(program());
		main->parameters = std::move(parameters);
		Inverse inverse;
		const TemplateToken &after = peek();
		if (after.kind == Kind::Inverse) {
			inverse = simple_inverse();
		} else if (after.kind == Kind::OpenInverseChain) {
			if (inverted)
				fail(after, "\"else if\" in an inverted block", "Write {{else}} with a block inside.");
			inverse = inverse_chain();
		}
		close_block(node, open);
		if (inverse.chained) inverse.program->body[0].close_strip = node.close_strip;
		node.inverse_strip = inverse.strip;
		node.program = std::move(inverted ? inverse.program : main);
		node.inverse = std::move(inverted ? main : inverse.program);
		return node;
	}

	// Reads the rest of an opening tag and returns its block parameters.
	std::vector<std::string> open_block(TemplateNode &node, const TemplateToken &open) {
		node.call = call(open.offset);
		std::vector<std::string> parameters;
		if (peek().kind == Kind::OpenParameters) {
			next();
			while (peek().kind == Kind::Id) parameters.push_back(next().text);
			if (parameters.empty() || peek().kind != Kind::CloseParameters) unexpected(peek());
			next();
		}
		const TemplateToken &close = next();
		if (close.kind != Kind::Close) unexpected(close);
		node.open_strip = Strip{open.strip_left, close.strip_right};
		return parameters;
	}

	void close_block(TemplateNode &node, const TemplateToken &open) {
		const TemplateToken end = next();
		const std::string name = node.call.path.original;
		if (end.kind == Kind::Inverse || end.kind == Kind::OpenInverseChain)
			fail(end, "a second \"else\" in block \"" + name + "\"",
			     "A block has one {{else}}, after all its {{else if …}}.");
		if (end.kind != Kind::OpenEndBlock)
			fail(open, "block \"" + name + "\" is not closed", "Close it with {{/" + name + "}}.");
		const TemplatePath path = head();
		const TemplateToken &close = next();
		if (close.kind != Kind::Close) unexpected(close);
		if (path.original != name)
			fail(end, "\"{{/" + path.original + "}}\" does not close block \"" + name + "\"",
			     "Close the inner block first, with {{/" + name + "}}.");
		node.close_strip = Strip{end.strip_left, close.strip_right};
	}

	Inverse simple_inverse() {
		const TemplateToken token = next();
		Inverse result;
		result.strip = Strip{token.strip_left, token.strip_right};
		result.program = std::make_unique<TemplateProgram>(program());
		return result;
	}

	// {{else if x}} is a block of its own inside the inverse of the block before it.
	Inverse inverse_chain() {
		const TemplateToken open = next();
		const Nesting nesting(*this, open);
		TemplateNode node = make(TemplateNode::Kind::Block, open);
		std::vector<std::string> parameters = open_block(node, open);
		node.program = std::make_unique<TemplateProgram>(program());
		node.program->parameters = std::move(parameters);
		const Strip strip = node.open_strip;
		Inverse further;
		if (peek().kind == Kind::OpenInverseChain)
			further = inverse_chain();
		else if (peek().kind == Kind::Inverse)
			further = simple_inverse();
		if (further.chained) further.program->body[0].close_strip = further.strip;
		node.close_strip = node.inverse_strip = further.strip;
		node.inverse = std::move(further.program);
		Inverse result;
		result.strip = strip;
		result.chained = true;
		result.program = std::make_unique<TemplateProgram>();
		result.program->chained = true;
		result.program->body.push_back(std::move(node));
		return result;
	}

	// {{{{name}}}} text that is left alone {{{{/name}}}}
	TemplateNode raw_block() {
		const TemplateToken open = next();
		TemplateNode node = make(TemplateNode::Kind::Block, open);
		node.call = call(open.offset);
		if (next().kind != Kind::CloseRawBlock)
			fail(open, "raw block is not opened by \"}}}}\"", "Write {{{{name}}}} … {{{{/name}}}}.");
		node.program = std::make_unique<TemplateProgram>();
		while (peek().kind == Kind::Content) node.program->body.push_back(content());
		const TemplateToken &end = next();
		if (end.kind != Kind::EndRawBlock) unexpected(end);
		if (end.text != node.call.path.original)
			fail(end,
			     "\"{{{{/" + end.text + "}}}}\" does not close raw block \"" + node.call.path.original + "\"",
			     "Close it with {{{{/" + node.call.path.original + "}}}}.");
		return node;
	}

	TemplateCall call(std::size_t offset) {
		TemplateCall result;
		result.offset = offset;
		result.path = head();
		while (begins_expression()) {
			if (peek().kind == Kind::Id && peek(1).kind == Kind::Equals) break;
			result.parameters.push_back(expression());
		}
		while (peek().kind == Kind::Id && peek(1).kind == Kind::Equals) {
			std::string key = next().text;
			next();
			result.hash.emplace_back(std::move(key), expression());
		}
		return result;
	}

	bool begins_expression() const {
		switch (peek().kind) {
		case Kind::Id:
		case Kind::Data:
		case Kind::String:
		case Kind::Number:
		case Kind::Boolean:
		case Kind::Null:
		case Kind::Undefined:
		case Kind::OpenCall: return true;
		default: return false;
		}
	}

	// The first thing in a mustache is a path even where it is written as a literal: {{"first name"}}.
	TemplatePath head() {
		if (peek().kind == Kind::Id || peek().kind == Kind::Data) return path();
		const TemplateToken &token = next();
		TemplatePath result;
		result.offset = token.offset;
		switch (token.kind) {
		case Kind::Number: result.original = script_number(token.text); break;
		case Kind::String:
		case Kind::Boolean:
		case Kind::Null:
		case Kind::Undefined: result.original = token.text; break;
		case Kind::Close:
		case Kind::CloseUnescaped:
			fail(token, "empty mustache",
			     "Name a variable, as in {{customer.name}}; write \\{{ for the braces themselves.");
		default: unexpected(token);
		}
		result.parts.push_back(result.original);
		return result;
	}

	TemplateExpression expression() {
		TemplateExpression result;
		switch (peek().kind) {
		case Kind::Id:
		case Kind::Data:
			result.kind = TemplateExpression::Kind::Path;
			result.path = path();
			return result;
		case Kind::OpenCall: {
			const TemplateToken open = next();
			const Nesting nesting(*this, open);
			result.kind = TemplateExpression::Kind::Call;
			result.call = std::make_shared<TemplateCall>(call(open.offset));
			if (peek().kind != Kind::CloseCall) unexpected(peek());
			next();
			return result;
		}
		case Kind::Undefined: next(); return result;
		case Kind::Null: next(); break;
		case Kind::String: result.literal = Value(next().text); break;
		case Kind::Number: result.literal = Value(Number{script_number(next().text)}); break;
		case Kind::Boolean: result.literal = Value(next().text == "true"); break;
		default: unexpected(peek());
		}
		result.kind = TemplateExpression::Kind::Literal;
		return result;
	}

	TemplatePath path() {
		TemplatePath result;
		result.offset = peek().offset;
		if (peek().kind == Kind::Data) {
			next();
			result.data = true;
			result.original = "@";
		}
		std::string separator;
		for (;;) {
			const TemplateToken &token = next();
			// items.0 is a superset: Handlebars itself wants items.[0] where nothing follows.
			const bool index = token.kind == Kind::Number && !separator.empty() &&
			                   token.text.find_first_not_of("0123456789") == std::string::npos;
			if (token.kind != Kind::Id && !index) unexpected(token);
			result.original += separator + token.text;
			const bool operation = !index && token.source == token.text &&
			                       (token.text == ".." || token.text == "." || token.text == "this");
			if (!operation) {
				result.parts.push_back(token.text);
			} else if (!result.parts.empty()) {
				fail(token, "invalid path \"" + result.original + "\"",
				     "\"..\", \".\" and \"this\" stand at the beginning of a path only.");
			} else if (token.text == "..") {
				++result.depth;
			}
			if (peek().kind != Kind::Separator) return result;
			separator = next().text;
		}
	}

	const std::vector<TemplateToken> tokens_;
	std::size_t at_ = 0;
	int depth_ = 0;
};

} // namespace

TemplateProgram parse_template(std::string_view text, std::vector<SyntaxError> &errors) {
	std::vector<SyntaxError> lexical;
	std::vector<TemplateToken> tokens = scan_template(text, lexical);
	try {
		TemplateProgram root = Parser(std::move(tokens)).parse();
		if (lexical.empty()) {
			control_white_space(root);
			return root;
		}
	} catch (const Failure &failure) {
		// A mistake of grammar before the character that no token begins with comes first; at the end of
		// what could be scanned the lexical one is the cause.
		if (lexical.empty() || failure.error.offset < lexical.front().offset)
			lexical.assign(1, failure.error);
	}
	errors.push_back(lexical.front());
	return {};
}

} // namespace playbook::expression
