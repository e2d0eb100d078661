// Hooks, transaction callbacks and a setting's check function that throw. Each is armed with a kind and
// throws it once.
#include "pg/datum.hpp"
#include "thrower.hpp"

extern "C" {
#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "tcop/utility.h"
}

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
void _PG_init(void);
PG_FUNCTION_INFO_V1(fence_arm);
PLAYBOOK_EXPORT_END

namespace {

struct Armed {
	fence::Pending utility, object_access, executor_start, commit, prepare, subtransaction_commit;
};
Armed &armed() {
	static Armed &one = *new Armed();
	return one;
}

ProcessUtility_hook_type former_utility = nullptr;
object_access_hook_type former_object_access = nullptr;
ExecutorStart_hook_type former_executor_start = nullptr;
char *checked_kind = nullptr;

void on_utility(PlannedStmt *statement, const char *text, bool read_only, ProcessUtilityContext context,
                ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
                QueryCompletion *completion) {
	pg::entry([&] {
		const fence::Witness witness;
		pg::call([&] {
			(former_utility != nullptr ? former_utility : standard_ProcessUtility)(
			    statement, text, read_only, context, parameters, environment, receiver, completion);
		});
		armed().utility.fire();
	});
}

void on_object_access(ObjectAccessType access, Oid catalog, Oid object, int part, void *argument) {
	pg::entry([&] {
		const fence::Witness witness;
		if (former_object_access != nullptr)
			pg::call([&] { former_object_access(access, catalog, object, part, argument); });
		if (access == OAT_POST_CREATE) armed().object_access.fire();
	});
}

void on_executor_start(QueryDesc *query, int flags) {
	pg::entry([&] {
		const fence::Witness witness;
		pg::call([&] {
			(former_executor_start != nullptr ? former_executor_start : standard_ExecutorStart)(query, flags);
		});
		if (query->operation == CMD_INSERT) armed().executor_start.fire();
	});
}

// Only before the commit: from then on the server cannot take the transaction back, and panics.
void on_transaction(XactEvent event, void *) {
	pg::entry([event] {
		const fence::Witness witness;
		if (event == XACT_EVENT_PRE_COMMIT) armed().commit.fire();
		if (event == XACT_EVENT_PRE_PREPARE) armed().prepare.fire();
	});
}

void on_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
	pg::entry([event] {
		const fence::Witness witness;
		if (event == SUBXACT_EVENT_PRE_COMMIT_SUB) armed().subtransaction_commit.fire();
	});
}

bool on_setting(char **value, void **, GucSource source) {
	return pg::entry([&] {
		if (source == PGC_S_SESSION && *value != nullptr) fence::throw_kind(*value);
		return true;
	});
}

} // namespace

void _PG_init(void) {
	pg::entry([] {
		pg::call([] {
			DefineCustomStringVariable("fence.kind", "What setting it throws.", nullptr, &checked_kind,
			                           "nothing", PGC_USERSET, 0, on_setting, nullptr, nullptr);
			RegisterXactCallback(on_transaction, nullptr);
			RegisterSubXactCallback(on_subtransaction, nullptr);
		});
		former_utility = std::exchange(ProcessUtility_hook, on_utility);
		former_object_access = std::exchange(object_access_hook, on_object_access);
		former_executor_start = std::exchange(ExecutorStart_hook, on_executor_start);
	});
}

Datum fence_arm(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const std::string place = pg::text_from(PG_GETARG_DATUM(0));
		const std::string kind = pg::text_from(PG_GETARG_DATUM(1));
		if (place == "utility")
			armed().utility.arm(kind);
		else if (place == "object access")
			armed().object_access.arm(kind);
		else if (place == "executor start")
			armed().executor_start.arm(kind);
		else if (place == "commit")
			armed().commit.arm(kind);
		else if (place == "prepare")
			armed().prepare.arm(kind);
		else if (place == "subtransaction commit")
			armed().subtransaction_commit.arm(kind);
		else
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown place \"" + place + "\"");
		return static_cast<Datum>(0);
	});
}
