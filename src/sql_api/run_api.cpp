// SQL-callable: playbook_start, playbook_start_many, playbook_run, playbook_execute, playbook_advance,
// playbook_work, playbook_purge, playbook_wait, playbook_run_id, playbook_rerun
// (sql/playbook/44_execution_functions.sql).
#include "execution/purge.hpp"
#include "execution/rerun.hpp"
#include "execution/run.hpp"
#include "execution/start_list.hpp"
#include "execution/store.hpp"
#include "identity/access.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"
#include "pg/transaction.hpp"
#include "result/document.hpp"
#include "sql_api/execution_argument.hpp"
#include "sql_api/start_request.hpp"
#include "value/json.hpp"
#include "worker/attendance.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_start);
PG_FUNCTION_INFO_V1(playbook_start_many);
PG_FUNCTION_INFO_V1(playbook_run);
PG_FUNCTION_INFO_V1(playbook_execute);
PG_FUNCTION_INFO_V1(playbook_advance);
PG_FUNCTION_INFO_V1(playbook_work);
PG_FUNCTION_INFO_V1(playbook_purge);
PG_FUNCTION_INFO_V1(playbook_wait);
PG_FUNCTION_INFO_V1(playbook_run_id);
PG_FUNCTION_INFO_V1(playbook_rerun);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace playbook::sql_api {

std::optional<std::string> customer_of(const pg::Arguments &args, int at) {
	const std::optional<std::string> customer = args.text_or_null(at);
	if (customer && !customer->empty() && customer->front() == '{' && customer->back() == '}')
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "the customer must be an id, not a JSON object", "",
		                "Name the argument: playbook_start('" + args.text(0, "playbook") +
		                    "', parameters => '" + *customer + "').");
	return customer;
}

execution::StartRequest start_request(const pg::Arguments &args) {
	execution::StartRequest request;
	request.playbook = args.text(0, "playbook");
	request.customer = customer_of(args, 1);
	request.parameters = args.jsonb_or(2, Value::object());
	request.idempotency_key = args.text_or_null(3).value_or("");
	if (!args.is_null(3) && request.idempotency_key.empty())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "idempotency_key must not be empty", "",
		                "Leave it out to start without one.");
	request.priority = args.is_null(4) ? 0 : args.int4(4, "priority");
	if (!args.is_null(5)) request.start_at = args.timestamp(5, "start_at");
	request.conflict = args.text_or_null(6);
	request.labels = args.jsonb_or(7, Value::object());
	request.save_artifacts = args.is_null(8) || args.boolean(8, "save_artifacts");
	request.data_warehouse = args.text_or_null(9);
	request.crm = args.text_or_null(10);
	request.draft = !args.is_null(11) && args.boolean(11, "draft");
	return request;
}

execution::StartRequest run_request(const pg::Arguments &args) {
	execution::StartRequest request;
	request.playbook = args.text(0, "playbook");
	request.customer = customer_of(args, 1);
	request.parameters = args.jsonb_or(2, Value::object());
	request.conflict = args.text_or_null(3);
	request.labels = args.jsonb_or(4, Value::object());
	request.save_artifacts = args.is_null(5) || args.boolean(5, "save_artifacts");
	request.data_warehouse = args.text_or_null(6);
	request.crm = args.text_or_null(7);
	request.draft = !args.is_null(8) && args.boolean(8, "draft");
	return request;
}

} // namespace playbook::sql_api

namespace {

void raise_if_failed(std::int64_t execution) {
	std::optional<execution::Execution> found;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		found = execution::find_execution(execution);
	}
	if (!found || found->status != execution::Status::Failed) return;
	const auto member = [&found](const char *name) {
		const Value *value = found->error.find(name);
		return value != nullptr ? value->as_text() : std::string();
	};
	const std::string code = member("sqlstate");
	const int packed = code.size() == 5 ? MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4])
	                                    : ERRCODE_RAISE_EXCEPTION;
	throw pg::Error(packed,
	                "playbook \"" + found->playbook_id + "\" failed at step \"" + member("step") +
	                    "\": " + member("message"),
	                member("detail"), member("hint"));
}

