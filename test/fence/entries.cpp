// SQL functions, set-returning functions, triggers, comparators and reset callbacks that throw.
#include "pg/datum.hpp"
#include "pg/transaction.hpp"
#include "thrower.hpp"

extern "C" {
#include "commands/trigger.h"
#include "utils/fmgrprotos.h"
}

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(fence_throw);
PG_FUNCTION_INFO_V1(fence_throw_rows);
PG_FUNCTION_INFO_V1(fence_throw_trigger);
PG_FUNCTION_INFO_V1(fence_throw_nested);
PG_FUNCTION_INFO_V1(fence_throw_comparator);
PG_FUNCTION_INFO_V1(fence_throw_reset);
PG_FUNCTION_INFO_V1(fence_throw_procedure);
PG_FUNCTION_INFO_V1(fence_swallow);
PG_FUNCTION_INFO_V1(fence_made);
PG_FUNCTION_INFO_V1(fence_alive);
PLAYBOOK_EXPORT_END

Datum fence_throw(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		fence::throw_kind(pg::text_from(PG_GETARG_DATUM(0)));
		return static_cast<Datum>(0);
	});
}

// Three rows; the kind is thrown instead of the third, so two calls have come back from this function before.
Datum fence_throw_rows(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const fence::Witness witness;
		FuncCallContext *rows = pg::call([&] {
			if (SRF_IS_FIRSTCALL()) (void) SRF_FIRSTCALL_INIT();
			return SRF_PERCALL_SETUP();
		});
		ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
		if (rows->call_cntr == 2) fence::throw_kind(pg::text_from(PG_GETARG_DATUM(0)));
		if (rows->call_cntr == 3) {
			pg::call([&] { end_MultiFuncCall(fcinfo, rows); });
			result->isDone = ExprEndResult;
			fcinfo->isnull = true;
			return static_cast<Datum>(0);
		}
		result->isDone = ExprMultipleResult;
		return Int64GetDatum(static_cast<int64>(++rows->call_cntr));
	});
}

Datum fence_throw_trigger(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		if (!CALLED_AS_TRIGGER(fcinfo))
			throw pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "not called as a trigger");
		const TriggerData *data = reinterpret_cast<TriggerData *>(fcinfo->context);
		fence::throw_kind(data->tg_trigger->tgnargs > 0 ? data->tg_trigger->tgargs[0] : "nothing");
		return PointerGetDatum(data->tg_trigger == nullptr ? nullptr : data->tg_trigtuple);
	});
}

// entry, call, entry, call …: each level crosses the fence in both directions.
Datum fence_throw_nested(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const fence::Witness witness;
		const Datum kind = PG_GETARG_DATUM(0);
		const int32 levels = PG_GETARG_INT32(1);
		if (levels <= 0)
			fence::throw_kind(pg::text_from(kind));
		else
			pg::call(
			    [&] { (void) DirectFunctionCall2(fence_throw_nested, kind, Int32GetDatum(levels - 1)); });
		return static_cast<Datum>(0);
	});
}

// The server's sort calls our comparator: its C frames lie between the throw and the function that began it.
namespace {
std::string comparator_kind;
int throwing_comparator(const ListCell *, const ListCell *) {
	return pg::entry([] {
		fence::throw_kind(comparator_kind);
		return 0;
	});
}

void throwing_callback(void *kind) {
	pg::entry([kind] { fence::throw_kind(static_cast<const char *>(kind)); });
}
} // namespace

Datum fence_throw_comparator(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const fence::Witness witness;
		comparator_kind = pg::text_from(PG_GETARG_DATUM(0));
		pg::call([] {
			List *list = list_make3_int(3, 1, 2);
			list_sort(list, throwing_comparator);
		});
		return static_cast<Datum>(0);
	});
}

Datum fence_throw_reset(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const fence::Witness witness;
		const std::string kind = pg::text_from(PG_GETARG_DATUM(0));
		pg::call([&kind] {
			MemoryContext context =
			    AllocSetContextCreateInternal(CurrentMemoryContext, "fence", ALLOCSET_SMALL_SIZES);
			MemoryContextCallback *callback = static_cast<MemoryContextCallback *>(
			    MemoryContextAlloc(context, sizeof(MemoryContextCallback)));
			callback->func = throwing_callback;
			callback->arg = MemoryContextStrdup(context, kind.c_str());
			MemoryContextRegisterResetCallback(context, callback);
			MemoryContextReset(context);
		});
		return static_cast<Datum>(0);
	});
}

// Commits a row, begins another transaction, writes a second row and throws: the first stays, the second
// goes.
Datum fence_throw_procedure(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const fence::Witness witness;
		const std::string kind = pg::text_from(PG_GETARG_DATUM(0));
		pg::call([] { SPI_connect_ext(SPI_OPT_NONATOMIC); });
		{
			pg::Transaction transaction(pg::Transaction::Place::Procedure);
			pg::call([] { SPI_execute("INSERT INTO fence_rows VALUES (1)", false, 0); });
			transaction.commit();
		}
		{
			pg::Transaction transaction(pg::Transaction::Place::Procedure);
			pg::call([] { SPI_execute("INSERT INTO fence_rows VALUES (2)", false, 0); });
			fence::throw_kind(kind);
			transaction.commit();
		}
		pg::call([] { SPI_finish(); });
		return static_cast<Datum>(0);
	});
}

// Runs a statement and throws, both in a subtransaction, and goes on after it. Returns what it caught, and
// whether the server's own state is what it was before.
Datum fence_swallow(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const std::string kind = pg::text_from(PG_GETARG_DATUM(0));
		const std::string statement = pg::text_from(PG_GETARG_DATUM(1));
		const sigjmp_buf *handlers = PG_exception_stack;
		const ErrorContextCallback *callbacks = error_context_stack;
		const MemoryContext memory = CurrentMemoryContext;
		const ResourceOwner owner = CurrentResourceOwner;
		const int level = pg::call([] { return GetCurrentTransactionNestLevel(); });
		std::string caught = "nothing";
		try {
			pg::Subtransaction subtransaction;
			pg::call([&statement] {
				SPI_connect();
				if (SPI_execute(statement.c_str(), false, 0) < 0) elog(ERROR, "statement failed");
				SPI_finish();
			});
			fence::throw_kind(kind);
			subtransaction.commit();
		} catch (const pg::Error &error) {
			caught = error.code() + ' ' + error.what();
		} catch (const std::exception &exception) {
			caught = pg::to_error(exception).code() + ' ' + pg::to_error(exception).what();
		} catch (...) {
			caught = "something else";
		}
		const bool intact = handlers == PG_exception_stack && callbacks == error_context_stack &&
		                    memory == CurrentMemoryContext && owner == CurrentResourceOwner &&
		                    level == pg::call([] { return GetCurrentTransactionNestLevel(); }) &&
		                    InterruptHoldoffCount == 0 && QueryCancelHoldoffCount == 0 &&
		                    CritSectionCount == 0;
		return pg::text_datum(caught + (intact ? "" : ", and the server's state is not what it was"));
	});
}

Datum fence_made(PG_FUNCTION_ARGS) {
	(void) fcinfo;
	return Int64GetDatum(fence::Witness::made);
}

Datum fence_alive(PG_FUNCTION_ARGS) {
	(void) fcinfo;
	return Int64GetDatum(fence::Witness::alive);
}
