// What refers to the snapshot of a running SELECT (pquery.c, execMain.c): the top of the stack of active
// snapshots, pushed by PortalRunSelect; QueryDesc.snapshot, registered by CreateQueryDesc; and
// EState.es_snapshot, registered by ExecutorStart, both with the portal's resource owner. The server gives
// MyProc->xmin back when the last of these goes, and takes it again with the next snapshot.
//
// While it is away both pointers are null. Who would follow them: scans of tables (a plan that has one is
// refused here) and the end of the statement, which comes after take_fresh(), or not at all: a portal that
// has failed drops its resources through its owner, which has no snapshot then.
#include "pg/statement_snapshot.hpp"

extern "C" {
#include "executor/execdesc.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "tcop/pquery.h"
#include "utils/portal.h"
}

namespace playbook::pg {
namespace {

// The call itself, or one column of what it returns.
const Node *called(const Node *expression) {
	while (expression != nullptr && IsA(expression, FieldSelect))
		expression = reinterpret_cast<const Node *>(reinterpret_cast<const FieldSelect *>(expression)->arg);
	return expression;
}

// Whether the plan is this call and nothing besides that looks at the database. The executor gives a call its
// node of the plan (fmgr_info_set_expr): the same node is the same call.
bool is_nothing_but(const PlannedStmt &statement, const Node *call) {
	if (statement.commandType != CMD_SELECT || statement.hasModifyingCTE || statement.rowMarks != NIL ||
	    statement.subplans != NIL || statement.parallelModeNeeded)
		return false;
	Plan *plan = statement.planTree;
	if (plan->lefttree != nullptr || plan->righttree != nullptr || plan->initPlan != NIL ||
	    contain_mutable_functions(reinterpret_cast<Node *>(plan->qual)))
		return false;
	if (IsA(plan, FunctionScan)) {
		const List *functions = castNode(FunctionScan, plan)->functions;
		return list_length(functions) == 1 && linitial_node(RangeTblFunction, functions)->funcexpr == call &&
		       !contain_mutable_functions(reinterpret_cast<Node *>(plan->targetlist));
	}
	return IsA(plan, Result) && castNode(Result, plan)->resconstantqual == nullptr &&
	       list_length(plan->targetlist) == 1 &&
	       called(reinterpret_cast<Node *>(linitial_node(TargetEntry, plan->targetlist)->expr)) == call;
}

// The portal whose statement is this call, and whose snapshot is the only active one; null: there is none.
Portal portal_of(const FunctionCallInfo info) {
	Portal portal = ActivePortal;
	if (IsolationUsesXactSnapshot() || IsSubTransaction() || portal == nullptr ||
	    portal->strategy != PORTAL_ONE_SELECT || portal->queryDesc == nullptr ||
	    portal->portalSnapshot != nullptr || portal->holdSnapshot != nullptr ||
	    (portal->cursorOptions & CURSOR_OPT_HOLD) != 0)
		return nullptr;
	const QueryDesc *query = portal->queryDesc;
	const Node *call = info->flinfo->fn_expr;
	if (query->snapshot == nullptr || query->crosscheck_snapshot != nullptr || query->estate == nullptr ||
	    query->estate->es_snapshot != query->snapshot || call == nullptr || !ActiveSnapshotSet() ||
	    GetActiveSnapshot() != query->snapshot || !is_nothing_but(*query->plannedstmt, call))
		return nullptr;
	return portal;
}

} // namespace

ReleasedSnapshot::ReleasedSnapshot(FunctionCallInfo info) {
	portal_ = call([info]() -> PortalData * {
		Portal portal = portal_of(info);
		if (portal == nullptr) return nullptr;
		QueryDesc *query = portal->queryDesc;
		Snapshot snapshot = query->snapshot;
		PopActiveSnapshot();
		if (ActiveSnapshotSet()) { // a statement around this one has its own
			PushActiveSnapshot(snapshot);
			return nullptr;
		}
		query->snapshot = nullptr;
		query->estate->es_snapshot = nullptr;
		UnregisterSnapshotFromOwner(snapshot, portal->resowner);
		UnregisterSnapshotFromOwner(snapshot, portal->resowner);
		return portal;
	});
}

void ReleasedSnapshot::take_fresh() {
	if (portal_ == nullptr) return;
	call([this] {
		QueryDesc *query = portal_->queryDesc;
		query->snapshot = RegisterSnapshotOnOwner(GetTransactionSnapshot(), portal_->resowner);
		query->estate->es_snapshot = RegisterSnapshotOnOwner(query->snapshot, portal_->resowner);
		PushActiveSnapshot(query->snapshot);
	});
	portal_ = nullptr;
}

void release_catalog_snapshot() {
	call([] { InvalidateCatalogSnapshot(); });
}

} // namespace playbook::pg
