// What a template is made of, as its parser leaves it: a tree of text, mustaches and blocks.
//
// Follows the syntax tree of Handlebars closely (names included), because white-space control is defined on
// it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "value/value.hpp"

namespace playbook::expression {

struct Helper;

// customer.name, ../x, this, @index, [any text]
struct TemplatePath {
	bool data = false;              // begins with "@"
	int depth = 0;                  // how many "../"
	std::vector<std::string> parts; // empty: the context itself
	std::string original;           // as written, quotes of segments apart
	std::size_t offset = 0;
	// Set by the checker when the first part is a block parameter: how many programs out, and which of its
	// names.
	int parameter_depth = -1;
	int parameter_index = -1;

	bool is_parameter() const { return parameter_depth >= 0; }
};

struct TemplateCall;

struct TemplateExpression {
	enum class Kind { Path, Literal, Undefined, Call };
	Kind kind = Kind::Undefined;
	TemplatePath path;
	Value literal;
	std::shared_ptr<TemplateCall> call; // (helper a b)
};

// The inside of a mustache, of a block's opening or of a subexpression.
struct TemplateCall {
	enum class Role { Variable, ValueBlock, If, Unless, Each, With, Lookup, Log, Helper };
	TemplatePath path;
	std::vector<TemplateExpression> parameters;
	std::vector<std::pair<std::string, TemplateExpression>> hash;
	std::size_t offset = 0;
	// Set by the checker.
	Role role = Role::Variable;
	const Helper *helper = nullptr;
};

// Which sides of a tag carry "~".
struct Strip {
	bool open = false;
	bool close = false;
};

struct TemplateProgram;

struct TemplateNode {
	enum class Kind { Content, Comment, Mustache, Block };
	Kind kind = Kind::Content;
	std::size_t offset = 0;
	Strip strip; // of a mustache or comment

	std::string original; // of content
	std::string value;    // what white-space control left of it
	bool left_stripped = false;
	bool right_stripped = false;

	TemplateCall call;
	bool escaped = false;

	std::unique_ptr<TemplateProgram> program; // of a block; null for {{^x}} without else
	std::unique_ptr<TemplateProgram> inverse;
	Strip open_strip, inverse_strip, close_strip;
};

struct TemplateProgram {
	std::vector<TemplateNode> body;
	std::vector<std::string> parameters; // {{#each x as |item index|}}
	bool chained = false;                // the inverse made by {{else if}}
};

} // namespace playbook::expression
