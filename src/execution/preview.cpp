#include "execution/preview.hpp"

#include "definition/store.hpp"
#include "execution/advance.hpp"
#include "execution/plan_cache.hpp"
#include "execution/start.hpp"
#include "identity/access.hpp"
#include "identity/customer.hpp"
#include "pg/identity.hpp"
#include "pg/sandbox.hpp"
#include "pg/transaction.hpp"
#include "step/approvers.hpp"
#include "step/data_source.hpp"
#include "step/data_step.hpp"
#include "step/item_source.hpp"
#include "step/owner_scope.hpp"
#include "value/json.hpp"

namespace playbook::execution {
namespace {

// An execution that is nowhere but here.
Execution imagined(const std::string &playbook, const std::optional<std::string> &customer,
                   const Value &parameters) {
	Execution execution;
	const bool is_text = playbook.find_first_of("\n:{") != std::string::npos;
	if (is_text) {
		const char *path = pg::call([] { return GetConfigOption("search_path", false, false); });
		execution.plan = definition::plan_for(definition::accepted(playbook).definition, path);
		execution.owner = identity::caller();
	} else {
		const definition::Stored stored = definition::readable_playbook(playbook);
		// Running the owner's SQL and reading the owner's customers takes the right to start.
		if (!stored.library) identity::require_start(stored.id, stored.owner);
		const bool draft =
		    !stored.draft.is_null() && (stored.published.is_null() || identity::can_edit(stored.owner));
		definition::ParseResult read = definition::read_definition(draft ? stored.draft : stored.published);
		if (read.definition == nullptr)
			throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED,
			                "this version of playbook cannot read \"" + playbook + "\"");
		const bool invoker = read.definition->security == definition::Security::Invoker;
		execution.owner = invoker ? identity::caller() : stored.owner;
		require_usable_owner(execution.owner);
		execution.plan = definition::plan_for(std::move(read.definition), stored.search_path);
	}
	const definition::Definition &definition = execution.definition();
	execution.playbook_id = definition.id;
	execution.starter = identity::caller();
	execution.actor = identity::actor();
	execution.customer_id = customer;
	execution.parameters = checked_parameters(definition, parameters);
	execution.created_at = GetCurrentTimestamp();
	execution.started_at = execution.created_at;
	execution.status = Status::Running;
	execution.steps.assign(definition.steps.size(), StepRow());
	for (std::size_t i = 0; i < definition.steps.size(); ++i)
		execution.steps[i].position = static_cast<int>(i);
	return execution;
}

// How long a wait takes as far as the definition says.
std::int64_t duration_of(const definition::Step &step) {
	if (step.type != definition::StepType::Wait) return 0;
	for (const char *key : {"for", "timeout", "duration"})
		if (const Value *text = step.config.find(key))
			if (const auto duration = definition::parse_duration(text->as_text()))
				return duration->approximate_microseconds();
	return 0;
}

class Previewer {
public:
	Previewer(Execution &execution, bool run_queries) : execution_(execution), run_queries_(run_queries) {}

	std::vector<Previewed> all() {
		for (const definition::Step &step : execution_.definition().steps) add(step);
		return std::move(previewed_);
	}

private:
	void add(const definition::Step &step) {
		Previewed line;
		line.position = step.position;
		line.id = step.id;
		line.type = definition::to_string(step.type);
		const definition::Step *parent =
		    step.parent >= 0 ? &execution_.definition().steps[static_cast<std::size_t>(step.parent)]
		                     : nullptr;
		if (parent != nullptr) {
			const definition::Lane &lane = parent->lanes[static_cast<std::size_t>(step.lane)];
			line.branch = parent->id + "." + lane.name;
			const StepRow &decided = execution_.steps[static_cast<std::size_t>(parent->position)];
			if (lane.kind == definition::Lane::Kind::Branch && decided.status == StepStatus::Completed &&
			    decided.outcome != lane.name)
				line.branch += " (not taken now)";
		}
		TimestampTz at = execution_.created_at;
		for (const int other : step.waits_for) at = std::max(at, ends_[other]);
		if (parent != nullptr) at = std::max(at, ends_[parent->position]);
		line.planned_at = at;
		ends_[step.position] = at + duration_of(step);
		line.needs_approval = step.require_approval || step.type == definition::StepType::Approval;
		StepRow &row = execution_.steps[static_cast<std::size_t>(step.position)];
		step::Context context{execution_, step, row, GetCurrentTimestamp(), step::Mode::Session};
		context.preview = true;
		guarded(line, [&] {
			if (step.for_each) {
				row.item = 1; // the first item stands for all
				(void) step::count_items(context);
			}
			std::vector<std::string> missing;
			line.input = step::handler_of(step.type).prepare(context, &missing);
			(void) note_missing(context, std::move(missing), line);
		});
		bool complete = true;
		guarded(line, [&] { complete = is_complete(context, line); });
		guarded(line, [&] { name_approvers(context, line); });
		if (line.problem.empty()) line.problem = step::absent_source(context, step::Declared::Any);
		if (complete) guarded(line, [&] { act(context, line); });
		row.item = 0;
		previewed_.push_back(std::move(line));
	}

