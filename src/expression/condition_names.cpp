#include "expression/condition_names.hpp"

#include <optional>

#include "expression/sql_lexer.hpp"

namespace playbook::expression {
namespace {

std::string lower(std::string_view text) {
	std::string out(text);
	for (char &c : out)
		if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
	return out;
}

// "it''s" without its quotes; a literal of another form has no word to compare.
std::optional<std::string> plain_literal(std::string_view text) {
	if (text.size() < 2 || text.front() != '\'' || text.back() != '\'') return std::nullopt;
	std::string out;
	for (std::size_t i = 1; i + 1 < text.size(); ++i) {
		out += text[i];
		if (text[i] == '\'') ++i;
	}
	return out;
}

std::string quoted_name(std::string_view text) {
	std::string out;
	for (std::size_t i = 1; i + 1 < text.size(); ++i) {
		out += text[i];
		if (text[i] == '"') ++i;
	}
	return out;
}

class Reader {
public:
	explicit Reader(std::string_view text) : scan_(scan_sql(text, SqlScanMode::Finished)) {}

	ConditionNames read() {
		found_.errors = scan_.errors;
		if (scan_.tokens.empty() && scan_.errors.empty()) add_error(0, "the condition is empty", "");
		check_shape();
		for (std::size_t i = 0; i < scan_.tokens.size();) i = read_name(i);
		return std::move(found_);
	}

private:
	const SqlToken *token(std::size_t i) const {
		return i < scan_.tokens.size() ? &scan_.tokens[i] : nullptr;
	}
	bool is(std::size_t i, char operation) const { return token(i) != nullptr && token(i)->is(operation); }
	bool is_name(std::size_t i) const {
		const SqlToken *at = token(i);
		return at != nullptr && (at->kind == SqlTokenKind::Word ||
		                         (at->kind == SqlTokenKind::QuotedName && at->text[0] == '"'));
	}
	bool is_word(std::size_t i, std::string_view upper) const {
		return token(i) != nullptr && token(i)->is_word(upper);
	}
	void add_error(std::size_t offset, std::string message, std::string hint) {
		found_.errors.push_back({offset, std::move(message), std::move(hint)});
	}

	void check_shape() {
		std::vector<const SqlToken *> open;
		for (std::size_t i = 0; i < scan_.tokens.size(); ++i) {
			const SqlToken &at = scan_.tokens[i];
			if (at.is('(') || at.is('[')) {
				open.push_back(&at);
			} else if (at.is(')') || at.is(']')) {
				if (open.empty() || open.back()->is('(') != at.is(')'))
					return add_error(at.begin, "\"" + std::string(at.text) + "\" closes nothing", "");
				open.pop_back();
			} else if (at.is(';')) {
				return add_error(at.begin, "a condition is one expression, without \";\"", "");
			} else if (at.is('{')) {
				return add_error(at.begin, "a condition is written without braces",
				                 "Write customer.health_score < 60, not {{customer.health_score}} < 60.");
			} else if (at.is('=') && is(i + 1, '=') && scan_.tokens[i + 1].begin == at.end) {
				return add_error(at.begin, "\"==\" is no operator", "Compare with a single \"=\".");
			} else if (at.is_word("SELECT")) {
				return add_error(at.begin, "a condition cannot hold a subquery",
				                 "Put the query into a step of its own and compare its output.");
			} else if (at.kind == SqlTokenKind::Parameter) {
				return add_error(at.begin, "a condition has no numbered parameters",
				                 "Name the value, as in parameters.threshold.");
			}
		}
		if (!open.empty())
			add_error(open.back()->begin, "\"" + std::string(open.back()->text) + "\" is not closed", "");
	}

	std::string part(std::size_t i) const {
		const SqlToken &at = scan_.tokens[i];
		return at.kind == SqlTokenKind::Word ? lower(at.text) : quoted_name(at.text);
	}

	// Reads a dotted name that begins at i; returns where reading goes on.
	std::size_t read_name(std::size_t i) {
		if (!is_name(i)) return i + 1;
		ConditionName name;
		name.offset = scan_.tokens[i].begin;
		name.path.push_back(part(i));
		std::size_t next = i + 1;
		while (is(next, '.') && is_name(next + 1)) {
			name.path.push_back(part(next + 1));
			next += 2;
		}
		const bool function = is(next, '(');
		const bool type = i > 0 && scan_.tokens[i - 1].text == "::";
		const bool whole =
		    name.path[0] == "item" || name.path[0] == "index"; // of a loop: have a value without members
		if ((name.path.size() < 2 && !whole) || function || type) return next;
		if (name.path[0] == "steps" && name.path.size() == 3 &&
		    (name.path[2] == "outcome" || name.path[2] == "status"))
			read_comparison(name, i, next);
		found_.names.push_back(std::move(name));
		return next;
	}

	void compare(const ConditionName &name, std::size_t i) {
		const SqlToken *at = token(i);
		if (at == nullptr || at->kind != SqlTokenKind::Literal) return;
		if (std::optional<std::string> word = plain_literal(at->text))
			found_.comparisons.push_back({name.path[1], name.path[2], std::move(*word), at->begin});
	}

	// Lists and cases are read up to what may begin another one, so that no token is looked at twice.
	void read_comparison(const ConditionName &name, std::size_t first, std::size_t next) {
		std::size_t i = next;
		if (is_word(i, "NOT")) ++i;
		if (is_word(i, "IN") && is(i + 1, '(')) {
			for (i += 2; token(i) != nullptr && !is(i, '(') && !is(i, ')'); ++i) compare(name, i);
			return;
		}
		if (first > 0 && is_word(first - 1, "CASE")) return read_cases(name, next);
		const std::size_t after = skip_equality(next);
		if (after != next) compare(name, after);
		if (after != next && is(after + 1, '(') && is_word(after + 2, "ARRAY")) // = ANY (ARRAY['a', 'b'])
			for (i = after + 4; token(i) != nullptr && !is(i, '[') && !is(i, ']'); ++i) compare(name, i);
		// 'received' = steps.reply.outcome
		if (first >= 2 && is(first - 1, '=') && (first < 3 || !is_comparison_sign(first - 2)))
			compare(name, first - 2);
		else if (first >= 3 && is_comparison_sign(first - 1) && is_comparison_sign(first - 2))
			compare(name, first - 3);
	}

	// CASE steps.size.outcome WHEN 'large' THEN … WHEN …
	void read_cases(const ConditionName &name, std::size_t i) {
		for (; token(i) != nullptr && !is_word(i, "CASE") && !is_word(i, "END"); ++i)
			if (is_word(i, "WHEN")) compare(name, i + 1);
	}

	bool is_comparison_sign(std::size_t i) const {
		return is(i, '<') || is(i, '>') || is(i, '!') || is(i, '=');
	}
	// Past "=", "<>", "!=" or IS [NOT] DISTINCT FROM; the same place when none stands there.
	std::size_t skip_equality(std::size_t i) const {
		if (is_word(i, "IS")) {
			const std::size_t distinct = is_word(i + 1, "NOT") ? i + 2 : i + 1;
			return is_word(distinct, "DISTINCT") && is_word(distinct + 1, "FROM") ? distinct + 2 : i;
		}
		if (is(i, '=') && !is_comparison_sign(i + 1)) return i + 1;
		if ((is(i, '<') && is(i + 1, '>')) || (is(i, '!') && is(i + 1, '='))) return i + 2;
		return i;
	}

	const SqlScan scan_;
	ConditionNames found_;
};

} // namespace

ConditionNames read_condition_names(std::string_view text) { return Reader(text).read(); }

} // namespace playbook::expression
