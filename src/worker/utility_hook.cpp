#include "worker/utility_hook.hpp"

#include "worker/process.hpp"
#include "worker/slots.hpp"

extern "C" {
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/user.h"
#include "tcop/utility.h"
#include <signal.h>
}

namespace playbook::worker {
namespace {

constexpr std::int64_t patience = second / 5; // then those that still work are terminated
constexpr std::int64_t longest_wait = 10 * second;
constexpr const char *extension_name = "playbook";

ProcessUtility_hook_type utility_before = nullptr;
bool barring = false; // this transaction put up bars

// Only for those who may run the command: nobody else can send our workers away. The server itself reports
// the refusal.
Oid database_of_owner(const char *name) {
	return pg::call([name] {
		const Oid database = get_database_oid(name, true);
		return OidIsValid(database) && pg::compat::owns_database(database, GetUserId()) ? database
		                                                                                : InvalidOid;
	});
}

// A template may be copied by everybody who may create databases.
Oid database_to_copy(const CreatedbStmt *command) {
	return pg::call([command] {
		const char *name = "template1";
		ListCell *cell;
		foreach (cell, command->options) {
			DefElem *option = (DefElem *) lfirst(cell);
			if (strcmp(option->defname, "template") == 0 && option->arg != nullptr)
				name = defGetString(option);
		}
		const Oid database = get_database_oid(name, true);
		if (!OidIsValid(database)) return InvalidOid;
		HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
		if (!HeapTupleIsValid(tuple)) return InvalidOid;
		const bool is_template = ((Form_pg_database) GETSTRUCT(tuple))->datistemplate;
		ReleaseSysCache(tuple);
		const bool may = superuser() || (is_template ? pg::compat::may_create_databases(GetUserId())
		                                             : pg::compat::owns_database(database, GetUserId()));
		return may ? database : InvalidOid;
	});
}

Oid this_database_for_extension(const char *name) {
	if (strcmp(name, extension_name) != 0) return InvalidOid;
	return pg::call([] {
		const Oid extension = get_extension_oid(extension_name, true);
		return OidIsValid(extension) && pg::compat::owns_extension(extension, GetUserId()) ? MyDatabaseId
		                                                                                   : InvalidOid;
	});
}

bool moves_database(const AlterDatabaseStmt *command) {
	ListCell *cell;
	foreach (cell, command->options)
		if (strcmp(((DefElem *) lfirst(cell))->defname, "tablespace") == 0) return true;
	return false;
}

// The database whose workers must go for this command, or none.
Oid database_to_clear(Node *command) {
	switch (nodeTag(command)) {
	case T_DropdbStmt: return database_of_owner(((DropdbStmt *) command)->dbname);
	case T_CreatedbStmt: return database_to_copy((CreatedbStmt *) command);
	case T_AlterDatabaseStmt:
		return moves_database((AlterDatabaseStmt *) command)
		           ? database_of_owner(((AlterDatabaseStmt *) command)->dbname)
		           : InvalidOid;
	case T_RenameStmt:
		return ((RenameStmt *) command)->renameType == OBJECT_DATABASE
		           ? database_of_owner(((RenameStmt *) command)->subname)
		           : InvalidOid;
	case T_AlterExtensionStmt: return this_database_for_extension(((AlterExtensionStmt *) command)->extname);
	case T_AlterExtensionContentsStmt:
		return this_database_for_extension(((AlterExtensionContentsStmt *) command)->extname);
	case T_DropStmt:
		if (((DropStmt *) command)->removeType == OBJECT_EXTENSION) {
			ListCell *cell;
			foreach (cell, ((DropStmt *) command)->objects) {
				const Oid database = this_database_for_extension(strVal(lfirst(cell)));
				if (OidIsValid(database)) return database;
			}
		}
		return InvalidOid;
	default: return InvalidOid;
	}
}

// At the end of the transaction, whatever it was: must not fail.
void lift_bars(XactEvent event, void *) {
	if (!barring || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE))
		return;
	barring = false;
	Locked locked;
	for (Bar &bar : shared->bars)
		if (bar.process.pid == MyProcPid) bar = Bar();
	wake_launcher();
}

void put_up_bar(Oid database) {
	static bool registered = false;
	if (!registered) {
		pg::call([] { RegisterXactCallback(lift_bars, nullptr); });
		registered = true;
	}
	release_at_exit();
	Locked locked;
	for (Bar &bar : shared->bars) {
		if (bar.process.alive()) {
			if (bar.process.pid == MyProcPid && bar.database == database) return;
			continue;
		}
		bar.process = Process::self();
		bar.database = database;
		barring = true;
		return;
	}
	// All bars are in use: the workers leave all the same, and may come back too early.
}

// Asks the workers of the database to leave; how many are still there. Later, those are terminated.
int ask_to_leave(Oid database, bool firmly) {
	Locked locked;
	int present = 0;
	const auto ask = [firmly, &present](std::atomic<bool> &leave, const Process &process) {
		leave = true;
		if (!process.alive()) return;
		++present;
		if (firmly)
			kill(process.pid, SIGTERM);
		else
			process.wake();
	};
	DatabaseSlot *slot = find_database(database);
	if (slot != nullptr && slot->state != DatabaseSlot::State::None) ask(slot->leave, slot->scheduler);
	for (ExecutorSlot &executor : shared->executors)
		if (executor.database == database && executor.process) ask(executor.leave, executor.process);
	return present;
}

void clear(Oid database) {
	put_up_bar(database);
	const TimestampTz began = GetCurrentTimestamp();
	bool firmly = false;
	while (ask_to_leave(database, firmly) > 0) {
		const std::int64_t waited = GetCurrentTimestamp() - began;
		if (waited > longest_wait) return; // the command itself says who is in its way
		firmly = waited > patience;
		nap(DT_NOEND, firmly ? 50 : 5);
	}
}

void make_way(Node *command) {
	if (shared == nullptr || RecoveryInProgress() || !IsTransactionState()) return;
	const Oid database = database_to_clear(command);
	if (OidIsValid(database)) clear(database);
}

void before_utility(PlannedStmt *statement, const char *text, bool read_only_tree,
                    ProcessUtilityContext context, ParamListInfo parameters, QueryEnvironment *environment,
                    DestReceiver *destination, QueryCompletion *completion) {
	pg::entry([statement] { make_way(statement->utilityStmt); });
	(utility_before != nullptr ? utility_before : standard_ProcessUtility)(
	    statement, text, read_only_tree, context, parameters, environment, destination, completion);
}

} // namespace

void register_utility_hook() {
	utility_before = ProcessUtility_hook;
	ProcessUtility_hook = before_utility;
}

} // namespace playbook::worker
