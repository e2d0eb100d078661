#include "step/join_keys.hpp"

#include "definition/wording.hpp"
#include "expression/sql_lexer.hpp"
#include "step/data_step.hpp"

namespace playbook::step {
namespace {

using expression::SqlToken;
using expression::SqlTokenKind;

[[noreturn]] void refuse(const std::string &on) {
	throw pg::Error(
	    ERRCODE_SYNTAX_ERROR, "\"on\" of a join cannot be read: " + definition::quoted(on), "",
	    "Write \"left_column = right_column\", with AND between several, or the name of a common column.");
}

struct Name {
	std::string side; // "left", "right" or ""
	std::string column;
};

// Reads "a = b AND left.c = right.d" from left to right.
class Reader {
public:
	Reader(const std::string &on, const result::RowSet &left, const result::RowSet &right)
	    : text_(on), scan_(expression::scan_sql(text_, expression::SqlScanMode::Finished)), left_(left),
	      right_(right) {
		if (!scan_.errors.empty() || scan_.tokens.empty()) refuse(text_);
	}

	void read(std::vector<JoinKey> &keys) {
		for (;;) {
			const Name first = name();
			keys.push_back(at_ < scan_.tokens.size() && scan_.tokens[at_].is('=') ? equation(first)
			                                                                      : common(first));
			if (at_ == scan_.tokens.size()) return;
			if (!scan_.tokens[at_++].is_word("AND")) refuse(text_);
		}
	}

private:
	std::string word() {
		if (at_ == scan_.tokens.size()) refuse(text_);
		const SqlToken &token = scan_.tokens[at_++];
		if (token.kind == SqlTokenKind::Word) return std::string(token.text);
		if (token.kind != SqlTokenKind::QuotedName || !token.text.starts_with('"')) refuse(text_);
		std::string name;
		for (std::size_t i = 1; i + 1 < token.text.size(); ++i) {
			name += token.text[i];
			if (token.text[i] == '"') ++i;
		}
		return name;
	}

	Name name() {
		Name name;
		name.column = word();
		if (at_ < scan_.tokens.size() && scan_.tokens[at_].is('.')) {
			++at_;
			name.side = std::exchange(name.column, word());
			if (name.side != "left" && name.side != "right") refuse(text_);
		}
		return name;
	}

	JoinKey equation(const Name &first) {
		++at_;
		const Name second = name();
		const bool turned = first.side == "right" || second.side == "left" ||
		                    (first.side.empty() && second.side.empty() &&
		                     (column_of(left_, first) < 0 || column_of(right_, second) < 0) &&
		                     column_of(right_, first) >= 0 && column_of(left_, second) >= 0);
		return turned ? key(second, first) : key(first, second);
	}

	JoinKey common(const Name &both) { return key(both, both); }

	JoinKey key(const Name &left, const Name &right) {
		require(left_, left, "the left rows");
		require(right_, right, "the right rows");
		return {column_of(left_, left), column_of(right_, right)};
	}

	// As written; an unquoted name may also mean its lower-case form, as in SQL.
	static int column_of(const result::RowSet &rows, const Name &name) {
		const int exact = rows.column_index(name.column);
		if (exact >= 0) return exact;
		std::string lower = name.column;
		for (char &c : lower)
			if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
		return rows.column_index(lower);
	}

	static void require(const result::RowSet &rows, const Name &name, const char *of_what) {
		if (column_of(rows, name) < 0) require_column(name.column, column_names(rows), of_what);
	}

	const std::string &text_;
	const expression::SqlScan scan_;
	const result::RowSet &left_, &right_;
	std::size_t at_ = 0;
};

} // namespace

std::vector<JoinKey> join_keys(const Value &on, const result::RowSet &left, const result::RowSet &right) {
	std::vector<JoinKey> keys;
	if (on.is_array()) {
		for (const Value &item : on.items()) {
			const std::string text = item.as_text();
			Reader(text, left, right).read(keys);
		}
	} else {
		const std::string text = on.as_text();
		Reader(text, left, right).read(keys);
	}
	if (keys.empty()) refuse(on.as_text());
	return keys;
}

} // namespace playbook::step
