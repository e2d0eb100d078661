#include "expression/query_placement.hpp"

#include <algorithm>
#include <initializer_list>

namespace playbook::expression {
namespace {

bool is_any_word(const SqlToken &token, std::initializer_list<std::string_view> words) {
	return std::any_of(words.begin(), words.end(),
	                   [&](std::string_view word) { return token.is_word(word); });
}

enum class Clause { Other, From, On, Using, SortList, Set };

// What is known inside one pair of parentheses (or brackets), or at the top.
struct Frame {
	std::size_t opener = 0; // index of the token before the parenthesis, plus one; 0: none
	Clause clause = Clause::Other;
	bool has_select = false;
	int list = -1;
};

class Placement {
public:
	Placement(std::string_view text, const std::vector<SqlToken> &tokens) : text_(text), tokens_(tokens) {}

	QueryLayout run() {
		for (at_ = 0; at_ < tokens_.size(); ++at_) {
			const SqlToken &token = tokens_[at_];
			const bool in_list = frame().list >= 0;
			if (token.kind == SqlTokenKind::Placeholder) {
				place(token);
				continue;
			}
			if (in_list && !token.is(',') && !token.is(')'))
				layout_.lists[static_cast<std::size_t>(frame().list)].only_placeholders = false;
			if (token.is('(') || token.is('[')) {
				open();
			} else if (token.is(')') || token.is(']')) {
				close(token);
			} else if (token.is(';')) {
				frames_.assign(1, Frame{});
			} else if (token.is(',')) {
				if (frame().clause == Clause::On) frame().clause = Clause::From;
			} else if (token.kind == SqlTokenKind::Word) {
				keyword(token);
			}
		}
		drop_unused_lists();
		return std::move(layout_);
	}

private:
	Frame &frame() { return frames_.back(); }
	// Neighbours, counted from the present token; null past either end.
	const SqlToken *token_at(std::ptrdiff_t distance) const {
		const std::ptrdiff_t index = static_cast<std::ptrdiff_t>(at_) + distance;
		return index >= 0 && index < static_cast<std::ptrdiff_t>(tokens_.size())
		           ? &tokens_[static_cast<std::size_t>(index)]
		           : nullptr;
	}
	bool word_at(std::ptrdiff_t distance, std::initializer_list<std::string_view> words) const {
		const SqlToken *token = token_at(distance);
		return token != nullptr && is_any_word(*token, words);
	}
	bool sign_at(std::ptrdiff_t distance, char sign) const {
		const SqlToken *token = token_at(distance);
		return token != nullptr && token->is(sign);
	}
	bool opener_is(std::initializer_list<std::string_view> words) const {
		const std::size_t opener = frames_.back().opener;
		return opener > 0 && is_any_word(tokens_[opener - 1], words);
	}

	void open() {
		Frame inner;
		inner.opener = at_; // token before this one, plus one
		if (tokens_[at_].is('(') && word_at(-1, {"IN"}) && !sign_at(-2, '.')) {
			QueryList list;
			list.negated = word_at(-2, {"NOT"}) && !sign_at(-3, '.');
			list.begin = token_at(list.negated ? -2 : -1)->begin;
			inner.list = static_cast<int>(layout_.lists.size());
			layout_.lists.push_back(list);
		}
		frames_.push_back(inner);
	}

	void close(const SqlToken &token) {
		if (frames_.size() == 1) return; // one too many; PostgreSQL will say so
		if (frame().list >= 0) layout_.lists[static_cast<std::size_t>(frame().list)].end = token.end;
		frames_.pop_back();
	}

	void keyword(const SqlToken &token) {
		if (sign_at(-1, '.')) return; // a column that is called like a keyword
		if (token.is_word("SELECT")) {
			frame().has_select = true;
			frame().clause = Clause::Other;
		} else if (token.is_word("FROM")) {
			if (begins_table()) frame().clause = Clause::From;
		} else if (token.is_word("JOIN")) {
			frame().clause = Clause::From;
		} else if (token.is_word("ON")) {
			frame().clause = Clause::On;
		} else if (token.is_word("USING")) {
			if (frame().clause != Clause::SortList) frame().clause = Clause::Using;
		} else if (token.is_word("BY")) {
			if (word_at(-1, {"ORDER", "GROUP", "PARTITION"})) frame().clause = Clause::SortList;
		} else if (token.is_word("SET")) {
			frame().clause = Clause::Set;
		} else if (is_any_word(token, {"WHERE", "HAVING", "LIMIT", "OFFSET", "FETCH", "VALUES", "RETURNING",
		                               "WINDOW", "UNION", "EXCEPT", "INTERSECT", "WITH", "ROWS", "RANGE",
		                               "GROUPS"})) {
			frame().clause = Clause::Other;
		}
	}

	// Of the FROM at the present token: not the one of extract(day FROM x) or IS DISTINCT FROM.
	bool begins_table() const {
		if (word_at(-1, {"DISTINCT"}) && word_at(-2, {"IS", "NOT"})) return false;
		return frames_.back().has_select ||
		       !opener_is({"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"});
	}

