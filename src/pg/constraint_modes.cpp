#include "pg/constraint_modes.hpp"

extern "C" {
#include "access/xact.h"
#include "tcop/utility.h"
}

namespace playbook::pg {

void note_set_constraints(); // a friend of the class

namespace {

ConstraintModes *innermost = nullptr;
bool changed = false;
ProcessUtility_hook_type utility_before = nullptr;

void forget_at_end(XactEvent event, void *) {
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		changed = false;
}

void before_utility(PlannedStmt *statement, const char *text, bool read_only_tree,
                    ProcessUtilityContext context, ParamListInfo parameters, QueryEnvironment *environment,
                    DestReceiver *destination, QueryCompletion *completion) {
	entry([statement] {
		if (IsA(statement->utilityStmt, ConstraintsSetStmt)) note_set_constraints();
	});
	(utility_before != nullptr ? utility_before : standard_ProcessUtility)(
	    statement, text, read_only_tree, context, parameters, environment, destination, completion);
}

} // namespace

ConstraintModes::ConstraintModes(Change change) noexcept : change_(change), outer_(innermost) {
	innermost = this;
}

ConstraintModes::~ConstraintModes() { innermost = outer_; }

bool ConstraintModes::changed_in_transaction() { return changed; }

void note_set_constraints() {
	if (innermost == nullptr) return;
	if (InSecurityRestrictedOperation())
		throw Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
		            "cannot execute SET CONSTRAINTS within security-restricted operation",
		            "It would fire what this session has deferred with the rights of the playbook's owner.",
		            "Start the playbook with playbook_start(), so that an executor runs it.");
	bool refused = false;
	for (ConstraintModes *scope = innermost; scope != nullptr; scope = scope->outer_) {
		if (scope->change_ != ConstraintModes::Change::Forbidden) continue;
		scope->refused_ = refused = true;
	}
	// Of a code that nobody catches by accident; a step is done again alone and does not show it.
	if (refused) throw Error(ERRCODE_QUERY_CANCELED, "SET CONSTRAINTS in a batch");
	changed = true;
}

void watch_constraint_modes() {
	RegisterXactCallback(forget_at_end, nullptr);
	utility_before = ProcessUtility_hook;
	ProcessUtility_hook = before_utility;
}

} // namespace playbook::pg
