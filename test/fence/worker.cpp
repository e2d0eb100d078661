// A background worker whose main function throws. What it reports to the server's log comes back through a
// dynamic shared memory segment, since nobody is connected to it.
#include "pg/datum.hpp"
#include "pg/transaction.hpp"
#include "thrower.hpp"

extern "C" {
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "utils/resowner.h"
}

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(fence_worker);
void fence_worker_main(Datum argument);
PLAYBOOK_EXPORT_END

namespace {

struct Said {
	char sqlstate[6];
	char message[256];
};
Said *said = nullptr;

void keep_report(ErrorData *report) {
	if (said == nullptr || report->elevel < ERROR) return;
	strlcpy(said->sqlstate, unpack_sql_state(report->sqlerrcode), sizeof(said->sqlstate));
	strlcpy(said->message, report->message != nullptr ? report->message : "", sizeof(said->message));
}

} // namespace

void fence_worker_main(Datum argument) {
	pg::entry([argument] {
		const fence::Witness witness;
		pg::call([argument] {
			BackgroundWorkerUnblockSignals();
			BackgroundWorkerInitializeConnection("postgres", nullptr, 0);
			CurrentResourceOwner = ResourceOwnerCreate(nullptr, "fence"); // dsm_attach wants one
			dsm_segment *segment = dsm_attach(DatumGetUInt32(argument));
			if (segment == nullptr) elog(ERROR, "could not attach to the segment");
			dsm_pin_mapping(segment);
			said = static_cast<Said *>(dsm_segment_address(segment));
			emit_log_hook = keep_report;
		});
		pg::Transaction transaction(
		    pg::Transaction::Place::Worker); // rolled back by the error, before it is reported
		fence::throw_kind(MyBgworkerEntry->bgw_extra);
		transaction.commit();
	});
}

// Starts the worker, waits for its end and returns what it reported. $2 is the path of this module.
Datum fence_worker(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const std::string kind = pg::text_from(PG_GETARG_DATUM(0));
		const std::string library = pg::text_from(PG_GETARG_DATUM(1));
		BackgroundWorker worker{};
		if (kind.size() >= sizeof(worker.bgw_extra) || library.size() >= sizeof(worker.bgw_library_name))
			throw pg::Error(ERRCODE_NAME_TOO_LONG, "kind or path of the library is too long");
		worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
		worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
		worker.bgw_restart_time = BGW_NEVER_RESTART;
		worker.bgw_notify_pid = MyProcPid;
		kind.copy(worker.bgw_extra, kind.size());
		library.copy(worker.bgw_library_name, library.size());
		std::string("fence_worker_main").copy(worker.bgw_function_name, 32);
		std::string("fence worker").copy(worker.bgw_name, 32);
		std::string("fence worker").copy(worker.bgw_type, 32);

		const Said *answer = pg::call([&worker] {
			dsm_segment *segment = dsm_create(sizeof(Said), 0);
			memset(dsm_segment_address(segment), 0, sizeof(Said));
			worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
			BackgroundWorkerHandle *handle;
			if (!RegisterDynamicBackgroundWorker(&worker, &handle))
				elog(ERROR, "no background worker is free");
			if (WaitForBackgroundWorkerShutdown(handle) != BGWH_STOPPED)
				elog(ERROR, "the worker did not stop");
			return static_cast<const Said *>(dsm_segment_address(segment));
		});
		return pg::text_datum(std::string(answer->sqlstate) + ' ' + answer->message);
	});
}
