#include "step/statement.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
}

namespace playbook::step {
namespace {

// Learns where in the query an error lies: the server's own position, before anything else uses it up.
struct PositionProbe {
	ErrorContextCallback callback{};
	int position = 0;

	static void remember(void *probe) {
		const int at = geterrposition();
		if (at > 0) static_cast<PositionProbe *>(probe)->position = at;
	}
	// Inside call(), which takes the callback off again.
	void install() {
		callback.callback = remember;
		callback.arg = this;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
	}
};

// Runs server calls on the query's text; an error that has a position there gets its line and column.
template <typename Fn> auto located(const std::string &query, Fn fn) {
	PositionProbe probe;
	try {
		return pg::call([&] {
			probe.install();
			return fn();
		});
	} catch (pg::Error &error) {
		if (probe.position > 0) error.context = "at " + place_in(query, probe.position);
		throw;
	}
}

RawStmt *parse_one(const std::string &text) {
	List *statements = located(text, [&text] { return raw_parser(text.c_str(), RAW_PARSE_DEFAULT); });
	const int count = list_length(statements);
	if (count == 0) throw pg::Error(ERRCODE_SYNTAX_ERROR, "the query holds no statement");
	if (count > 1)
		throw pg::Error(ERRCODE_SYNTAX_ERROR, "the query holds " + std::to_string(count) + " statements", "",
		                "Write one statement in a step, and a step for each further one.");
	return linitial_node(RawStmt, statements);
}

void judge_statement(const Node *statement, StatementKind kind) {
	switch (nodeTag(statement)) {
	case T_SelectStmt: {
		const SelectStmt *select = reinterpret_cast<const SelectStmt *>(statement);
		if (select->intoClause != nullptr)
			throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "SELECT INTO cannot be run by a step", "",
			                "Create the table beforehand and fill it by INSERT … SELECT in a sql step.");
		return;
	}
	case T_InsertStmt:
	case T_UpdateStmt:
	case T_DeleteStmt:
	case T_MergeStmt:
		if (kind == StatementKind::Writing) return;
		throw pg::Error(ERRCODE_READ_ONLY_SQL_TRANSACTION, "a query step only reads", "",
		                "Use a step of type sql for a statement that writes.");
	case T_TransactionStmt:
		throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "transaction control is not a step's business", "",
		                "Each step commits together with its recorded result.");
	default:
		throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED,
		                kind == StatementKind::Reading
		                    ? "a query step runs SELECT only"
		                    : "a sql step runs SELECT, INSERT, UPDATE, DELETE and MERGE only",
		                "", "Wrap any other command in a function, and call it by SELECT in a sql step.");
	}
}

} // namespace

std::string place_in(const std::string &query, int position) {
	int line = 1, column = 1;
	const char *at = query.c_str();
	for (int i = 1; i < position && *at != '\0'; ++i) {
		if (*at == '\n') {
			++line;
			column = 1;
		} else {
			++column;
		}
		at += pg_mblen(at);
	}
	return "line " + std::to_string(line) + ", column " + std::to_string(column) + " of the query";
}

std::vector<Oid> types_of_parameters(const expression::BuiltQuery &query, StatementKind kind,
                                     QueryEnvironment *relations) {
	std::vector<Oid> types(query.values.size(), InvalidOid);
	RawStmt *raw = parse_one(query.text);
	judge_statement(raw->stmt, kind);
	int count = static_cast<int>(types.size());
	const Oid *found = located(query.text, [&]() -> const Oid * {
		// The parser may enlarge this array, so it is the server's.
		Oid *known = static_cast<Oid *>(palloc0(sizeof(Oid) * static_cast<std::size_t>(count + 1)));
		const bool snapshot = analyze_requires_snapshot(raw);
		if (snapshot) PushActiveSnapshot(GetTransactionSnapshot());
		(void) parse_analyze_varparams(raw, query.text.c_str(), &known, &count, relations);
		if (snapshot) PopActiveSnapshot();
		return known;
	});
	if (count != static_cast<int>(types.size()))
		throw pg::Error(ERRCODE_UNDEFINED_PARAMETER, "there is no parameter $" + std::to_string(count));
	for (int i = 0; i < count; ++i) {
		const bool decided = OidIsValid(found[i]) && found[i] != UNKNOWNOID;
		types[static_cast<std::size_t>(i)] = decided ? found[i] : TEXTOID;
	}
	return types;
}

} // namespace playbook::step
