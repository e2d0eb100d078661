#include "pg/transaction.hpp"

namespace playbook::pg {

Transaction::Transaction(Place place) : place_(place) {
	call([this, place] {
		if (place == Place::Worker) {
			SetCurrentStatementStartTimestamp();
			StartTransactionCommand();
			// A role's default_transaction_isolation or _read_only must not decide how the engine works.
			XactIsoLevel = XACT_READ_COMMITTED;
			XactReadOnly = RecoveryInProgress();
		}
		if (ActiveSnapshotSet()) outer_ = GetActiveSnapshot();
		PushActiveSnapshot(GetTransactionSnapshot());
	});
}

void Transaction::pop_snapshots() {
	while (ActiveSnapshotSet() && GetActiveSnapshot() != outer_) PopActiveSnapshot();
}

// SPI rolls back in the name of its innermost connection, which must be the procedure's.
void Transaction::end_connections() {
	for (; spi_connections > connections_; --spi_connections) SPI_finish();
}

void Transaction::commit() {
	call([this] {
		pop_snapshots();
		if (place_ == Place::Worker)
			CommitTransactionCommand();
		else
			SPI_commit();
	});
	open_ = false;
}

Transaction::~Transaction() {
	if (!open_) return;
	if (place_ == Place::Worker) {
		AbortCurrentTransaction();
		spi_connections = connections_;
	} else {
		// An error here is one of the server's own (out of memory while aborting); it must not jump out of a
		// destructor.
		auto roll_back = [this] {
			pop_snapshots();
			end_connections();
			SPI_rollback();
		};
		if (!completes(roll_back)) FlushErrorState();
	}
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
	const char *present = call([name] { return GetConfigOption(name, true, false); });
	if (present != nullptr && std::string_view(present) == value) return;
	open();
	// LOCAL, not SAVE as for a function's own settings: from 16 on the server refuses to save
	// transaction_read_only. While a query runs in parallel it refuses LOCAL. Where a level ends as after an
	// error, the two do the same.
	call([name, value] {
		(void) set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
		                         IsInParallelMode() ? GUC_ACTION_SAVE : GUC_ACTION_LOCAL, true, 0, false);
	});
}

} // namespace playbook::pg
