#include "expression/query_template.hpp"

#include <algorithm>

#include "expression/query_placement.hpp"
#include "expression/sql_lexer.hpp"
#include "expression/sql_name.hpp"
#include "value/json.hpp"

namespace playbook::expression {
namespace {

constexpr std::size_t max_list_elements = 1000;
constexpr std::size_t max_bound_values = 65535; // what a bind message can carry

// Builds one statement. Everything that does not come from the author's own text is noted in `inserted_`,
// and the finished text is scanned once more: an insertion that is not a token of its own refuses the whole
// statement.
class Builder {
public:
	Builder(std::string_view text, const QueryLayout &layout, const ArgumentLookup &lookup)
	    : text_(text), layout_(layout), lookup_(lookup) {}

	BuiltQuery build() {
		look_up_all();
		for (std::size_t i = 0; i < layout_.sites.size(); ++i) {
			const PlaceholderSite &site = layout_.sites[i];
			if (site.list >= 0 && is_one_array(layout_.lists[static_cast<std::size_t>(site.list)])) {
				const QueryList &list = layout_.lists[static_cast<std::size_t>(site.list)];
				copy_until(list.begin);
				whole_list(list);
				copied_ = list.end;
				i = list.first + list.count - 1;
			} else {
				copy_until(site.begin);
				insert(site, arguments_[i]);
				copied_ = site.end;
			}
		}
		copy_until(text_.size());
		verify();
		return std::move(result_);
	}

private:
	struct Insertion {
		std::size_t begin, end;
		SqlTokenKind kind;
		const PlaceholderSite *site;
	};

	[[noreturn]] static void fail(const PlaceholderSite &site, const std::string &what,
	                              std::string hint = {}) {
		throw QueryTemplateError("placeholder \"{{" + site.name + "}}\" " + what, std::move(hint),
		                         site.begin);
	}

	void look_up_all() {
		arguments_.reserve(layout_.sites.size());
		for (const PlaceholderSite &site : layout_.sites) {
			std::optional<Argument> found = lookup_(site.name);
			if (!found) fail(site, "has no value", "Name it in config.parameters of the step.");
			// Only scalars are ever pasted, whatever the caller claims.
			if (!found->value.is_scalar()) found->pasted = false;
			if (!found->pasted && site.if_bound)
				throw QueryTemplateError(site.if_bound->message, site.if_bound->hint, site.begin);
			arguments_.push_back(std::move(*found));
		}
	}

	void copy_until(std::size_t end) {
		if (end <= copied_) return;
		const std::string_view part = text_.substr(copied_, end - copied_);
		if (after_paste_ && would_join(result_.text.back(), part.front())) result_.text += ' ';
		after_paste_ = false;
		result_.text += part;
		copied_ = end;
	}

	// "-" beside a pasted "-5" would begin a comment; such neighbours get a space between them.
	static bool would_join(char left, char right) {
		constexpr std::string_view signs = "+-*/<>=~!@#%^&|`?:";
		return signs.find(left) != std::string_view::npos && signs.find(right) != std::string_view::npos;
	}

	// A list that travels as one array: nothing but placeholders in it, none pasted, at least one an array.
	bool is_one_array(const QueryList &list) const {
		if (!list.only_placeholders) return false;
		bool has_array = false;
		for (std::size_t i = list.first; i < list.first + list.count; ++i) {
			if (arguments_[i].pasted || layout_.sites[i].list < 0) return false;
			has_array = has_array || arguments_[i].value.is_array();
		}
		return has_array;
	}

	void whole_list(const QueryList &list) {
		Value::Array elements;
		for (std::size_t i = list.first; i < list.first + list.count; ++i) {
			const Value &value = arguments_[i].value;
			if (value.is_array()) {
				for (const Value &element : value.items())
					elements.push_back(checked_element(layout_.sites[i], element));
			} else {
				elements.push_back(checked_element(layout_.sites[i], value));
			}
		}
		result_.text += list.negated ? "<> ALL (" : "= ANY (";
		bind(layout_.sites[list.first], Value(std::move(elements)), true);
		result_.text += ')';
	}

	static const Value &checked_element(const PlaceholderSite &site, const Value &element) {
		if (!element.is_scalar())
			fail(site, std::string("has an ") + element.kind_name() + " among its elements",
			     "A list holds strings, numbers, booleans and nulls; name one column of the rows, as in "
			     "${steps.open_deals.company_id}.");
		return element;
	}

	void insert(const PlaceholderSite &site, const Argument &argument) {
		if (argument.pasted) {
			paste(argument.value);
		} else if (site.form == PlaceholderForm::Identifier) {
			name(site, argument.value);
		} else if (site.json && !argument.value.is_scalar()) {
			bind(site, Value(to_json(argument.value)), false);
		} else if (argument.value.is_object()) {
			fail(site, "is an object",
			     "Name a member of it, or write {{" + site.name + "}}::jsonb to bind it as JSON.");
		} else if (site.form == PlaceholderForm::Array) {
			array(site, argument.value);
		} else if (argument.value.is_array() && !site.null_test) {
			elements(site, argument.value.items());
		} else {
			bind(site, argument.value, argument.value.is_array());
			// PostgreSQL infers no type from IS NULL alone.
			if (site.null_test) result_.text += argument.value.is_array() ? "::text[]" : "::text";
		}
	}

	void paste(const Value &value) {
		const std::string text = value.is_null() ? "NULL" : value.as_text();
		if (text.empty()) return;
		if (!result_.text.empty() && would_join(result_.text.back(), text.front())) result_.text += ' ';
		result_.text += text;
		after_paste_ = true;
	}

