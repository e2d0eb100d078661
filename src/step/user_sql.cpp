#include "step/user_sql.hpp"

#include "fault_points.hpp"
#include "pg/author_path.hpp"
#include "pg/constraint_modes.hpp"
#include "pg/identity.hpp"
#include "pg/interrupt.hpp"
#include "pg/sandbox.hpp"
#include "pg/spi.hpp"
#include "result/row_set_builder.hpp"
#include "settings.hpp"
#include "step/binding.hpp"
#include "step/given_relations.hpp"
#include "step/kept_plans.hpp"
#include "step/statement.hpp"
#include "worker/counters.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rls.h"
}

namespace playbook::step {
namespace {

using expression::BuiltQuery;

// One try of the statement; with a kept plan that no longer fits there is another.
struct Attempt {
	bool use_kept_plan = true;
	// Out: how far it came.
	bool used_kept_plan = false;
	bool prepared = false; // and its values bound
};

// Stops the interrupts of a deadline before the rollback that its own interrupt may have caused.
struct Disarmed {
	pg::Deadline &deadline;
	~Disarmed() { deadline.disarm(); }
};

std::string plan_key(const BuiltQuery &query, const UserSqlOptions &options) {
	return std::to_string(options.owner) + '\n' + options.search_path + '\n' + query.text;
}

SPIPlanPtr prepare(const std::string &text, const std::vector<Oid> &types, bool keep) {
	return pg::call([&] {
		SPIPlanPtr plan = SPI_prepare_cursor(text.c_str(), static_cast<int>(types.size()),
		                                     const_cast<Oid *>(types.data()), CURSOR_OPT_PARALLEL_OK);
		if (plan == nullptr)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		if (keep) SPI_keepplan(plan);
		return plan;
	});
}

std::shared_ptr<const KeptPlan> plan_for(const BuiltQuery &query, const UserSqlOptions &options,
                                         Attempt &attempt, const GivenRelations &relations) {
	// A plan over given rows knows their tuplestore; one for a preview is used once.
	const bool keep = relations.environment() == nullptr && !options.explain_only;
	const std::string key = keep ? plan_key(query, options) : std::string();
	if (keep && attempt.use_kept_plan) {
		if (std::shared_ptr<const KeptPlan> kept = find_plan(key)) {
			attempt.used_kept_plan = true;
			return kept;
		}
	}
	const StatementKind kind = options.read_only ? StatementKind::Reading : StatementKind::Writing;
	auto made = std::make_shared<KeptPlan>();
	made->types = types_of_parameters(query, kind, relations.environment());
	const std::string text = options.explain_only ? "EXPLAIN " + query.text : query.text;
	// An unkept plan belongs to the SPI connection and ends with it.
	SPIPlanPtr plan = prepare(text, made->types, keep);
	if (!keep) {
		made->unkept = plan;
		return made;
	}
	made->plan = plan;
	keep_plan(key, made);
	return made;
}

// What a foreign server does can fail at the commit, or stay done when we roll back: a whole batch's, inside
// one.
bool reaches_foreign_tables(SPIPlanPtr plan) {
	return pg::call([plan] {
		const ListCell *source = nullptr;
		foreach (source, SPI_plan_get_plan_sources(plan)) {
			const ListCell *relation = nullptr;
			foreach (relation, static_cast<CachedPlanSource *>(lfirst(source))->relationOids)
				if (get_rel_relkind(lfirst_oid(relation)) == RELKIND_FOREIGN_TABLE) return true;
		}
		return false;
	});
}

// The author's own world: its search_path, nothing that the session's user made different.
void set_up(pg::SettingScope &settings, const UserSqlOptions &options, bool restricted) {
	settings.set("search_path", pg::search_path_of_author(options.search_path, restricted).c_str());
	if (!standard_conforming_strings) settings.set("standard_conforming_strings", "on");
	if (!row_security) settings.set("row_security", "on");
	// Cannot be taken back by the statement: nothing inside a subtransaction may become writable again.
	if (options.read_only) settings.set("transaction_read_only", "on");
}

std::string explained(const SPITupleTable *table) {
	std::string plan;
	for (std::uint64_t i = 0; i < table->numvals; ++i) {
		const char *line = pg::call([&] { return SPI_getvalue(table->vals[i], table->tupdesc, 1); });
		if (i > 0) plan += '\n';
		if (line != nullptr) plan += line;
	}
	return plan;
}

UserSqlResult execute(const BuiltQuery &query, const UserSqlOptions &options, Attempt &attempt) {
	pg::ContextScope memory("playbook statement");
	const GivenRelations relations(options.relations);
	const std::int64_t row_limit = options.row_limit;
	result::RowSetReceiver receiver(row_limit > 0 ? 0 : settings::max_rows());
	UserSqlResult result;
	{
		pg::Spi spi;
		relations.register_all();
		const std::shared_ptr<const KeptPlan> plan = plan_for(query, options, attempt, relations);
		if (options.budget_microseconds > 0 && reaches_foreign_tables(plan->get())) throw Overrun{};
		const ParamListInfo values = bind_values(query.values, plan->types);
		attempt.prepared = true;
		const int code = pg::call([&] {
			SPIExecuteOptions how{};
			how.params = values;
			how.read_only =
			    false; // a snapshot of its own; what it may do is for transaction_read_only to say
			how.tcount = static_cast<uint64>(row_limit);
			how.dest = options.explain_only ? nullptr : &receiver.callbacks;
			return SPI_execute_plan_extended(plan->get(), &how);
		});
		if (code < 0)
			throw pg::Error(ERRCODE_INTERNAL_ERROR,
			                std::string("statement failed: ") + SPI_result_code_string(code));
		result.row_count = static_cast<std::int64_t>(SPI_processed);
		if (options.explain_only) result.plan = explained(SPI_tuptable);
	}
	if (!options.explain_only) result.rows = receiver.finish();
	if (result.rows != nullptr) result.row_count = result.rows->row_count();
	return result;
}

UserSqlResult run(const BuiltQuery &query, const UserSqlOptions &options, pg::Deadline &deadline,
                  Attempt &attempt, const pg::ConstraintModes &constraints) {
	const bool restricted = !options.executor && !pg::is_session_of(options.owner);
	const pg::OwnerIdentity identity(options.owner, restricted);
	std::optional<pg::Subtransaction> subtransaction;
	if (!options.unguarded) subtransaction.emplace();
	UserSqlResult result;
	{
		const Disarmed disarmed{deadline};
		pg::SettingScope settings;
		settings.open();
		set_up(settings, options, restricted);
		FAULT_POINT("step.sql_begun");
		result = execute(query, options, attempt);
		FAULT_POINT("step.sql_ended");
		if (options.executor) {
			pg::fire_deferred_triggers();
			pg::drop_temporary_objects();
		}
	}
	// Code that caught our interrupt and went on has done who knows which part of its work.
	const bool is_whole = deadline.fired() == pg::Deadline::Fired::None && !constraints.was_refused();
	if (is_whole && subtransaction) subtransaction->commit();
	return result;
}

[[noreturn]] void end_by(pg::Deadline::Fired fired, const UserSqlOptions &options) {
	switch (fired) {
	case pg::Deadline::Fired::Budget: throw Overrun{};
	case pg::Deadline::Fired::Timeout:
		throw pg::Error(ERRCODE_QUERY_CANCELED, "step timeout",
		                "Its statement ran for more than " +
		                    std::to_string(options.timeout_microseconds / 1000) + " ms.",
		                "Give the step a longer timeout, or make its statement quicker.");
	default: throw pg::Error(ERRCODE_QUERY_CANCELED, "step was cancelled");
	}
}

// The words of the parser for types that do not fit each other.
bool is_about_types(const pg::Error &error) {
	switch (error.sqlstate()) {
	case ERRCODE_DATATYPE_MISMATCH:
	case ERRCODE_INDETERMINATE_DATATYPE:
	case ERRCODE_UNDEFINED_FUNCTION:
	case ERRCODE_AMBIGUOUS_FUNCTION:
	case ERRCODE_CANNOT_COERCE: return true;
	default: return false;
	}
}

// Whether the plan that was kept may have been the trouble: a table was altered since, and the types decided
// on when the plan was made no longer fit.
bool was_stale(const pg::Error &error, const Attempt &attempt) {
	return attempt.used_kept_plan && (!attempt.prepared || is_about_types(error));
}

} // namespace

UserSqlResult run_user_sql(const BuiltQuery &query, const UserSqlOptions &options) {
	Attempt attempt;
	for (;;) {
		pg::Deadline deadline(options.budget_microseconds, options.timeout_microseconds);
		const pg::ConstraintModes constraints(options.budget_microseconds > 0
		                                          ? pg::ConstraintModes::Change::Forbidden
		                                          : pg::ConstraintModes::Change::Allowed);
		std::optional<pg::Error> failure;
		UserSqlResult result;
		const TimestampTz began = GetCurrentTimestamp();
		try {
			result = run(query, options, deadline, attempt, constraints);
		} catch (const pg::Error &error) {
			if (options.unguarded)
				throw; // nothing can be said to the server before the rollback of the batch
			failure = error;
		}
		worker::count(worker::Counter::SqlStatements);
		worker::count(worker::Counter::SqlMicroseconds,
		              std::max<std::int64_t>(GetCurrentTimestamp() - began, 0));
		// Out of the catch and behind the rollback: now the server may be spoken to again.
		if (options.executor) pg::forget_session_state();
		if (deadline.fired() != pg::Deadline::Fired::None) end_by(deadline.fired(), options);
		if (constraints.was_refused()) throw Overrun{};
		if (!failure) return result;
		if (!was_stale(*failure, attempt)) throw *failure;
		attempt = Attempt{false};
	}
}

} // namespace playbook::step
