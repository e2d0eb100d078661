#include "execution/start.hpp"

#include "definition/export.hpp"
#include "definition/store.hpp"
#include "execution/customer_place.hpp"
#include "execution/plan_cache.hpp"
#include "execution/store.hpp"
#include "execution/stored_rows.hpp"
#include "fault_points.hpp"
#include "identity/access.hpp"
#include "identity/customer.hpp"
#include "identity/installation_fence.hpp"
#include "pg/identity.hpp"
#include "settings.hpp"
#include "step/data_source.hpp"
#include "step/handler.hpp"
#include "step/owner_scope.hpp"
#include "value/json.hpp"
#include "worker/counters.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

using definition::Conflict;
using definition::Stored;

// The library's text, with the rights and the search_path of whoever starts it.
Startable startable_of_library(const StartRequest &request) {
	const Stored text = definition::readable_playbook(request.playbook);
	if (request.draft)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "playbook \"" + request.playbook + "\" is the library's and has no draft");
	pg::EngineIdentity engine;
	pg::Spi spi;
	return {plan_of(definition::snapshot_of(text.published, text.search_path)), text.owner, true};
}

// The playbook with only what a start needs: its published snapshot is parsed at most once per process.
Startable startable(const StartRequest &request) {
	struct Found {
		Oid owner;
		std::string status, search_path;
		std::optional<std::int64_t> snapshot;
		bool has_draft;
	};
	std::optional<Found> found;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		static pg::Statement find("SELECT owner::oid, status, search_path, snapshot, draft IS NOT NULL FROM "
		                          "@playbooks WHERE id = $1",
		                          {TEXTOID});
		const pg::Rows rows = find.query({pg::text(request.playbook)});
		if (!rows.empty())
			found = Found{rows.oid(0, 0), rows.text(0, 1), rows.text(0, 2), rows.int8_or_null(0, 3),
			              rows.boolean(0, 4)};
	}
	if (!found) return startable_of_library(request);
	identity::require_start(request.playbook, found->owner);
	if (request.draft) {
		identity::require_edit(request.playbook, found->owner);
		const Stored stored = definition::visible_playbook(request.playbook);
		const Value &document = stored.draft.is_null() ? stored.published : stored.draft;
		pg::EngineIdentity engine;
		pg::Spi spi;
		return {plan_of(definition::snapshot_of(document, stored.search_path)), found->owner};
	}
	if (found->status == "archived")
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "playbook \"" + request.playbook + "\" is archived", "",
		                "Publish it again with playbook_publish().");
	if (!found->snapshot)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "playbook \"" + request.playbook + "\" is not published",
		                "Its status is \"" + found->status + "\".",
		                "Publish it with playbook_publish('" + request.playbook +
		                    "'), or start its draft with draft => true.");
	pg::EngineIdentity engine;
	pg::Spi spi;
	return {plan_of(*found->snapshot), found->owner};
}

// Data sources that are required must resolve; today that is this database, or a setting that says so.
void check_sources(const definition::Definition &definition, const StartRequest &request) {
	for (const definition::DataSource &source : definition.data_sources) {
		if (!source.required) continue;
		const bool crm = source.type == "crm";
		const std::optional<step::UnresolvedSource> unresolved =
		    step::unresolved_source(source.type, crm ? request.crm : request.data_warehouse);
		if (unresolved)
			throw pg::Error(ERRCODE_UNDEFINED_OBJECT, unresolved->reason, "The playbook requires it.",
			                unresolved->remedy);
	}
}

void read_customer_at_start(Execution &execution) {
	if (!execution.customer_id || !identity::customer_source_declared()) return;
	StepRow none;
	static const definition::Step nothing;
	const step::Context context{execution, nothing, none, execution.created_at, step::Mode::Session};
	std::optional<Value> customer;
	{
		step::OwnerScope owner(context);
		customer = identity::read_customer(*execution.customer_id);
	}
	if (!customer)
		throw pg::Error(ERRCODE_NO_DATA_FOUND, "customer \"" + *execution.customer_id + "\" does not exist",
		                "The customer source has no row of that key that the playbook's owner can see.",
		                "See playbook_set_customer_source() for where customers come from.");
	const definition::Definition &definition = execution.definition();
	if (definition.whole_customer) {
		execution.at_start = std::move(*customer);
		return;
	}
	for (const std::string &field : definition.customer_fields)
		if (const Value *first = customer->find(field)) execution.at_start.set(field, *first);
}