	void place(const SqlToken &token) {
		PlaceholderSite site;
		site.name = std::string(token.name);
		site.begin = token.begin;
		site.end = token.end;
		if (glued(token)) {
			refuse(site, "stands directly against other text",
			       "Put a space between them; only a value that is written "
			       "in config.parameters can be part of a word.");
			if (sign_at(-1, '.') || sign_at(1, '.')) site.form = PlaceholderForm::Identifier;
		} else if (!place_as_name(site)) {
			place_as_value(site);
		}
		if (const int list = frame().list; list >= 0 && site.form == PlaceholderForm::Value) {
			QueryList &in = layout_.lists[static_cast<std::size_t>(list)];
			if (in.count++ == 0) in.first = layout_.sites.size();
			// Only what is an element by itself: in IN ({{x}} + 1) the value is a number, not a list.
			const bool begins = sign_at(-1, '(') || sign_at(-1, ',');
			const bool ends = sign_at(1, ')') || sign_at(1, ',');
			if (begins && ends) {
				site.list = list;
				site.form = in.negated ? PlaceholderForm::NotList : PlaceholderForm::List;
			} else {
				in.only_placeholders = false;
			}
		}
		layout_.sites.push_back(std::move(site));
	}

	bool glued(const SqlToken &token) const {
		const auto word_byte = [&](std::size_t at) {
			return at < text_.size() && continues_sql_word(text_[at]);
		};
		const SqlToken *before = token_at(-1), *after = token_at(1);
		return (token.begin > 0 && word_byte(token.begin - 1)) || word_byte(token.end) ||
		       (before != nullptr && before->kind == SqlTokenKind::Placeholder &&
		        before->end == token.begin) ||
		       (after != nullptr && after->kind == SqlTokenKind::Placeholder && after->begin == token.end) ||
		       (after != nullptr && after->kind == SqlTokenKind::Number && after->begin == token.end);
	}

	static void refuse(PlaceholderSite &site, const std::string &what, std::string hint) {
		site.if_bound =
		    SyntaxError{site.begin, "placeholder \"{{" + site.name + "}}\" " + what, std::move(hint)};
	}