	// Notes those without a value that the line does not list yet; false when one of them comes later.
	bool note_missing(const step::Context &context, std::vector<std::string> names, Previewed &line) const {
		bool complete = true;
		for (std::string &name : names) {
			std::vector<std::string> &listed = line.missing_variables;
			if (comes_later(context, name))
				complete = false;
			else if (std::find(listed.begin(), listed.end(), name) == listed.end())
				listed.push_back(std::move(name));
		}
		return complete;
	}

	// Whether the values of a statement are there, so that it can be planned.
	bool is_complete(const step::Context &context, Previewed &line) const {
		if (context.step.type != definition::StepType::Query &&
		    context.step.type != definition::StepType::Sql)
			return true;
		static const Value none = Value::object();
		const Value *parameters = line.input.find("parameters");
		return note_missing(context,
		                    step::placeholders_without_value(context,
		                                                     context.step.config.find("template")->as_text(),
		                                                     parameters != nullptr ? *parameters : none),
		                    line);
	}

	void name_approvers(const step::Context &context, Previewed &line) const {
		if (!line.needs_approval) return;
		const definition::ApprovalPolicy policy =
		    context.step.require_approval.value_or(definition::ApprovalPolicy());
		std::vector<std::string> missing;
		for (const std::string &approver : policy.approvers)
			line.approvers.push_back(context.person(context.text(approver, &missing)));
		if (!note_missing(context, std::move(missing), line)) return;
		const step::Approvers found = step::resolve_approvers(context, policy);
		line.approvers = found.people;
		for (const std::string &role : found.roles) line.approvers.push_back("role:" + role);
	}

	// Whether a name has no value only because a step has not run here: what it will yield, or the items that
	// it will find.
	bool comes_later(const step::Context &context, const std::string &name) const {
		const auto part = [&name](std::size_t begin) {
			return begin > name.size() ? std::string() : name.substr(begin, name.find('.', begin) - begin);
		};
		const std::string root = part(0);
		if (root == "item") return context.step.for_each && step::count_items(context) == 0;
		if (root != "steps") return false;
		const definition::Step *other = execution_.definition().find(part(root.size() + 1));
		return other != nullptr &&
		       execution_.steps[static_cast<std::size_t>(other->position)].status != StepStatus::Completed;
	}

	// Only what reads: queries, and conditions over what is known. What needs a connection says so.
	void act(const step::Context &context, Previewed &line) {
		const definition::Step &step = context.step;
		if (step.type == definition::StepType::Agent || step.type == definition::StepType::Tool)
			(void) step::handler_of(step.type).start(context, line.input);
		StepRow &row = execution_.steps[static_cast<std::size_t>(step.position)];
		if (step.type == definition::StepType::Condition) {
			const bool known = std::all_of(step.mentions.begin(), step.mentions.end(), [this](int other) {
				return execution_.steps[static_cast<std::size_t>(other)].status == StepStatus::Completed;
			});
			if (!known) return;
			const step::Result decided = step::handler_of(step.type).start(context, line.input);
			row.status = StepStatus::Completed;
			row.outcome = decided.outcome;
			return;
		}
		if (!definition::is_data(step.type) || step.for_each || !line.problem.empty()) return;
		const bool has_inputs = std::all_of(step.inputs.begin(), step.inputs.end(), [this](int other) {
			return execution_.steps[static_cast<std::size_t>(other)].rows != nullptr;
		});
		if (!has_inputs) return;
		step::Context reading = context;
		reading.preview = !run_queries_;
		const step::Result result = step::handler_of(step.type).start(reading, line.input);
		if (!run_queries_) return;
		row.status = StepStatus::Completed;
		row.outcome = "completed";
		row.rows = result.rows;
		row.has_rows = row.rows != nullptr;
		row.row_count = row.rows != nullptr ? std::optional(row.rows->row_count()) : result.row_count;
	}

	template <typename Do> void guarded(Previewed &line, Do work) {
		try {
			pg::Subtransaction inner;
			work();
			inner.commit();
		} catch (const std::exception &exception) {
			if (line.problem.empty()) line.problem = failure_from(exception).message;
		}
	}

	Execution &execution_;
	const bool run_queries_;
	std::map<int, TimestampTz> ends_;
	std::vector<Previewed> previewed_;
};

} // namespace

std::vector<Previewed> preview(const std::string &playbook, const std::optional<std::string> &customer,
                               const Value &parameters, bool run_queries) {
	Execution execution = imagined(playbook, customer, parameters);
	std::vector<Previewed> steps;
	pg::Subtransaction nothing_stays; // rolled back whatever happens
	pg::SettingScope settings;
	settings.open();
	settings.set("transaction_read_only", "on");
	if (customer && identity::customer_source_declared()) {
		StepRow none;
		static const definition::Step nothing;
		const step::Context context{execution, nothing, none, execution.created_at, step::Mode::Session};
		step::OwnerScope owner(context);
		if (!identity::read_customer(*customer))
			throw pg::Error(ERRCODE_NO_DATA_FOUND, "customer \"" + *customer + "\" does not exist");
	}
	steps = Previewer(execution, run_queries).all();
	return steps;
}

} // namespace playbook::execution