// Returns the execution that the key already started, or takes the key for the new one.
std::optional<std::int64_t> take_key(const Execution &execution) {
	if (execution.idempotency_key.empty()) return std::nullopt;
	const pg::Argument playbook = pg::text(execution.playbook_id),
	                   customer = pg::text(execution.customer_id.value_or("")),
	                   key = pg::text(execution.idempotency_key),
	                   digest = pg::datum(pg::text_datum(definition::digest_of(execution.parameters)));
	static pg::Statement take("INSERT INTO @playbook_idempotency (playbook_id, customer_id, idempotency_key, "
	                          "execution_id, parameters, kept_until) "
	                          "VALUES ($1, $2, $3, $4, $5, now() + interval '7 days') ON CONFLICT DO NOTHING",
	                          {TEXTOID, TEXTOID, TEXTOID, INT8OID, BYTEAOID});
	if (take.execute({playbook, customer, key, pg::int8(execution.id), digest}) == 1) return std::nullopt;
	static pg::Statement find("SELECT execution_id, parameters = $4 FROM @playbook_idempotency "
	                          "WHERE playbook_id = $1 AND customer_id = $2 AND idempotency_key = $3",
	                          {TEXTOID, TEXTOID, TEXTOID, BYTEAOID});
	const pg::Rows rows = find.query({playbook, customer, key, digest});
	if (rows.empty())
		throw pg::Error(ERRCODE_T_R_SERIALIZATION_FAILURE,
		                "another session starts with the same idempotency key now", "", "Try again.");
	if (!rows.boolean(0, 1))
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "idempotency key \"" + execution.idempotency_key +
		                    "\" was used with other parameters",
		                "It started execution " + std::to_string(rows.int8(0, 0)) + ".",
		                "Use another key for another request.");
	return rows.int8(0, 0);
}

Conflict conflict_policy(const StartRequest &request, const definition::Definition &definition) {
	if (!request.conflict) return definition.conflict;
	if (*request.conflict == "skip") return Conflict::Skip;
	if (*request.conflict == "queue") return Conflict::Queue;
	if (*request.conflict == "replace") return Conflict::Replace;
	if (*request.conflict == "allow") return Conflict::Allow;
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown conflict policy \"" + *request.conflict + "\"",
	                "", "Use skip, queue, replace or allow.");
}

Value options_of(const StartRequest &request) {
	Value options;
	if (!request.save_artifacts) options.set("save_artifacts", Value(false));
	if (request.data_warehouse) options.set("data_warehouse", Value(*request.data_warehouse));
	if (request.crm) options.set("crm", Value(*request.crm));
	if (request.draft) options.set("draft", Value(true));
	return options;
}

int nesting_of(const Execution *parent) {
	if (parent == nullptr) return 0;
	const Value *depth = parent->options.find("depth");
	return 1 + static_cast<int>(depth != nullptr ? depth->as_integer().value_or(0) : 0);
}

// Both are in keys of indexes, together: what is too long is refused as what it is.
void require_indexable(const char *what, const std::string &text) {
	constexpr std::size_t longest = 1000;
	if (text.size() > longest)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                std::string(what) + " must not be longer than " + std::to_string(longest) + " bytes",
		                "It has " + std::to_string(text.size()) + ".");
}