	bool place_as_name(PlaceholderSite &site) {
		const bool before_dot = sign_at(1, '.'), after_dot = sign_at(-1, '.');
		bool name = before_dot || after_dot;
		const bool insert_target = word_at(-1, {"INTO"});
		if (!name && !sign_at(-2, '.')) { // not after a column that is called like a keyword
			if (word_at(-1, {"JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "ONLY", "LATERAL", "TRUNCATE"})) {
				name = true;
			} else if (word_at(-1, {"FROM", "USING"})) {
				name = frame().clause == Clause::From || frame().clause == Clause::Using;
			} else if (word_at(-1, {"EXISTS"})) {
				name = word_at(-2, {"IF"}) || (word_at(-2, {"NOT"}) && word_at(-3, {"IF"}));
			} else if (word_at(-1, {"OF"})) {
				name = word_at(-2, {"UPDATE", "SHARE"});
			} else if (word_at(-1, {"AS"})) {
				if (opener_is({"CAST"})) {
					refuse(site, "stands where a type is expected", type_hint);
					return true;
				}
				name = true;
			} else if (sign_at(-1, ',')) {
				name = frame().clause == Clause::From || frame().clause == Clause::Using;
			}
		}
		if (!name) return false;
		site.form = PlaceholderForm::Identifier;
		if (sign_at(1, '(') && !insert_target && !before_dot && !qualifies_insert_target())
			refuse(site, "stands where a function is called",
			       "Write the function's name in the query itself, or "
			       "directly in config.parameters.");
		return true;
	}

	// INSERT INTO {{schema}}.{{table}} (a, b): the parenthesis holds columns, not arguments.
	bool qualifies_insert_target() const {
		std::ptrdiff_t back = -1;
		while (sign_at(back, '.')) back -= 2;
		return word_at(back, {"INTO"});
	}

	void place_as_value(PlaceholderSite &site) {
		const SqlToken *before = token_at(-1);
		if (sign_at(1, '(')) {
			refuse(site, "stands where a function is called",
			       "Write the function's name in the query itself, or directly in config.parameters.");
		} else if (before != nullptr && before->text == "::") {
			refuse(site, "stands where a type is expected", type_hint);
		} else if (before != nullptr && !sign_at(-2, '.') &&
		           is_any_word(*before, {"INTERVAL", "DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ",
		                                 "ZONE", "NUMERIC", "JSON", "JSONB", "UUID", "TEXT", "INET",
		                                 "BOOLEAN", "POINT", "BYTEA"}) &&
		           !(before->is_word("ZONE") && word_at(-3, {"AT"}))) {
			const std::string type = before->is_word("ZONE") ? "timestamptz" : lower(before->text);
			refuse(site, "follows a type's name, where only a literal can stand",
			       "Write {{" + site.name + "}}::" + type + " instead.");
		} else if (is_sort_key()) {
			refuse(site, "is a whole sort or group key, which a bound value would make a constant",
			       "Write the column directly in config.parameters, or choose with CASE WHEN {{" + site.name +
			           "}} = 'arr' THEN arr END.");
		} else if (frame().clause == Clause::Set && sign_at(1, '=') &&
		           (word_at(-1, {"SET"}) || sign_at(-1, ','))) {
			refuse(site, "stands where a column is assigned",
			       "Write the column directly in config.parameters.");
		} else {
			describe_value(site);
		}
	}

	void describe_value(PlaceholderSite &site) {
		std::ptrdiff_t after = 1;
		const bool enclosed = sign_at(-1, '(') && sign_at(1, ')');
		if (enclosed && opener_is({"ANY", "SOME", "ALL"})) {
			// UNION ALL ( and SELECT ALL ( are something else.
			const std::size_t opener = frame().opener - 1;
			if (opener > 0 && (tokens_[opener - 1].kind == SqlTokenKind::Operator ||
			                   is_any_word(tokens_[opener - 1], {"LIKE", "ILIKE"})))
				site.form = PlaceholderForm::Array;
		} else if (enclosed && opener_is({"UNNEST"})) {
			// PostgreSQL infers no type there, and an empty list has none to offer.
			site.form = PlaceholderForm::Array;
			refuse(site, "needs a type inside unnest",
			       "Write unnest({{" + site.name + "}}::bigint[]), or another array type.");
		}
		const SqlToken *next = token_at(1);
		if (next != nullptr && (next->text == "::" || (next->is_word("AS") && opener_is({"CAST"})))) {
			describe_cast(site);
			return;
		}
		while (enclosed && sign_at(after, ')') && sign_at(-after, '(')) ++after;
		site.null_test =
		    word_at(after, {"ISNULL", "NOTNULL"}) ||
		    (word_at(after, {"IS"}) &&
		     (word_at(after + 1, {"NULL"}) || (word_at(after + 1, {"NOT"}) && word_at(after + 2, {"NULL"}))));
	}

	// {{x}}::numeric(10,2)[] takes an array, {{x}}::jsonb takes JSON text.
	void describe_cast(PlaceholderSite &site) {
		const bool json_type = word_at(2, {"JSON", "JSONB"});
		std::ptrdiff_t at = 2;
		const SqlToken *token = nullptr;
		while ((token = token_at(at)) != nullptr) {
			if (token->is_word("ARRAY") || token->is('[')) {
				site.form = PlaceholderForm::Array;
				return;
			}
			if (token->is('(')) {
				while ((token = token_at(at)) != nullptr && !token->is(')')) ++at;
			} else if (!token->is('.') && token->kind != SqlTokenKind::QuotedName &&
			           !(token->kind == SqlTokenKind::Word &&
			             (at == 2 || sign_at(at - 1, '.') || is_type_word(*token)))) {
				break;
			}
			++at;
		}
		site.json = json_type;
	}

	static bool is_type_word(const SqlToken &token) {
		return is_any_word(token, {"PRECISION", "VARYING", "WITH", "WITHOUT", "TIME", "ZONE"});
	}

	bool is_sort_key() {
		if (frame().clause != Clause::SortList || !(word_at(-1, {"BY"}) || sign_at(-1, ','))) return false;
		const SqlToken *next = token_at(1);
		if (next == nullptr || next->is(',') || next->is(')') || next->is(';') || next->text == "::")
			return true;
		return is_any_word(*next, {"ASC", "DESC", "NULLS", "USING", "COLLATE", "LIMIT", "OFFSET", "FETCH",
		                           "FOR", "HAVING", "ORDER", "UNION", "EXCEPT", "INTERSECT", "WINDOW", "ROWS",
		                           "RANGE", "GROUPS"});
	}

	static std::string lower(std::string_view text) {
		std::string out(text);
		for (char &c : out)
			if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
		return out;
	}

	// IN (SELECT …), an unclosed IN (: no lists after all.
	void drop_unused_lists() {
		for (PlaceholderSite &site : layout_.sites) {
			if (site.list < 0 || layout_.lists[static_cast<std::size_t>(site.list)].end != 0) continue;
			site.list = -1;
			site.form = PlaceholderForm::Value;
		}
	}

	static constexpr const char *type_hint =
	    "Write the type in the query itself, or directly in config.parameters.";

	const std::string_view text_;
	const std::vector<SqlToken> &tokens_;
	std::size_t at_ = 0;
	std::vector<Frame> frames_{Frame{}};
	QueryLayout layout_;
};

} // namespace

QueryLayout place_placeholders(std::string_view text, const std::vector<SqlToken> &tokens) {
	return Placement(text, tokens).run();
}

} // namespace playbook::expression
