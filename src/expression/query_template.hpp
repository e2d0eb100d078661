// Templates in a query: SELECT … WHERE account_id IN ({{account_ids}}) AND arr >= {{min_arr}}.
//
// A run-time value never becomes SQL text. Each placeholder is one of:
//   pasted      a scalar written directly in the step's own config.parameters: put in as its author wrote it
//   bound       any other value: becomes $n (untyped, so that context decides, as a driver binds)
//   list        a bound array in IN ({{x}}) or NOT IN ({{x}}): becomes = ANY ($n) or <> ALL ($n), one array,
//               empty lists included; a bound array elsewhere becomes $n, $m, … (at most 1,000 elements),
//               except alone in ANY ({{x}}), ALL ({{x}}) or {{x}}::type[], where it is one array
//   identifier  a bound value where only a name can stand (after FROM, JOIN, INTO, UPDATE, TABLE, or beside a
//               dot): checked, split at dots, each part quoted
// A placeholder inside a quoted literal, a quoted identifier, a comment or a dollar quote is an error, with
// the hint to drop the quotes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "expression/reference.hpp"
#include "value/value.hpp"

namespace playbook::expression {

enum class PlaceholderForm { Value, List, NotList, Array, Identifier };

struct Placeholder {
	std::string name;       // "account_ids", or a path "parameters.min_arr", "customer.id"
	std::size_t offset = 0; // of "{{" in the text
	PlaceholderForm form = PlaceholderForm::Value;
};

// One value of a built statement, in the order of $1, $2, …
struct BoundValue {
	Value value;           // scalar, or an array when is_array
	bool is_array = false; // to be bound as one array
	std::string name = {}; // of the placeholder; empty where none was written
};

struct BuiltQuery {
	std::string text; // with $1, $2, …
	std::vector<BoundValue> values;
};

// Whether what an author wrote under config.parameters is put into the statement as it is: a scalar without
// reference or template. Only that is.
bool is_pasted(const Value &written);

// What a placeholder's name stands for when the step runs.
struct Argument {
	Value value;
	bool pasted = false; // true only for a scalar its author wrote in config.parameters
};
// nullopt: unknown name.
using ArgumentLookup = std::function<std::optional<Argument>(const std::string &name)>;

struct QueryLayout; // query_placement.hpp

class QueryTemplate {
public:
	static QueryTemplate parse(std::string_view text);
	const std::vector<SyntaxError> &errors() const & { return errors_; }
	const std::vector<Placeholder> &placeholders() const & { return placeholders_; }
	// Of a temporary they are copies, so that "for (… : QueryTemplate::parse(text).errors())" is right.
	std::vector<SyntaxError> errors() && { return errors_; }
	std::vector<Placeholder> placeholders() && { return placeholders_; }
	// What would go wrong however the values turn out, once it is known which names are pasted: ORDER BY
	// {{column}} with a bound column, INTERVAL {{x}}, a name of which only a part is a placeholder. For
	// saving a definition.
	std::vector<SyntaxError> check(const std::function<bool(const std::string &name)> &is_pasted) const;
	// Throws QueryTemplateError: unknown name, a list too long, a value that cannot be an identifier, an
	// object value (except before ::json or ::jsonb), whatever check() finds. The result assumes
	// standard_conforming_strings = on.
	BuiltQuery build(const ArgumentLookup &lookup) const;

private:
	std::string text_;
	std::vector<Placeholder> placeholders_;
	std::vector<SyntaxError> errors_;
	std::shared_ptr<const QueryLayout> layout_;
};

class QueryTemplateError : public std::runtime_error {
public:
	explicit QueryTemplateError(const std::string &message, std::string advice = {}, std::size_t at = 0)
	    : std::runtime_error(message), hint(std::move(advice)), offset(at) {}
	const std::string hint;   // a full sentence, or empty
	const std::size_t offset; // of the placeholder in the template
};

} // namespace playbook::expression
