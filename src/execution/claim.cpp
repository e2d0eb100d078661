#include "execution/claim.hpp"

#include "execution/store.hpp"
#include "settings.hpp"

namespace playbook::execution {
namespace {

// A claim that begins behind entries which others had locked comes back for them after that long.
constexpr std::int64_t return_interval = 5 * USECS_PER_SEC;
// Going over what was passed before, for safety, takes no more than a twentieth of the time.
constexpr std::int64_t share_of_returns = 20;
constexpr std::int64_t cheap = 1000; // microseconds; a look that takes no longer is not counted

// The place of an execution among those of its priority.
struct Key {
	TimestampTz due_at = DT_NOBEGIN;
	std::int64_t id = 0;
	auto operator<=>(const Key &) const = default;
};

// What this process knows of the executions of one priority.
struct Stretch {
	Key gone; // nothing that is visible lies before
	Key from; // claims begin here; between the two there may be what others had locked
};

struct Queue {
	Oid owner = InvalidOid;
	std::map<int, Stretch> stretches; // by priority
	bool news = true;                 // there may be executions of a priority that is not in the map
	TimestampTz news_at = 0;          // looked for not before
	TimestampTz return_at = 0;
};

// Of the role that this process last worked for.
Queue &remembered() {
	static auto *const queue = new Queue();
	return *queue;
}
Queue &queue_of(Oid owner) {
	Queue &queue = remembered();
	if (queue.owner != owner) {
		queue = Queue();
		queue.owner = owner;
	}
	return queue;
}

struct Candidate {
	int priority;
	Key key;
	// Priorities are between -100 and 100 and the setting ends at a day: no overflow.
	TimestampTz rank() const { return key.due_at - priority * settings::priority_ageing_microseconds(); }
	bool operator<(const Candidate &other) const {
		return std::tuple(rank(), key.id) < std::tuple(other.rank(), other.key.id);
	}
};

constexpr Oid TIMESTAMPTZARRAYOID_ = 1185; // the server's headers give it no name in every version

// Looks for priorities between the known ones: a probe of the index for each gap.
void find_stretches(Queue &queue, TimestampTz now) {
	if (!queue.news || now < queue.news_at) return;
	static pg::Statement probe(
	    "SELECT found.priority FROM unnest($2, $3) AS gap (above, below), LATERAL ("
	    "SELECT priority FROM @playbook_executions_live WHERE owner = $1 AND priority > gap.above "
	    "AND priority < gap.below AND due_at IS NOT NULL ORDER BY priority LIMIT 1) AS found",
	    {REGROLEOID, INT4ARRAYOID, INT4ARRAYOID});
	const TimestampTz began = GetCurrentTimestamp();
	queue.news = false;
	for (bool found = true; found;) {
		std::vector<std::int32_t> above = {PG_INT32_MIN}, below;
		for (const auto &[priority, stretch] : queue.stretches) {
			below.push_back(priority);
			above.push_back(priority);
		}
		below.push_back(PG_INT32_MAX);
		const pg::Rows rows = probe.query(
		    {pg::oid(queue.owner), pg::datum(pg::array_of(above)), pg::datum(pg::array_of(below))});
		for (std::size_t row = 0; row < rows.size(); ++row) queue.stretches.try_emplace(rows.int4(row, 0));
		found = !rows.empty();
	}
	const TimestampTz ended = GetCurrentTimestamp();
	queue.news_at = ended - began > cheap ? ended + share_of_returns * (ended - began) : 0;
}

// The stretches as arrays, for statements that look into all of them: priority, due_at, id.
struct Stretches {
	std::vector<std::int32_t> priorities;
	std::vector<pg::NullableDatumOf> due_at;
	std::vector<std::int64_t> ids;
	Stretches(const Queue &queue, Key Stretch::*begin) {
		for (const auto &[priority, stretch] : queue.stretches) {
			priorities.push_back(priority);
			due_at.push_back({TimestampTzGetDatum((stretch.*begin).due_at), false});
			ids.push_back((stretch.*begin).id);
		}
	}
	pg::Argument priority_array() const { return pg::datum(pg::array_of(priorities)); }
	pg::Argument due_at_array() const { return pg::datum(pg::array_of(due_at, TIMESTAMPTZOID)); }
	pg::Argument id_array() const { return pg::datum(pg::array_of(ids)); }
};

// All are of one priority, as is usual: one scan in the order of the index, which ends with the batch.
std::vector<Execution> claim_in_order(Queue &queue, TimestampTz now, int limit) {
	static pg::Statement claim(
	    "SELECT " + execution_columns() +
	        " FROM @playbook_executions_live WHERE owner = $1 AND priority = $2 "
	        "AND due_at <= $3 AND (due_at, id) >= ($4, $5) ORDER BY due_at, id LIMIT $6 "
	        "FOR UPDATE SKIP LOCKED",
	    {REGROLEOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT4OID});
	auto &[priority, stretch] = *queue.stretches.begin();
	std::vector<Execution> executions = read_executions(
	    claim.query({pg::oid(queue.owner), pg::int4(priority), pg::timestamp(now),
	                 pg::timestamp(stretch.from.due_at), pg::int8(stretch.from.id), pg::int4(limit)}));
	// What was claimed leaves its place: the next claim need not pass over it, nor over what others have
	// locked.
	if (!executions.empty()) stretch.from = {*executions.back().due_at, executions.back().id + 1};
	return executions;
}

// The first of each priority that are due, in the order of the queue.
std::vector<Candidate> candidates(Queue &queue, TimestampTz now, int most) {
	static pg::Statement look(
	    "SELECT stretch.priority, due.due_at, due.id FROM unnest($2, $3, $4) AS stretch (priority, due_at, "
	    "id), LATERAL (SELECT e.due_at, e.id FROM @playbook_executions_live e WHERE e.owner = $1 "
	    "AND e.priority = stretch.priority AND e.due_at <= $5 "
	    "AND (e.due_at, e.id) >= (stretch.due_at, stretch.id) ORDER BY e.due_at, e.id LIMIT $6) AS due",
	    {REGROLEOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID_, INT8ARRAYOID, TIMESTAMPTZOID, INT4OID});
	const Stretches begin(queue, &Stretch::from);
	const pg::Rows rows = look.query({pg::oid(queue.owner), begin.priority_array(), begin.due_at_array(),
	                                  begin.id_array(), pg::timestamp(now), pg::int4(most)});
	std::vector<Candidate> found;
	std::map<int, Key> heads;
	for (std::size_t row = 0; row < rows.size(); ++row) {
		found.push_back({rows.int4(row, 0), {rows.timestamp(row, 1), rows.int8(row, 2)}});
		heads.try_emplace(found.back().priority, found.back().key);
	}
	for (auto &[priority, stretch] : queue.stretches) {
		const auto head = heads.find(priority);
		stretch.from = std::max(stretch.from, head != heads.end() ? head->second : Key{now, 0});
	}
	std::sort(found.begin(), found.end());
	return found;
}

// Of several priorities: the order is made here from the heads of all, and then the best of them that nobody
// else holds are locked.
std::vector<Execution> claim_merged(Queue &queue, TimestampTz now, int limit) {
	static pg::Statement lock("SELECT " + execution_columns() +
	                              " FROM @playbook_executions_live WHERE id = ANY ($1) AND due_at <= $2 "
	                              "ORDER BY due_at - priority * $3 * interval '1 microsecond', id LIMIT $4 "
	                              "FOR UPDATE SKIP LOCKED",
	                          {INT8ARRAYOID, TIMESTAMPTZOID, INT8OID, INT4OID});
	// Where others hold all that is in sight, look further.
	for (int most = limit;; most *= 4) {
		const std::vector<Candidate> found = candidates(queue, now, most);
		if (found.empty()) return {};
		std::vector<std::int64_t> ids;
		for (const Candidate &candidate : found) ids.push_back(candidate.key.id);
		std::vector<Execution> executions = read_executions(
		    lock.query({pg::datum(pg::array_of(ids)), pg::timestamp(now),
		                pg::int8(settings::priority_ageing_microseconds()), pg::int4(limit)}));
		if (!executions.empty() || static_cast<int>(found.size()) < most) return executions;
	}
}

} // namespace

std::vector<Execution> claim_due(Oid owner, TimestampTz now, int limit) {
	Queue &queue = queue_of(owner);
	find_stretches(queue, now);
	if (queue.stretches.empty()) return {};
	const bool returns = now >= queue.return_at;
	if (returns)
		for (auto &[priority, stretch] : queue.stretches) stretch.from = stretch.gone;
	std::vector<Execution> executions =
	    queue.stretches.size() == 1 ? claim_in_order(queue, now, limit) : claim_merged(queue, now, limit);
	if (returns) {
		const TimestampTz ended = GetCurrentTimestamp();
		queue.return_at = ended + std::max(return_interval, share_of_returns * (ended - now));
	}
	return executions;
}

std::optional<TimestampTz> next_due(Oid owner) {
	Queue &queue = queue_of(owner);
	const TimestampTz now = GetCurrentTimestamp(); // before the statement's snapshot
	find_stretches(queue, now);
	std::optional<TimestampTz> next;
	if (queue.news) next = queue.news_at;
	if (queue.stretches.empty()) return next;
	static pg::Statement head(
	    "SELECT stretch.priority, due.due_at, due.id FROM unnest($2, $3, $4) AS stretch (priority, due_at, "
	    "id), LATERAL (SELECT e.due_at, e.id FROM @playbook_executions_live e WHERE e.owner = $1 "
	    "AND e.priority = stretch.priority AND e.due_at IS NOT NULL "
	    "AND (e.due_at, e.id) >= (stretch.due_at, stretch.id) ORDER BY e.due_at, e.id LIMIT 1) AS due",
	    {REGROLEOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID_, INT8ARRAYOID});
	const Stretches begin(queue, &Stretch::gone);
	const pg::Rows rows =
	    head.query({pg::oid(owner), begin.priority_array(), begin.due_at_array(), begin.id_array()});
	std::map<int, Key> heads;
	for (std::size_t row = 0; row < rows.size(); ++row) {
		heads[rows.int4(row, 0)] = {rows.timestamp(row, 1), rows.int8(row, 2)};
		next = std::min(next.value_or(DT_NOEND), rows.timestamp(row, 1));
	}
	// What nobody sees yet comes with a wake-up.
	for (auto &[priority, stretch] : queue.stretches) {
		const auto found = heads.find(priority);
		stretch.gone =
		    std::max(stretch.gone, std::min(found != heads.end() ? found->second : Key{now, 0}, Key{now, 0}));
		stretch.from = stretch.gone;
	}
	return next;
}

std::map<Oid, TimestampTz> first_due_of_roles() {
	// From one stretch of the index to the next.
	static pg::Statement look(
	    "WITH RECURSIVE next AS ((SELECT owner, priority, due_at FROM @playbook_executions_live "
	    "WHERE due_at IS NOT NULL ORDER BY owner, priority, due_at LIMIT 1) "
	    "UNION ALL SELECT following.owner, following.priority, following.due_at FROM next, LATERAL ("
	    "SELECT owner, priority, due_at FROM @playbook_executions_live WHERE due_at IS NOT NULL "
	    "AND (owner, priority) > (next.owner, next.priority) ORDER BY owner, priority, due_at LIMIT 1) "
	    "AS following) SELECT owner::oid, min(due_at) FROM next GROUP BY owner",
	    {});
	std::map<Oid, TimestampTz> roles;
	const pg::Rows rows = look.query({});
	for (std::size_t row = 0; row < rows.size(); ++row)
		roles.emplace(rows.oid(row, 0), rows.timestamp(row, 1));
	return roles;
}

void made_due(Oid owner, TimestampTz since) {
	Queue &queue = remembered();
	// For what is due later there will be another wake-up.
	if (queue.owner != owner || since > GetCurrentTimestamp()) return;
	queue.news = true;
	for (auto &[priority, stretch] : queue.stretches) {
		stretch.gone = std::min(stretch.gone, Key{since, 0});
		stretch.from = std::min(stretch.from, Key{since, 0});
	}
}

void give_back(const Execution &execution) {
	Queue &queue = remembered();
	const auto found = queue.stretches.find(execution.priority);
	if (queue.owner != execution.owner || found == queue.stretches.end() || !execution.due_at) return;
	found->second.from = std::min(found->second.from, Key{*execution.due_at, execution.id});
}

void give_back_all() {
	for (auto &[priority, stretch] : remembered().stretches) stretch.from = stretch.gone;
}

void forget_queue() { remembered() = Queue(); }

TimestampTz queue_begins() {
	TimestampTz begins = DT_NOEND;
	for (const auto &[priority, stretch] : remembered().stretches)
		begins = std::min(begins, stretch.gone.due_at);
	return TIMESTAMP_IS_NOEND(begins) ? DT_NOBEGIN : begins;
}

} // namespace playbook::execution
