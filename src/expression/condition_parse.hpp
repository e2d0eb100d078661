// The text of a condition, read by PostgreSQL's raw parser and judged before any name or function is looked
// up.
//
// Not for types: condition_plan.hpp binds the names to types, condition.cpp to values.
#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "parser/parser.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_node.h"
}

namespace playbook::expression {

// Longest text that is read; also bounds the depth of its tree and the memory of a kept plan.
inline constexpr std::size_t max_condition_bytes = 10000;

// A name that a condition reads: customer.health_score, steps.found.output[0].name, item.
struct BoundName {
	std::vector<std::string> path; // {"steps", "found", "output", "0", "name"}
	int character = 0;             // where it first stands, counted from 1
	std::string text() const;      // as it would be written: customer."Health Score"
	std::string dotted() const;    // its parts as they are: customer.Health Score
};

struct ParsedCondition {
	std::vector<BoundName> names; // each once; position n is bound as parameter n + 1
	// A quoted 'now' or 'today' becomes a constant when the text is analyzed, so what is made of it must not
	// be kept.
	bool reads_clock = false;
};

// Throws 42601, 54000 (too long) and the refusals of raw_condition(), with the place in the detail.
ParsedCondition parse_condition(const std::string &text);

// The rest of this header is C, for lambdas given to pg::call -----------------------------------------------

// Every name in `expression` is a ColumnRef whose only field is the Integer of its position in `names`.
struct RawCondition {
	Node *expression;
	List *names;     // of List of String
	List *locations; // bytes, of the first mention
	bool reads_clock;
};

// Parses in CurrentMemoryContext. Refuses everything but one expression: clauses, several expressions,
// aliases, stars, subqueries, parameters, and calls that are aggregate or window calls by their form.
RawCondition raw_condition(const char *text);

[[noreturn]] void refuse(const char *text, int location, int sqlstate, const char *message,
                         const char *hint = nullptr);

using TreeWalker = bool (*)(Node *, void *);
bool walk_raw(Node *node, TreeWalker walker, void *context);
bool walk_tree(Node *node, TreeWalker walker, void *context);

// pg::call for parsing: where the server's error names a place in the text, the detail does too.
void remember_position(void *position);
void add_position(pg::Error &error, int character);

template <typename Fn> auto call_at_place(Fn fn) -> std::invoke_result_t<Fn> {
	int character = 0;
	try {
		return pg::call([&] {
			ErrorContextCallback note{};
			note.previous = error_context_stack;
			note.callback = remember_position;
			note.arg = &character;
			error_context_stack = &note;
			const auto result = fn();
			error_context_stack = note.previous;
			return result;
		});
	} catch (pg::Error &error) {
		add_position(error, character);
		throw;
	}
}

} // namespace playbook::expression
