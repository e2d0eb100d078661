// Transactions, subtransactions and memory contexts as scopes: what was not committed is rolled back.
#pragma once

#include "pg/guard.hpp"

namespace playbook::pg {

// Connections to SPI that are open, or were left open by an error and are ended by a rollback.
inline int spi_connections = 0;

// A transaction of the engine's own, with a snapshot, read committed and writable whatever the role's
// settings say. In a background worker it begins and ends one; in a procedure that was called outside of a
// transaction block it uses the one that is open and commits or rolls back through SPI, which begins the
// next.
class Transaction {
public:
	enum class Place { Worker, Procedure };
	explicit Transaction(Place place);
	// Commits; an error leaves the transaction to be rolled back by the destructor.
	void commit();
	~Transaction();
	Transaction(const Transaction &) = delete;
	Transaction &operator=(const Transaction &) = delete;

private:
	// Those pushed since the beginning; the snapshot of the portal that called us is the server's to pop.
	void pop_snapshots();

	void end_connections();

	const Place place_;
	const int connections_ = spi_connections;
	Snapshot outer_ = nullptr;
	bool open_ = true;
};

class Subtransaction {
public:
	Subtransaction() {
		call([] { BeginInternalSubTransaction(nullptr); });
		MemoryContextSwitchTo(context_);
	}
	void commit() {
		call([] { ReleaseCurrentSubTransaction(); });
		open_ = false;
		restore();
	}
	void rollback() noexcept {
		if (!open_) return;
		open_ = false;
		RollbackAndReleaseCurrentSubTransaction();
		spi_connections = connections_;
		restore();
	}
	~Subtransaction() { rollback(); }
	Subtransaction(const Subtransaction &) = delete;
	Subtransaction &operator=(const Subtransaction &) = delete;

private:
	void restore() noexcept {
		MemoryContextSwitchTo(context_);
		CurrentResourceOwner = owner_;
	}
	const MemoryContext context_ = CurrentMemoryContext;
	const ResourceOwner owner_ = CurrentResourceOwner;
	const int connections_ = spi_connections;
	bool open_ = true;
};

// A memory context of our own that is current while the scope lives and deleted after it.
class ContextScope {
public:
	explicit ContextScope(const char *name);
	void reset() { MemoryContextReset(context_); }
	MemoryContext get() const { return context_; }
	~ContextScope();
	ContextScope(const ContextScope &) = delete;
	ContextScope &operator=(const ContextScope &) = delete;

private:
	const MemoryContext before_ = CurrentMemoryContext;
	MemoryContext context_ = nullptr;
};

// A snapshot for reading outside SPI.
class SnapshotScope {
public:
	SnapshotScope() {
		call([] { PushActiveSnapshot(GetTransactionSnapshot()); });
	}
	~SnapshotScope() {
		// After an error the rollback pops it; popping twice would be an error of its own.
		if (std::uncaught_exceptions() == exceptions_) PopActiveSnapshot();
	}
	SnapshotScope(const SnapshotScope &) = delete;
	SnapshotScope &operator=(const SnapshotScope &) = delete;

private:
	const int exceptions_ = std::uncaught_exceptions();
};

// A level of settings, which ends before the subtransaction it was opened in: what set() changes is undone
// with it. It is opened by the first change, since closing one makes the server look at every setting there
// is: a value that stands already costs nothing.
class SettingScope {
public:
	SettingScope() = default;
	// At once, where code that is not ours runs inside: what that code sets is undone, too, be it by a SET
	// that is not LOCAL.
	void open() {
		if (level_ == 0) level_ = NewGUCNestLevel();
	}
	// Throws when the server refuses the value.
	void set(const char *name, const char *value);
	// As after an error: only so is a SET that was not LOCAL taken back.
	~SettingScope() {
		if (level_ != 0) AtEOXact_GUC(false, level_);
	}
	SettingScope(const SettingScope &) = delete;
	SettingScope &operator=(const SettingScope &) = delete;

private:
	int level_ = 0;
};

} // namespace playbook::pg