pg::Argument text_or_null(const std::string &text) { return text.empty() ? pg::null() : pg::text(text); }

// A cancel, a full disk, a shortage: no start is to blame.
bool concerns_server(const pg::Error &error) {
	static constexpr std::array classes = {"53", "57", "58", "XX"};
	return std::any_of(classes.begin(), classes.end(),
	                   [code = error.code()](const char *begin) { return code.starts_with(begin); });
}

// A procedure that commits needs a call of its own, outside of a transaction block and of other functions.
class NonatomicSpi {
public:
	explicit NonatomicSpi(FunctionCallInfo info, const char *name) {
		const bool atomic = info->context == nullptr || !IsA(info->context, CallContext) ||
		                    castNode(CallContext, info->context)->atomic;
		if (atomic)
			throw pg::Error(ERRCODE_INVALID_TRANSACTION_TERMINATION,
			                std::string(name) + "() commits, so it must be called on its own", "",
			                std::string("Use CALL ") + name + "(…) outside of a transaction block.");
		pg::call([] {
			if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
		});
	}
	~NonatomicSpi() {
		if (std::uncaught_exceptions() == 0) SPI_finish();
	}
	NonatomicSpi(const NonatomicSpi &) = delete;
	NonatomicSpi &operator=(const NonatomicSpi &) = delete;
};

} // namespace

Datum playbook_start(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		execution::Started started = execution::prepare_start(sql_api::start_request(pg::Arguments(fcinfo)));
		if (!started.repeated) execution::commit_start(started.execution);
		worker::warn_when_nobody_works();
		return Int64GetDatum(started.execution.id);
	});
}

Datum playbook_start_many(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		// Either a list of customers who share the parameters, or a list of objects, one for each start.
		const bool by_customer = args.declared_type(1) == TEXTARRAYOID;
		std::vector<execution::StartRequest> requests;
		std::vector<Value> listed;
		if (by_customer) {
			const Value parameters = args.jsonb_or(2, Value::object());
			for (std::string &customer : args.texts(1, "customers")) {
				execution::StartRequest request;
				request.customer = std::move(customer);
				request.parameters = parameters;
				requests.push_back(std::move(request));
			}
		} else {
			const Value starts = args.jsonb(1, "starts");
			if (!starts.is_array())
				throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "starts must be a JSON array of objects", "",
				                "Each has customer, and may have parameters, idempotency_key, priority, "
				                "start_at and labels.");
			listed = starts.items();
			requests.resize(listed.size());
		}
		pg::ResultSet rows(fcinfo);
		execution::StartList list;
		int ordinal = 0;
		for (execution::StartRequest &request : requests) {
			++ordinal;
			std::optional<pg::Error> refused;
			execution::Started started;
			try {
				if (!by_customer) {
					pg::Subtransaction guarded;
					execution::read_request(listed[static_cast<std::size_t>(ordinal - 1)], request);
					guarded.commit();
				}
				list.make_way(request);
				pg::Subtransaction guarded;
				request.playbook = args.text(0, "playbook");
				started = list.prepare(request);
				guarded.commit();
			} catch (const pg::Error &error) {
				refused = error;
			}
			const pg::Argument customer =
			    pg::optional_of(request.customer, [](const std::string &id) { return pg::text(id); });
			if (!refused) {
				rows.row({pg::int4(ordinal), customer, pg::int8(started.execution.id),
				          pg::text(started.repeated ? "repeated" : "started"), pg::null()});
				if (!started.repeated) list.keep(std::move(started));
				continue;
			}
			// What concerns the playbook concerns them all: no list of a thousand equal refusals.
			if (concerns_server(*refused) || refused->sqlstate() == ERRCODE_UNDEFINED_OBJECT ||
			    refused->sqlstate() == ERRCODE_INSUFFICIENT_PRIVILEGE ||
			    refused->sqlstate() == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE)
				throw *refused;
			const bool active = refused->sqlstate() == ERRCODE_UNIQUE_VIOLATION;
			rows.row({pg::int4(ordinal), customer, pg::null(), pg::text(active ? "skipped" : "refused"),
			          pg::text(std::string(refused->what()) +
			                   (refused->detail.empty() ? "" : ". " + refused->detail))});
		}
		list.write();
		worker::warn_when_nobody_works();
		return rows.done(fcinfo);
	});
}

