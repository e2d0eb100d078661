#include "execution/bulk.hpp"

#include "execution/advance.hpp"
#include "execution/control.hpp"
#include "identity/access.hpp"
#include "pg/identity.hpp"

namespace playbook::execution {
namespace {

constexpr int most_at_once = 10000;
constexpr std::int64_t minute = 60 * INT64CONST(1000000);

void check(const FailedFilter &filter) {
	if (!filter.playbook && !filter.error && !filter.since && !filter.until)
		throw pg::Error(
		    ERRCODE_INVALID_PARAMETER_VALUE, "which failed executions?",
		    "Without a playbook, an error or a period it would be all there are.",
		    "Give at least one of playbook, error, since and until; dry_run => true shows what they find.");
	if (filter.limit < 1 || filter.limit > most_at_once)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "limit must be between 1 and " +
		                                                     std::to_string(most_at_once) + ", not " +
		                                                     std::to_string(filter.limit));
	if (filter.per_minute < 1)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "per_minute must be at least 1, not " + std::to_string(filter.per_minute));
}

std::vector<BulkLine> find(const FailedFilter &filter) {
	struct Candidate {
		BulkLine line;
		identity::Subject subject;
	};
	std::vector<Candidate> candidates;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		static pg::Statement failed(
		    "SELECT id, playbook_id, customer_id, coalesce(error ->> 'step', ''), "
		    "coalesce((error ->> 'sqlstate') || ' ' || (error ->> 'message'), ''), finished_at, owner::oid, "
		    "starter::oid, actor FROM @playbook_executions WHERE status = 'failed' AND slot <> 0 "
		    "AND ($1 IS NULL OR playbook_id = $1) AND ($2 IS NULL OR error ->> 'sqlstate' = $2 "
		    "OR strpos(lower(error ->> 'message'), lower($2)) > 0) AND ($3 IS NULL OR finished_at >= $3) "
		    "AND ($4 IS NULL OR finished_at < $4) ORDER BY finished_at, id",
		    {TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID});
		const auto text = [](const std::string &value) { return pg::text(value); };
		const pg::Rows rows = failed.query(
		    {pg::optional_of(filter.playbook, text), pg::optional_of(filter.error, text),
		     pg::optional_of(filter.since, pg::timestamp), pg::optional_of(filter.until, pg::timestamp)});
		for (std::size_t row = 0; row < rows.size(); ++row) {
			Candidate &candidate = candidates.emplace_back();
			BulkLine &line = candidate.line;
			line.execution = rows.int8(row, 0);
			line.playbook = rows.text(row, 1);
			line.customer = rows.text_or_null(row, 2);
			line.step = rows.text(row, 3);
			line.error = rows.text(row, 4);
			line.failed_at = rows.timestamp(row, 5);
			candidate.subject = {rows.oid(row, 6), rows.oid(row, 7), rows.text(row, 8), line.customer,
			                     line.playbook};
		}
	}
	std::vector<BulkLine> lines;
	for (Candidate &candidate : candidates) {
		if (lines.size() == static_cast<std::size_t>(filter.limit)) break;
		if (identity::can_see(candidate.subject) && identity::can_control(candidate.subject))
			lines.push_back(std::move(candidate.line));
	}
	return lines;
}

template <typename Do> std::vector<BulkLine> each(const FailedFilter &filter, const char *done, Do work) {
	check(filter);
	std::vector<BulkLine> lines = find(filter);
	const TimestampTz now = GetCurrentTimestamp();
	std::int64_t place = 0; // only what goes on takes one
	for (BulkLine &line : lines) {
		const TimestampTz at = now + place * minute / filter.per_minute;
		line.result = filter.dry_run ? "found" : done;
		std::optional<Failure> refused;
		if (!filter.dry_run) refused = in_subtransaction([&] { work(line.execution, at); });
		if (refused) {
			line.result = "refused";
			line.detail = refused->message;
			continue;
		}
		line.due_at = at;
		++place;
	}
	return lines;
}

} // namespace

std::vector<BulkLine> retry_failed(const FailedFilter &filter) {
	return each(filter, "retried",
	            [](std::int64_t execution, TimestampTz at) { retry(execution, std::nullopt, Value(), at); });
}

std::vector<BulkLine> skip_failed(const FailedFilter &filter, const std::string &reason,
                                  const std::string &outcome) {
	return each(filter, "skipped", [&](std::int64_t execution, TimestampTz at) {
		skip_failed_steps(execution, reason, outcome, at);
	});
}

} // namespace playbook::execution
