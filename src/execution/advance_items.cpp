// Items of for_each and the repetitions of repeat: rows of their own under the row of their step.
#include "execution/advance.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "pg/transaction.hpp"
#include "result/row_set.hpp"
#include "step/item_source.hpp"
#include "step/user_sql.hpp"

namespace playbook::execution {
namespace {

int count_items(const Execution &execution, int position) {
	int count = 0;
	for (auto at = execution.items.lower_bound({position, 0});
	     at != execution.items.end() && at->first.first == position; ++at)
		++count;
	return count;
}

// Null when it has none.
std::shared_ptr<const result::RowSet> rows_of(const Execution &execution, const StepRow &item) {
	if (item.rows != nullptr || !item.has_rows) return item.rows;
	pg::EngineIdentity engine;
	pg::Spi spi;
	return result::load_rows(execution.id, item.position, item.item);
}

// Items after that one are still to be read.
int last_read(const Execution &execution, int position) {
	const auto found = execution.unread_from.find(position);
	return found != execution.unread_from.end() ? found->second : 0;
}

} // namespace

StepRow &Advancer::item_row(Execution &execution, int position, int item) {
	StepRow &row = execution.items[{position, item}];
	row.position = position;
	row.item = item;
	return row;
}

void Advancer::begin_items(Execution &execution, StepRow &row) {
	const definition::Step &step = step_of(execution, row);
	std::size_t count = 1; // a repetition begins with its first
	if (step.for_each) {
		const step::Context context = context_of(execution, row);
		if (auto failure = guarded([&] { count = step::count_items(context); })) {
			fail(execution, row, std::move(*failure));
			return;
		}
	}
	row.status = StepStatus::Waiting;
	row.waiting_for = "step";
	row.attempt = 1;
	row.dirty = true;
	for (std::size_t item = 1; item <= count; ++item)
		item_row(execution, row.position, static_cast<int>(item)).dirty = true;
	pump_items(execution, row);
}

bool Advancer::pump_items(Execution &execution, StepRow &row) {
	const definition::Step &step = step_of(execution, row);
	const bool user_sql = step::handler_of(step.type).runs_user_sql();
	int allowed = step.for_each && step.for_each->concurrency > 0 ? step.for_each->concurrency : 0;
	if (allowed == 0 && user_sql) allowed = execution.definition().max_parallel_steps;
	const auto of_step = [&row](const auto &entry) { return entry->first.first == row.position; };
	int under_way = 0;
	bool moved = false, all_final = true, failed = false, left = false;
	for (auto at = execution.items.lower_bound({row.position, 0}); at != execution.items.end() && of_step(at);
	     ++at) {
		StepRow &item = at->second;
		if (item.status == StepStatus::Waiting) moved = look_again(execution, item) || moved;
		if (item.status == StepStatus::Failed) failed = true;
		if (!is_final(item.status) && (item.status != StepStatus::Pending || item.alone)) ++under_way;
	}
	const bool give_up = failed && step.for_each && !step.for_each->collect_errors;
	for (auto at = execution.items.lower_bound({row.position, 0});; ++at) {
		if (at == execution.items.end() || !of_step(at)) {
			const int read = last_read(execution, row.position);
			if (left || !load_next_items(execution, row.position)) break;
			at = execution.items.upper_bound({row.position, read});
		}
		StepRow &item = at->second;
		if (item.status == StepStatus::Pending && !item.alone) {
			if (give_up) {
				skip(item, skip_cause::failed, "another item failed");
				moved = true;
			} else if (allowed != 0 && under_way >= allowed) {
				// when one of those has ended
			} else if (user_sql && full()) {
				held_back_ = true;
			} else {
				begin(execution, item);
				moved = true;
				if (!is_final(item.status)) ++under_way;
				if (item.status == StepStatus::Failed && step.for_each && !step.for_each->collect_errors)
					return pump_items(execution, row) || true;
			}
			left = left || (item.status == StepStatus::Pending && !item.alone);
		}
		all_final = all_final && is_final(item.status);
	}
	if (!all_final) return moved;
	if (step.repeat && repeat_again(execution, row)) return moved;
	finish_items(execution, row);
	return true;
}

// Whether the condition holds that speaks of what this repetition has given.
bool Advancer::is_enough(Execution &execution, StepRow &row, const StepRow &last, const std::string &until) {
	row.row_count = last.row_count;
	row.rows = rows_of(execution, last);
	struct Borrowed { // until the step ends, it has none of its own
		StepRow &row;
		~Borrowed() {
			row.row_count.reset();
			row.rows.reset();
		}
	} const borrowed{row};
	return context_of(execution, row).holds(until);
}

// After a repetition has ended: whether there is another, now or later.
bool Advancer::repeat_again(Execution &execution, StepRow &row) {
	const definition::Repeat &repeat = *step_of(execution, row).repeat;
	const int done = count_items(execution, row.position);
	const StepRow &last = execution.items.at({row.position, done});
	if (last.status == StepStatus::Failed) return false;
	if (repeat.times > 0 && done >= repeat.times) return false;
	const TimestampTz next = last.finished_at.value_or(now_) + repeat.every.approximate_microseconds();
	if (row.waiting_for != "time") { // just ended: is the condition met?
		if (!repeat.until.empty()) {
			row.output = last.output;
			row.outcome = last.outcome;
			bool met = false;
			auto failure = guarded([&] { met = is_enough(execution, row, last, repeat.until); });
			if (failure) {
				fail(execution, row, std::move(*failure));
				return true;
			}
			if (met) return false;
		} else if (repeat.times == 0) {
			return false;
		}
	}
	if (next > now_) {
		row.waiting_for = "time";
		row.due_at = next;
		row.dirty = true;
		return true;
	}
	row.waiting_for = "step";
	row.due_at.reset();
	row.dirty = true;
	StepRow &item = item_row(execution, row.position, done + 1);
	begin(execution, item);
	if (is_final(item.status) && !full()) return repeat_again(execution, row);
	if (is_final(item.status)) row.due_at = now_; // go on in the next batch
	return true;
}

void Advancer::finish_items(Execution &execution, StepRow &row) {
	load_other_items(execution);
	const definition::Step &step = step_of(execution, row);
	std::vector<Value> lines;
	int failed = 0, expired = 0;
	const StepRow *first_failed = nullptr;
	const StepRow *last = nullptr;
	for (auto at = execution.items.lower_bound({row.position, 0});
	     at != execution.items.end() && at->first.first == row.position; ++at) {
		const StepRow &item = at->second;
		last = &item;
		if (item.status == StepStatus::Failed) {
			++failed;
			if (first_failed == nullptr) first_failed = &item;
		}
		if (item.outcome == "expired") ++expired;
		Value line = Value::object();
		line.set("index", Value(item.item - 1));
		const Value *key = item.output.find("key");
		Value of_its_own;
		if (step.type == definition::StepType::Playbook) {
			// One that could not be started has no output; whom it was for is what is asked then.
			if (key == nullptr) key = item.input.find("customer");
			if (key == nullptr && execution.customer_id) of_its_own = Value(*execution.customer_id);
			const Value *child = item.output.find("execution");
			line.set("execution", child != nullptr ? *child : Value());
		}
		line.set("key", key != nullptr ? *key : of_its_own);
		line.set("status", Value(to_string(item.status)));
		line.set("outcome", item.outcome.empty() ? Value() : Value(item.outcome));
		const Value *message = item.error.find("message");
		line.set("error", message != nullptr ? *message : item.reason.empty() ? Value() : Value(item.reason));
		if (step.type != definition::StepType::Playbook) line.set("output", item.output);
		lines.push_back(std::move(line));
	}
	Value counts = Value::object();
	counts.set("items", Value(lines.size()));
	counts.set("failed", Value(failed));
	if (expired > 0) counts.set("expired", Value(expired));
	const bool fails = first_failed != nullptr && (step.repeat || !step.for_each->collect_errors);
	row.waiting_for.clear();
	row.due_at.reset();
	row.finished_at = std::max(GetCurrentTimestamp(), now_);
	row.dirty = true;
	row.row_count = static_cast<std::int64_t>(lines.size());
	row.rows = result::RowSet::from_values(lines);
	row.has_rows = true;
	if (fails) {
		row.status = StepStatus::Failed;
		row.outcome = "failed";
		row.error = first_failed->error;
		row.output = std::move(counts);
		return;
	}
	row.status = StepStatus::Completed;
	row.outcome = step.repeat && last != nullptr ? last->outcome : "completed";
	row.output = step.repeat && last != nullptr ? last->output : std::move(counts);
	if (!step.repeat || last == nullptr) return;
	if (std::shared_ptr<const result::RowSet> rows = rows_of(execution, *last)) {
		row.rows = std::move(rows);
		row.row_count = last->row_count;
	}
}

} // namespace playbook::execution
