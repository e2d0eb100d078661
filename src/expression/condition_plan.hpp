// A condition made ready for evaluation: analyzed with typed names, judged, folded and compiled to an
// ExprState that lives as long as this object, across transactions.
//
// Not for deciding whether a plan may be used again; condition_cache does that.
#pragma once

#include "expression/condition_parse.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace playbook::expression {

// What the expression must give.
enum class ResultForm {
	Boolean, // anything else is 42804
	Jsonb,   // any value, as to_jsonb gives it
};

// The value of a name for one evaluation.
struct BoundValueOf {
	Datum value = 0;
	bool is_null = true;
};

class ConditionPlan {
public:
	// `types` by position of names: InvalidOid is a null without a type, which becomes a constant. Analyzed,
	// folded and later evaluated as the current user. Throws pg::Error with the place in the detail.
	ConditionPlan(const std::string &condition, const std::vector<Oid> &types, ResultForm form);
	ConditionPlan(const ConditionPlan &) = delete;
	ConditionPlan &operator=(const ConditionPlan &) = delete;

	// False when a later evaluation might need another plan although text and types are the same.
	bool keepable() const { return keepable_; }
	// True when only functions of the server are called, of which none runs code of others or changes a
	// setting.
	bool runs_no_code() const { return runs_no_code_; }
	// An ExprState holds its intermediate results, so a function called by it must not evaluate it once more.
	bool busy() const { return busy_; }

	// One evaluation. Parameters are set and the result is read while it lives; its memory goes with it.
	class Evaluation {
	public:
		explicit Evaluation(ConditionPlan &plan);
		~Evaluation();
		Evaluation(const Evaluation &) = delete;
		Evaluation &operator=(const Evaluation &) = delete;

		// Datums made now are in the memory of this evaluation.
		void bind(std::size_t name, Datum value, bool is_null);
		BoundValueOf run();

	private:
		ConditionPlan &plan_;
		const MemoryContext before_;
	};

private:
	struct DeleteContext {
		void operator()(MemoryContext memory) const { MemoryContextDelete(memory); }
	};
	std::unique_ptr<MemoryContextData, DeleteContext> memory_; // everything below is in it
	ExprState *state_ = nullptr;
	ExprContext *context_ = nullptr;
	ParamListInfo parameters_ = nullptr;
	bool keepable_ = true;
	bool runs_no_code_ = false;
	bool busy_ = false;
};

// The rest is C, for lambdas given to pg::call --------------------------------------------------------------

// A ParseState that binds names to parameters of these types.
ParseState *condition_parse_state(const char *text, const Oid *types, int count);
// Refuses what only the analyzed tree shows: aggregates, window and set-returning functions, anything
// volatile. False when a plan of this tree must not be kept.
bool judge_analyzed(const char *text, Node *analyzed);
// Whether the folded tree calls nothing but functions of the server that run no code of others.
bool calls_server_only(Node *planned);

} // namespace playbook::expression