Datum playbook_run(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::int64_t execution = execution::run_now(sql_api::run_request(args));
		if (!args.is_null(9) && args.boolean(9, "raise_on_failure")) raise_if_failed(execution);
		return pg::jsonb_datum(result::document_of(execution, true));
	});
}

Datum playbook_execute(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const execution::StartRequest request = sql_api::run_request(args);
		const std::int64_t most = args.interval(9, "wait_at_most");
		Value document;
		{
			NonatomicSpi spi(fcinfo, "playbook_execute");
			const std::int64_t execution = execution::execute(request, most);
			pg::SnapshotScope snapshot;
			document = result::document_of(execution, true);
		}
		return pg::composite(fcinfo, {pg::jsonb(document)});
	});
}

Datum playbook_advance(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		return pg::text_datum(
		    execution::to_string(execution::advance_now(sql_api::execution_argument(fcinfo))));
	});
}

Datum playbook_work(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const std::int64_t most = pg::Arguments(fcinfo).interval(0, "at_most");
		execution::WorkDone done;
		{
			NonatomicSpi spi(fcinfo, "playbook_work");
			done = execution::work(most);
		}
		return pg::composite(fcinfo, {pg::int8(done.executions), pg::int8(done.steps_alone)});
	});
}

Datum playbook_purge(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const std::int64_t most = pg::Arguments(fcinfo).interval(0, "at_most");
		execution::Purged purged;
		{
			NonatomicSpi spi(fcinfo, "playbook_purge");
			purged = execution::purge_now(most);
		}
		for (const int slot : purged.held)
			pg::call([slot] {
				ereport(NOTICE,
				        (errmsg("slot %d of the history is in use by a long transaction", slot),
				         errdetail("It is dropped by a later call, when that transaction has ended.")));
			});
		return pg::composite(fcinfo, {pg::int4(purged.slots), pg::int8(purged.rows)});
	});
}

Datum playbook_wait(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string until = args.text(2, "until");
		if (until != "end" && until != "person")
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "cannot wait until \"" + until + "\"", "",
			                "Use end or person.");
		const execution::Waited state =
		    execution::wait_for(fcinfo, sql_api::execution_argument(fcinfo), args.interval(1, "timeout"),
		                        until == "end" ? execution::Until::End : execution::Until::Person);
		return pg::composite(fcinfo,
		                     {pg::text(execution::to_string(state.status)), text_or_null(state.waiting_for),
		                      pg::optional_of(state.waiting_until, pg::timestamp),
		                      state.error.is_null() ? pg::null() : pg::jsonb(state.error)});
	});
}

Datum playbook_run_id(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const std::int64_t id = sql_api::execution_argument(fcinfo);
		(void) identity::require_visible(id);
		std::optional<execution::Execution> found;
		{
			pg::EngineIdentity engine;
			pg::Spi spi;
			found = execution::find_execution(id);
		}
		return pg::text_datum(execution::run_id_of(id, found->created_at));
	});
}

Datum playbook_rerun(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		execution::Rerun rerun = execution::rerun(sql_api::execution_argument(fcinfo));
		Value kept = Value::array();
		for (const std::string &step : rerun.kept) kept.push_back(Value(step));
		Value document = Value::object();
		document.set("run_id", Value(rerun.run_id));
		document.set("equal", Value(rerun.differences.size() == 0));
		document.set("differences", std::move(rerun.differences));
		document.set("not_run_again", std::move(kept));
		return pg::jsonb_datum(document);
	});
}
