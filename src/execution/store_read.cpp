// Reading half of execution/store: ids, loading.
#include "execution/plan_cache.hpp"
#include "execution/store.hpp"
#include "pg/identity.hpp"
#include "result/row_set.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace playbook::execution {
namespace {

// The columns of an Execution, in the order of read_execution().
#define EXECUTION_COLUMNS                                                                                    \
	"id, slot, home, playbook_id, snapshot, owner::oid, starter::oid, actor, customer_id, status, "          \
	"waiting_for, due_at, "                                                                                  \
	"priority, parameters, labels, options, at_start, error, reason, created_at, started_at, finished_at, "  \
	"paused_at, "                                                                                            \
	"deadline_at, coalesce(paused_seconds, 0), idempotency_key, parent_execution, parent_position, "         \
	"parent_item, attempt, ctid"

Execution read_execution(const pg::Rows &rows, std::size_t row) {
	Execution execution;
	int at = 0;
	execution.id = rows.int8(row, at++);
	execution.slot = rows.int2(row, at++);
	execution.home = rows.int4(row, at++);
	execution.playbook_id = rows.text(row, at++);
	execution.snapshot = rows.int8(row, at++);
	execution.owner = rows.oid(row, at++);
	execution.starter = rows.oid(row, at++);
	execution.actor = rows.text(row, at++);
	execution.customer_id = rows.text_or_null(row, at++);
	execution.status = *status_from(rows.text(row, at++));
	execution.waiting_for = rows.text_or_null(row, at++).value_or("");
	execution.due_at = rows.timestamp_or_null(row, at++);
	execution.priority = rows.int4(row, at++);
	execution.parameters = rows.jsonb(row, at++);
	execution.labels = rows.jsonb_or_null(row, at++);
	execution.options = rows.jsonb_or_null(row, at++);
	execution.at_start = rows.jsonb_or_null(row, at++);
	execution.error = rows.jsonb_or_null(row, at++);
	execution.reason = rows.text_or_null(row, at++).value_or("");
	execution.created_at = rows.timestamp(row, at++);
	execution.started_at = rows.timestamp_or_null(row, at++);
	execution.finished_at = rows.timestamp_or_null(row, at++);
	execution.paused_at = rows.timestamp_or_null(row, at++);
	execution.deadline_at = rows.timestamp_or_null(row, at++);
	execution.paused_seconds = rows.int4(row, at++);
	execution.idempotency_key = rows.text_or_null(row, at++).value_or("");
	execution.parent_execution = rows.int8_or_null(row, at++);
	if (execution.parent_execution) {
		execution.parent_position = rows.int4(row, at);
		execution.parent_item = rows.int4(row, at + 1);
	}
	at += 2;
	execution.attempt = rows.int4(row, at++);
	execution.place = *reinterpret_cast<ItemPointer>(DatumGetPointer(rows.datum(row, at++)));
	execution.stored = true;
	execution.announced = execution.status;
	return execution;
}

StepRow read_step(const pg::Rows &rows, std::size_t row) {
	StepRow step;
	int at = 1; // 0 is execution_id
	step.position = rows.int4(row, at++);
	step.item = rows.int4(row, at++);
	step.status = *step_status_from(rows.text(row, at++));
	step.outcome = rows.text_or_null(row, at++).value_or("");
	step.attempt = rows.int4(row, at++);
	step.reason = rows.text_or_null(row, at++).value_or("");
	step.waiting_for = rows.text_or_null(row, at++).value_or("");
	step.due_at = rows.timestamp_or_null(row, at++);
	step.alone = rows.boolean(row, at++);
	step.worker = rows.int4(row, at++);
	step.input = rows.jsonb_or_null(row, at++);
	step.output = rows.jsonb_or_null(row, at++);
	step.error = rows.jsonb_or_null(row, at++);
	step.row_count = rows.int8_or_null(row, at++);
	step.has_rows = rows.boolean(row, at++);
	step.started_at = rows.timestamp_or_null(row, at++);
	step.finished_at = rows.timestamp_or_null(row, at++);
	step.stored = true;
	step.announced = step.status;
	return step;
}

} // namespace

std::int64_t next_execution_id(std::int32_t home) {
	return (pg::next_number("playbook_execution_number") << 10) | (home & 1023);
}

std::int32_t home_of(const std::optional<std::string> &customer, const std::string &idempotency_key) {
	const std::string *key = customer ? &*customer : idempotency_key.empty() ? nullptr : &idempotency_key;
	if (key == nullptr) {
		// Any spread will do for what belongs to nobody; the id carries it from here on.
		static std::uint32_t turn = static_cast<std::uint32_t>(MyProcPid);
		return static_cast<std::int32_t>((turn += 0x9E37u) >> 4 & 1023u);
	}
	return static_cast<std::int32_t>(
	    hash_bytes(reinterpret_cast<const unsigned char *>(key->data()), static_cast<int>(key->size())) &
	    1023u);
}