	void bind(const PlaceholderSite &site, Value value, bool is_array) {
		if (result_.values.size() >= max_bound_values)
			fail(site, "makes more than 65535 bound values",
			     "Use a list in IN ({{name}}), which is bound as one value.");
		result_.values.push_back(BoundValue{std::move(value), is_array, site.name});
		const std::size_t begin = result_.text.size();
		result_.text += '$' + std::to_string(result_.values.size());
		inserted_.push_back(Insertion{begin, result_.text.size(), SqlTokenKind::Parameter, &site});
	}

	void array(const PlaceholderSite &site, const Value &value) {
		if (value.is_null()) return bind(site, value, true);
		Value::Array items;
		if (value.is_array()) {
			for (const Value &element : value.items()) items.push_back(checked_element(site, element));
		} else {
			items.push_back(value);
		}
		bind(site, Value(std::move(items)), true);
	}

	void elements(const PlaceholderSite &site, const Value::Array &items) {
		if (items.empty())
			fail(site, "is an empty list where single values are expected",
			     "Only IN ({{" + site.name + "}}), NOT IN, ANY, ALL and {{" + site.name +
			         "}}::type[] accept an empty list.");
		if (items.size() > max_list_elements)
			fail(site,
			     "is a list of " + std::to_string(items.size()) + " values where at most 1000 are allowed",
			     "Only IN ({{" + site.name + "}}), NOT IN, ANY, ALL and {{" + site.name +
			         "}}::type[] accept a longer list.");
		for (std::size_t i = 0; i < items.size(); ++i) {
			if (i > 0) result_.text += ", ";
			bind(site, checked_element(site, items[i]), false);
		}
	}

	void name(const PlaceholderSite &site, const Value &value) {
		if (!value.is_string())
			fail(site,
			     std::string("stands for a name, but its value is ") +
			         (value.is_null() ? "null" : std::string("of type ") + value.kind_name()),
			     "Give it a text such as \"analytics.accounts\".");
		std::string problem;
		const std::vector<std::string> parts = split_sql_name(value.string(), problem);
		if (parts.empty()) fail(site, "stands for a name: " + problem, sql_name_hint);
		for (std::size_t i = 0; i < parts.size(); ++i) {
			if (i > 0) result_.text += '.';
			const std::size_t begin = result_.text.size();
			result_.text += quote_sql_name(parts[i]);
			inserted_.push_back(Insertion{begin, result_.text.size(), SqlTokenKind::QuotedName, &site});
		}
	}

	// Pasted text may open a literal or comment that swallows what follows, or stand against an insertion
	// so that both read as one token; then the statement would not be the one its author saw.
	void verify() const {
		const SqlScan scan = scan_sql(result_.text, SqlScanMode::Finished);
		auto next = inserted_.begin();
		for (const SqlToken &token : scan.tokens) {
			if (next != inserted_.end() && token.begin > next->begin) break;
			if (next != inserted_.end() && token.begin == next->begin) {
				if (token.end != next->end || token.kind != next->kind) break;
				++next;
			} else if (token.kind == SqlTokenKind::Parameter) {
				throw QueryTemplateError("a pasted value contains the positional parameter \"" +
				                             std::string(token.text) + "\"",
				                         "Write {{name}} in the query instead.");
			}
		}
		if (next != inserted_.end())
			fail(*next->site, "does not stand on its own in the finished query",
			     "A value pasted before it leaves a quote or comment open, or touches it.");
		if (!scan.errors.empty() && !layout_.sites.empty())
			throw QueryTemplateError("a pasted value leaves the query incomplete: " +
			                             scan.errors.front().message,
			                         scan.errors.front().hint);
	}

	const std::string_view text_;
	const QueryLayout &layout_;
	const ArgumentLookup &lookup_;
	std::vector<Argument> arguments_; // of the sites, in their order
	std::vector<Insertion> inserted_;
	std::size_t copied_ = 0;
	bool after_paste_ = false;
	BuiltQuery result_;
};

} // namespace

QueryTemplate QueryTemplate::parse(std::string_view text) {
	QueryTemplate result;
	result.text_ = std::string(text);
	if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
		result.errors_.push_back(
		    SyntaxError{zero, "zero byte in a query", "Remove it; SQL text cannot hold one."});
	SqlScan scan = scan_sql(result.text_, SqlScanMode::Template);
	std::move(scan.errors.begin(), scan.errors.end(), std::back_inserter(result.errors_));
	std::stable_sort(result.errors_.begin(), result.errors_.end(),
	                 [](const SyntaxError &a, const SyntaxError &b) { return a.offset < b.offset; });
	auto layout = std::make_shared<QueryLayout>(place_placeholders(result.text_, scan.tokens));
	for (const PlaceholderSite &site : layout->sites)
		result.placeholders_.push_back(Placeholder{site.name, site.begin, site.form});
	result.layout_ = std::move(layout);
	return result;
}

bool is_pasted(const Value &written) {
	if (!written.is_scalar()) return false;
	if (!written.is_string()) return true;
	return written.string().find("${") == std::string::npos &&
	       written.string().find("{{") == std::string::npos;
}

std::vector<SyntaxError> QueryTemplate::check(
    const std::function<bool(const std::string &)> &is_pasted) const {
	std::vector<SyntaxError> found;
	if (layout_ == nullptr) return found;
	for (const PlaceholderSite &site : layout_->sites)
		if (site.if_bound && !is_pasted(site.name)) found.push_back(*site.if_bound);
	return found;
}

BuiltQuery QueryTemplate::build(const ArgumentLookup &lookup) const {
	if (!errors_.empty())
		throw QueryTemplateError(errors_.front().message, errors_.front().hint, errors_.front().offset);
	if (layout_ == nullptr) return {};
	return Builder(text_, *layout_, lookup).build();
}

} // namespace playbook::expression
