#include "pg/transaction.hpp"

namespace playbook::pg {

Transaction::Transaction() {
	call([] {
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		// A role's default_transaction_isolation or _read_only must not decide how the engine works.
		XactIsoLevel = XACT_READ_COMMITTED;
		XactReadOnly = RecoveryInProgress();
		PushActiveSnapshot(GetTransactionSnapshot());
	});
}

void Transaction::commit() {
	call([] {
		while (ActiveSnapshotSet()) PopActiveSnapshot();
		CommitTransactionCommand();
	});
	open_ = false;
}

Transaction::~Transaction() {
	if (!open_) return;
	AbortCurrentTransaction();
}

ContextScope::ContextScope(const char *name) {
	call([this, name] { context_ = AllocSetContextCreateInternal(before_, name, ALLOCSET_DEFAULT_SIZES); });
	MemoryContextSwitchTo(context_);
}

ContextScope::~ContextScope() {
	MemoryContextSwitchTo(before_);
	MemoryContextDelete(context_);
}

void SettingScope::set(const char *name, const char *value) {
	call([name, value] {
		(void) set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
		                         true, 0, false);
	});
}

} // namespace playbook::pg