std::string run_id_of(std::int64_t execution, TimestampTz at) {
	static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	pg_tm broken{};
	fsec_t fraction = 0;
	if (timestamp2tm(at, nullptr, &broken, &fraction, nullptr, nullptr) != 0)
		throw pg::Error(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range");
	char stamp[32];
	std::snprintf(stamp, sizeof stamp, "run_%04d%02d%02d_%02d%02d%02d_", broken.tm_year, broken.tm_mon,
	              broken.tm_mday, broken.tm_hour, broken.tm_min, broken.tm_sec);
	std::string code;
	for (std::int64_t rest = execution; rest > 0; rest /= 36) code.insert(code.begin(), digits[rest % 36]);
	while (code.size() < 6) code.insert(code.begin(), '0');
	return stamp + code;
}

namespace {

// Begins as run_20260128_143000_ does and goes on for six characters at least.
bool is_stamped(const std::string &text) {
	static constexpr std::string_view form = "run_00000000_000000_";
	if (text.size() < form.size() + 6) return false;
	for (std::size_t i = 0; i < form.size(); ++i)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
	return true;
}

} // namespace

std::int64_t execution_from_text(const std::string &text) {
	const bool is_run = is_stamped(text);
	const std::string code = is_run ? text.substr(20) : text;
	const std::int64_t base = is_run ? 36 : 10;
	std::int64_t id = 0;
	bool good = !code.empty() && code.size() <= 16;
	for (const char c : code) {
		const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
		good = good && digit < base && id < (std::int64_t{1} << 53);
		if (good) id = id * base + digit;
	}
	if (!good)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "\"" + text + "\" is neither an execution's id nor a run id", "",
		                "An id is a number such as 42; a run id reads run_20260128_143000_abc123.");
	return id;
}

const std::string &execution_columns() {
	static const std::string columns = EXECUTION_COLUMNS;
	return columns;
}

std::vector<Execution> read_executions(const pg::Rows &rows) {
	std::vector<Execution> executions;
	executions.reserve(rows.size());
	for (std::size_t row = 0; row < rows.size(); ++row) executions.push_back(read_execution(rows, row));
	return executions;
}

std::optional<Execution> lock_live(std::int64_t id) {
	static pg::Statement lock(
	    "SELECT " EXECUTION_COLUMNS " FROM @playbook_executions_live WHERE id = $1 FOR UPDATE", {INT8OID});
	const pg::Rows rows = lock.query({pg::int8(id)});
	if (rows.empty()) return std::nullopt;
	return read_execution(rows, 0);
}

std::optional<Execution> lock_live_with_steps(std::int64_t id, Items items) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	std::optional<Execution> execution = lock_live(id);
	if (execution) load_steps({&*execution}, items);
	return execution;
}

std::optional<Execution> find_execution(std::int64_t id) {
	static pg::Statement find("SELECT " EXECUTION_COLUMNS " FROM @playbook_executions WHERE id = $1",
	                          {INT8OID});
	const pg::Rows rows = find.query({pg::int8(id)});
	if (rows.empty()) return std::nullopt;
	return read_execution(rows, 0);
}

namespace {

#define STEP_COLUMNS                                                                                         \
	"execution_id, position, item, status, outcome, attempt, reason, waiting_for, due_at, coalesce(alone, "  \
	"false), "                                                                                               \
	"coalesce(worker, 0), input, output, error, row_count, rows IS NOT NULL OR chunks IS NOT NULL, "         \
	"started_at, finished_at"
#define NOT_BEGUN "status = 'pending' AND alone IS NOT TRUE"

// A batch that finds these too few asks for more.
constexpr std::int32_t items_at_once = 200;

bool loops(const definition::Step &step) { return step.for_each || step.repeat; }

// Puts it where it belongs, unless it is there already and may have changed since.
void take_step(Execution &execution, StepRow step) {
	if (step.position < 0 || static_cast<std::size_t>(step.position) >= execution.steps.size()) return;
	if (step.item == 0)
		execution.steps[static_cast<std::size_t>(step.position)] = std::move(step);
	else
		execution.items.try_emplace({step.position, step.item}, std::move(step));
}

// The items of loops that go on: of for_each the next ones, of repeat all, since those are few or far
// between.
void load_items_of_loops(const std::unordered_map<std::int64_t, Execution *> &executions) {
	std::vector<std::int64_t> ids;
	std::vector<std::int32_t> positions;
	std::vector<std::int32_t> repeats;
	for (const auto &[id, execution] : executions) {
		const std::vector<definition::Step> &steps = execution->definition().steps;
		for (const StepRow &row : execution->steps) {
			const definition::Step &step = steps[static_cast<std::size_t>(row.position)];
			if (!loops(step) || !row.stored) continue;
			execution->has_unread_items = true;
			if (row.status != StepStatus::Waiting) continue;
			ids.push_back(id);
			positions.push_back(row.position);
			repeats.push_back(step.repeat ? 1 : 0);
		}
	}
	if (ids.empty()) return;
	static pg::Statement next(
	    "SELECT item.* FROM unnest($1, $2, $3) AS loop (id, place, repeats), LATERAL ("
	    "(SELECT " STEP_COLUMNS " FROM @playbook_step_executions_live WHERE execution_id = id AND position = "
	    "place AND item > 0 AND (repeats = 1 OR status IN ('running', 'waiting') OR status = 'pending' AND "
	    "alone)) UNION ALL "
	    "(SELECT " STEP_COLUMNS
	    " FROM @playbook_step_executions_live WHERE repeats = 0 AND execution_id = id "
	    "AND position = place AND item > 0 AND status = 'failed' LIMIT 1) UNION ALL "
	    "(SELECT " STEP_COLUMNS
	    " FROM @playbook_step_executions_live WHERE repeats = 0 AND execution_id = id "
	    "AND position = place AND item > 0 AND " NOT_BEGUN " ORDER BY item LIMIT $4)) AS item",
	    {INT8ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, INT4OID});
	const pg::Rows rows = next.query({pg::datum(pg::array_of(ids)), pg::datum(pg::array_of(positions)),
	                                  pg::datum(pg::array_of(repeats)), pg::int4(items_at_once)});
	std::map<std::pair<std::int64_t, int>, std::int32_t> counts;
	for (std::size_t row = 0; row < rows.size(); ++row) {
		Execution &execution = *executions.at(rows.int8(row, 0));
		StepRow step = read_step(rows, row);
		// They come in their order.
		const bool begins = step.status == StepStatus::Pending && !step.alone;
		if (begins && ++counts[{execution.id, step.position}] == items_at_once)
			execution.unread_from[step.position] = step.item;
		take_step(execution, std::move(step));
	}
}

} // namespace