Started prepare(const StartRequest &request, const Startable &playbook) {
	const definition::Definition &definition = *playbook.plan->definition;
	const Conflict policy = conflict_policy(request, definition);
	check_sources(definition, request);
	if (!request.labels.is_object())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "labels must be a JSON object", "",
		                "Give names and values, such as {\"ticket\": \"T-17\"}.");
	if (request.customer && request.customer->empty())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "customer must not be empty", "",
		                "Leave it out to start without a customer.");
	require_indexable("customer", request.customer.value_or(""));
	require_indexable("idempotency_key", request.idempotency_key);

	Started started;
	Execution &execution = started.execution;
	execution.plan = playbook.plan;
	execution.snapshot = playbook.plan->snapshot;
	execution.playbook_id = request.playbook;
	execution.owner =
	    definition.security == definition::Security::Invoker ? identity::caller() : playbook.owner;
	execution.starter = identity::caller();
	execution.actor = request.parent != nullptr ? request.parent->actor : identity::actor();
	execution.customer_id = request.customer;
	if (request.priority < -100 || request.priority > 100)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "priority must be between -100 and 100, not " + std::to_string(request.priority));
	execution.priority = request.priority != 0 ? request.priority : definition.priority;
	execution.parameters = checked_parameters(definition, request.parameters);
	if (request.labels.size() > 0) execution.labels = request.labels;
	execution.options = options_of(request);
	if (playbook.library) execution.options.set("library", Value(true));
	if ((policy == Conflict::Allow) != (definition.conflict == Conflict::Allow))
		execution.options.set("conflict", Value(*request.conflict));
	execution.created_at = GetCurrentTimestamp();
	if (request.start_at && TIMESTAMP_NOT_FINITE(*request.start_at))
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "start_at cannot be " + pg::timestamp_text(*request.start_at), "",
		                "Give a time; what is to begin at once needs none.");
	execution.due_at = std::max(request.start_at.value_or(execution.created_at), execution.created_at);
	if (definition.deadline)
		execution.deadline_at = *execution.due_at + definition.deadline->approximate_microseconds();
	execution.idempotency_key = request.idempotency_key;
	if (const int depth = nesting_of(request.parent); depth > 0) {
		if (depth > settings::max_nesting())
			throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			                "executions are nested deeper than " + std::to_string(settings::max_nesting()),
			                "",
			                "A playbook that starts itself never ends; raise playbook.max_nesting only if "
			                "this is meant.");
		execution.options.set("depth", Value(depth));
		execution.parent_execution = request.parent->id;
		execution.parent_position = request.parent_position;
		execution.parent_item = request.parent_item;
	}
	read_customer_at_start(execution);
	require_usable_owner(execution.owner);

	execution.home = home_of(execution.customer_id, execution.idempotency_key);
	execution.id = next_execution_id(execution.home);
	// Becoming the engine costs as much as all else here, and most starts take neither key nor place.
	if (!execution.idempotency_key.empty() || (policy != Conflict::Allow && execution.customer_id)) {
		pg::EngineIdentity engine;
		pg::Spi spi;
		if (const std::optional<std::int64_t> first = take_key(execution)) {
			std::optional<Execution> known = find_execution(*first);
			started.repeated = true;
			if (known) {
				started.execution = std::move(*known);
			} else {
				started.execution.id = *first;
			}
			return started;
		}
		take_customer(execution, policy);
	}
	worker::count(worker::Counter::ExecutionsStarted);
	execution.dirty = true;
	return started;
}

} // namespace

void require_usable_owner(Oid owner) {
	if (settings::superuser_owners() || !pg::call([owner] { return superuser_arg(owner); })) return;
	throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "executions owned by superusers are switched off", "",
	                "Give the playbook an ordinary owner with playbook_set_owner(), or set "
	                "playbook.superuser_owners.");
}

Started prepare_start(const StartRequest &request) {
	Started started = prepare(request, startable(request));
	if (started.repeated) return started;
	Execution &execution = started.execution;
	execution.steps.assign(execution.definition().steps.size(), StepRow());
	for (std::size_t i = 0; i < execution.steps.size(); ++i)
		execution.steps[i].position = static_cast<int>(i);
	FAULT_POINT("start.prepared");
	return started;
}

Started StartList::prepare(const StartRequest &request) {
	if (!playbook_) playbook_ = startable(request);
	return execution::prepare(request, *playbook_);
}

void StartList::make_way(const StartRequest &request) {
	if (request.customer && customers_.contains(*request.customer)) write();
}

void StartList::keep(Started started) {
	constexpr std::size_t most = 1000; // so that a million starts take no memory
	if (started.execution.customer_id) customers_.insert(*started.execution.customer_id);
	kept_.push_back(std::move(started.execution));
	if (kept_.size() >= most) write();
}

void StartList::write() {
	if (kept_.empty()) return;
	const pg::ContextScope memory("playbook starts");
	pg::TableWriter writer = execution_writer(0);
	RepeatedJson json;
	TimestampTz due_at = DT_NOEND;
	for (const Execution &execution : kept_) {
		append_row(writer, execution, json);
		due_at = std::min(due_at, execution.due_at.value_or(DT_NOEND));
	}
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		writer.write();
	}
	FAULT_POINT("start_many.inserted");
	identity::ensure_enabled();
	if (!TIMESTAMP_IS_NOEND(due_at)) worker::wake_at_commit(kept_.front().owner, due_at);
	kept_.clear();
	customers_.clear();
}

std::int64_t commit_start(Execution &execution) {
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		pg::TableWriter writer = execution_writer(0);
		RepeatedJson json;
		append_row(writer, execution, json);
		writer.write();
	}
	FAULT_POINT("start.inserted");
	execution.stored = true;
	execution.dirty = false;
	identity::ensure_enabled();
	if (execution.due_at) worker::wake_at_commit(execution.owner, *execution.due_at);
	return execution.id;
}

} // namespace playbook::execution
