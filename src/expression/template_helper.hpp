// The helpers of this project: {{date customer.renewal_date "D MMMM YYYY"}}, {{money arr}}, {{#if (gt a
// b)}} …
//
// A helper is a pure function of its arguments and the render options; all of them are listed in
// doc/templates.md, whose table is executed by a test. Blocks (#if, #each …), lookup and log belong to the
// renderer.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expression/script_value.hpp"
#include "expression/template.hpp"

namespace playbook::expression {

class Formatter;

// One invocation: arguments, named arguments and what they may be formatted with.
class HelperCall {
public:
	HelperCall(std::string_view name, std::vector<Operand> parameters,
	           std::vector<std::pair<std::string_view, Operand>> hash, const RenderOptions &render_options,
	           Formatter &render_formatter)
	    : options(render_options), formatter(render_formatter), name_(name),
	      parameters_(std::move(parameters)), hash_(std::move(hash)) {}

	std::size_t size() const { return parameters_.size(); }
	// Nothing past the last argument.
	Operand operator[](std::size_t index) const {
		return index < parameters_.size() ? parameters_[index] : Operand();
	}
	// A named argument, or nothing.
	Operand named(std::string_view key) const;
	std::string text(std::size_t index) const { return script_text((*this)[index]); }
	// A whole number; fails with the argument's role in words.
	std::int64_t integer(const Operand &operand, const char *role) const;
	// The decimal text of a number, or of a text that is one; fails otherwise.
	std::string decimal(const Operand &operand, const char *role) const;
	// Throws TemplateError: `helper "date": …`.
	[[noreturn]] void fail(const std::string &what) const;
	// Refuses a text that alone is longer than the whole output may be.
	void check_size(std::size_t bytes) const;

	const RenderOptions &options;
	Formatter &formatter;

private:
	const std::string_view name_;
	const std::vector<Operand> parameters_;
	const std::vector<std::pair<std::string_view, Operand>> hash_;
};

struct Helper {
	std::string_view name;
	std::size_t least, most; // arguments
	std::string_view hash;   // names of named arguments, separated by spaces
	bool judges;             // an argument that is missing is part of the question: default, eq, and, or …
	Operand (*run)(const HelperCall &call);
	std::string_view usage; // for hints
};

inline constexpr std::size_t any_number = 1000;

// Null for an unknown name.
const Helper *find_helper(std::string_view name);
// All names, for suggestions and for the test of the documentation.
std::vector<std::string_view> helper_names();

// The tables of the files that define helpers.
std::span<const Helper> logic_helpers();
std::span<const Helper> text_helpers();
std::span<const Helper> format_helpers();

} // namespace playbook::expression