void load_steps(std::vector<Execution *> executions, Items items) {
	std::vector<std::int64_t> begun;
	std::unordered_map<std::int64_t, Execution *> by_id;
	bool history = false;
	for (Execution *execution : executions) {
		if (execution->plan == nullptr) execution->plan = plan_of(execution->snapshot);
		const std::size_t count = execution->definition().steps.size();
		execution->items.clear();
		execution->has_unread_items = false;
		execution->unread_from.clear();
		execution->steps.assign(count, StepRow());
		for (std::size_t i = 0; i < count; ++i) execution->steps[i].position = static_cast<int>(i);
		const bool begun_early = execution->options.find("skipped_early") != nullptr;
		if (!execution->stored || (execution->status == Status::Pending && !begun_early)) continue;
		history = history || execution->slot != 0;
		begun.push_back(execution->id);
		by_id.emplace(execution->id, execution);
	}
	if (begun.empty()) return;

	static pg::Statement live("SELECT " STEP_COLUMNS
	                          " FROM @playbook_step_executions_live WHERE execution_id = ANY ($1)",
	                          {INT8ARRAYOID});
	static pg::Statement no_items("SELECT " STEP_COLUMNS " FROM @playbook_step_executions_live "
	                              "WHERE execution_id = ANY ($1) AND item = 0",
	                              {INT8ARRAYOID});
	static pg::Statement all("SELECT " STEP_COLUMNS
	                         " FROM @playbook_step_executions WHERE execution_id = ANY ($1)",
	                         {INT8ARRAYOID});
	const bool next = items == Items::Next && !history;
	const pg::Rows rows = (history ? all : next ? no_items : live).query({pg::datum(pg::array_of(begun))});
	for (std::size_t row = 0; row < rows.size(); ++row)
		take_step(*by_id.at(rows.int8(row, 0)), read_step(rows, row));
	if (next) load_items_of_loops(by_id);
}

bool load_next_items(Execution &execution, int position) {
	const auto last = execution.unread_from.find(position);
	if (last == execution.unread_from.end()) return false;
	static pg::Statement next(
	    "SELECT " STEP_COLUMNS
	    " FROM @playbook_step_executions_live WHERE execution_id = $1 AND position = $2 "
	    "AND item > $3 AND " NOT_BEGUN " ORDER BY item LIMIT $4",
	    {INT8OID, INT4OID, INT4OID, INT4OID});
	pg::EngineIdentity engine;
	pg::Spi spi;
	const pg::Rows rows = next.query(
	    {pg::int8(execution.id), pg::int4(position), pg::int4(last->second), pg::int4(items_at_once)});
	for (std::size_t row = 0; row < rows.size(); ++row) {
		StepRow step = read_step(rows, row);
		last->second = step.item;
		take_step(execution, std::move(step));
	}
	if (static_cast<std::int32_t>(rows.size()) < items_at_once) execution.unread_from.erase(last);
	return !rows.empty();
}

void load_other_items(Execution &execution) {
	if (!std::exchange(execution.has_unread_items, false)) return;
	execution.unread_from.clear();
	static pg::Statement others("SELECT " STEP_COLUMNS
	                            " FROM @playbook_step_executions_live WHERE execution_id = $1 AND item > 0",
	                            {INT8OID});
	pg::EngineIdentity engine;
	pg::Spi spi;
	const pg::Rows rows = others.query({pg::int8(execution.id)});
	for (std::size_t row = 0; row < rows.size(); ++row) take_step(execution, read_step(rows, row));
}

} // namespace playbook::execution
