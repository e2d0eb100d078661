#include "worker/process.hpp"

#include "pg/installation.hpp"
#include "pg/transaction.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

extern "C" {
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/wait_event.h"
}

namespace playbook::worker {

namespace {

// Each batch takes about the same memory again. The C library would give it back to the system and be given
// fresh pages, zeroed, every time: a tenth of the time of an executor.
void keep_memory() {
#ifdef __GLIBC__
	(void) mallopt(M_MMAP_THRESHOLD, 8 * 1024 * 1024);
	(void) mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
#endif
}

} // namespace

void begin_process() {
	keep_memory();
	pg::call([] {
		pqsignal(SIGTERM, die);
		pqsignal(SIGHUP, SignalHandlerForConfigReload);
		BackgroundWorkerUnblockSignals();
	});
}

void nap(TimestampTz until, long most) {
	pg::call([until, most] {
		long milliseconds = most;
		if (!TIMESTAMP_IS_NOEND(until))
			milliseconds = std::min(most, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until));
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
		                 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending && MyBackendType == B_BG_WORKER) {
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	});
}

void log(const std::string &message) {
	pg::call([&message] { ereport(LOG, (errmsg_internal("playbook: %s", message.c_str()))); });
}

void log_failure(const std::string &what, const pg::Error &error) {
	const std::string code = error.code();
	pg::call([&] {
		ereport(LOG, (errcode(error.sqlstate()),
		              errmsg_internal("playbook: %s: %s (%s)", what.c_str(), error.what(), code.c_str()),
		              error.detail.empty() ? 0 : errdetail_internal("%s", error.detail.c_str()),
		              error.hint.empty() ? 0 : errhint("%s", error.hint.c_str()),
		              !error.context.empty() ? errcontext("%s", error.context.c_str()) : 0));
	});
}

bool clean_up_after_failure() {
	pg::call([] {
		AbortOutOfAnyTransaction();
		FlushErrorState();
	});
	try {
		return extension_is_here();
	} catch (const std::exception &) {
		return true; // nor can this be told: the failure itself says why
	}
}

bool extension_is_here() {
	pg::Transaction transaction(pg::Transaction::Place::Worker);
	pg::call([] { AcceptInvalidationMessages(); });
	const bool here = pg::find_installation() != nullptr;
	transaction.commit();
	return here;
}

BackgroundWorkerHandle *start_worker(const WorkerOrder &order) {
	return pg::call([&order]() -> BackgroundWorkerHandle * {
		BackgroundWorker worker{};
		strlcpy(worker.bgw_name, order.name.c_str(), BGW_MAXLEN);
		strlcpy(worker.bgw_type, order.type, BGW_MAXLEN);
		strlcpy(worker.bgw_library_name, "playbook", BGW_MAXLEN);
		strlcpy(worker.bgw_function_name, order.function, BGW_MAXLEN);
		worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
		worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
		worker.bgw_restart_time = BGW_NEVER_RESTART;
		worker.bgw_main_arg = Int32GetDatum(order.argument);
		worker.bgw_notify_pid = MyProcPid;
		memcpy(worker.bgw_extra, &order.generation, sizeof(order.generation));
		const MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
		BackgroundWorkerHandle *handle = nullptr;
		const bool registered = RegisterDynamicBackgroundWorker(&worker, &handle);
		MemoryContextSwitchTo(before);
		return registered ? handle : nullptr;
	});
}

bool has_stopped(BackgroundWorkerHandle *handle) {
	pid_t pid = 0;
	const BgwHandleStatus status = GetBackgroundWorkerPid(handle, &pid);
	return status == BGWH_STOPPED || status == BGWH_POSTMASTER_DIED;
}

void forget(BackgroundWorkerHandle *handle) { pfree(handle); }

std::uint32_t ordered_generation() {
	std::uint32_t generation = 0;
	memcpy(&generation, MyBgworkerEntry->bgw_extra, sizeof(generation));
	return generation;
}

std::int64_t back_off(int failures, std::int64_t first) { return first << std::clamp(failures - 1, 0, 6); }

} // namespace playbook::worker
