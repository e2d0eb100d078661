// Handlebars templates for people's text: {{customer.name}}, #if, #unless, #each, #with, else, @index,
// comments, whitespace control, escaping, and our helpers for dates, numbers, money, plurals and defaults.
//
// Output is identical to the npm package "handlebars" for the same template and data (test/handlebars
// compares them). Pure: data comes in as one Value, time and locale as options. Not for SQL; see
// query_template.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "expression/reference.hpp"
#include "value/value.hpp"

namespace playbook::expression {

// A step's rows are a list that has members, too: {{#each steps.found}} beside {{steps.found.row_count}}.
// Where a template reads both, the list is `found` and its members are an object beside it, under this name.
inline std::string members_beside_list(std::string_view name) { return std::string(name) + "."; }

struct RenderOptions {
	bool escape_html = false;      // {{x}} escapes as Handlebars does by default; {{{x}}} and {{&x}} never do
	std::string time_zone = "UTC"; // for date helpers
	std::string locale = "en_US";
	std::string currency = "USD";
	std::int64_t now_microseconds = 0; // since the Unix epoch
	std::size_t max_output = std::size_t{8} << 20;
	std::size_t max_operations = 1000000; // loops times their bodies; a template cannot run away
};

struct Rendered {
	std::string text;
	std::vector<std::string> missing; // variables that were printed and had no value, in order, once each
};

// One place at which a template reads a variable.
struct PathUse {
	std::vector<std::string> path; // {"customer","name"}
	std::size_t offset = 0;        // in the template's text
	bool relative = false;         // to the element of an #each or the value of a #with around it
};

class Template {
public:
	Template(); // the empty text
	// Throws nothing: a template with errors() renders nothing.
	static Template parse(std::string_view text);

	const std::vector<SyntaxError> &errors() const &;
	// Every path the template can read, as far as it can be told without data: {"customer","name"}. Paths
	// inside #each and #with are given as written (relative) unless they begin at a known root (customer,
	// csm, parameters, steps, event, execution, item, index, playbook) or at @root.
	const std::vector<std::vector<std::string>> &paths() const &;
	// The same, each occurrence with its place, and whether the path begins at the top.
	const std::vector<PathUse> &uses() const &;
	// Of a temporary they are copies, so that "for (… : Template::parse(text).errors())" is right.
	std::vector<SyntaxError> errors() && { return errors(); }
	std::vector<std::vector<std::string>> paths() && { return paths(); }
	std::vector<PathUse> uses() && { return uses(); }
	// True when the text holds no mustache at all.
	bool is_constant() const;

	// Throws TemplateError when a helper is misused or a limit is passed.
	Rendered render(const Value &context, const RenderOptions &options = {}) const;

private:
	struct Program;
	std::shared_ptr<const Program> program_;
};

class TemplateError : public std::runtime_error {
public:
	using std::runtime_error::runtime_error;
};

} // namespace playbook::expression
