// SQL-callable: playbook_retry_failed, playbook_skip_failed (sql/playbook/45_control_functions.sql).
#include "execution/bulk.hpp"
#include "pg/function.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_retry_failed);
PG_FUNCTION_INFO_V1(playbook_skip_failed);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace {

// Both begin with playbook, error, since, until; limit, per_minute and dry_run follow one another.
execution::FailedFilter filter_of(const pg::Arguments &args, int limit_at) {
	const auto time = [&args](int at, const char *name) {
		return args.is_null(at) ? std::nullopt : std::optional(args.timestamp(at, name));
	};
	execution::FailedFilter filter;
	filter.playbook = args.text_or_null(0);
	filter.error = args.text_or_null(1);
	filter.since = time(2, "since");
	filter.until = time(3, "until");
	filter.limit = args.int4(limit_at, "limit");
	filter.per_minute = args.int4(limit_at + 1, "per_minute");
	filter.dry_run = args.boolean(limit_at + 2, "dry_run");
	return filter;
}

Datum rows_of(FunctionCallInfo fcinfo, const std::vector<execution::BulkLine> &lines) {
	const auto text_or_null = [](const std::string &text) {
		return text.empty() ? pg::null() : pg::text(text);
	};
	pg::ResultSet rows(fcinfo);
	for (const execution::BulkLine &line : lines)
		rows.row({pg::int8(line.execution), pg::text(line.playbook),
		          pg::optional_of(line.customer, [](const std::string &id) { return pg::text(id); }),
		          text_or_null(line.step), text_or_null(line.error), pg::timestamp(line.failed_at),
		          pg::text(line.result), pg::optional_of(line.due_at, pg::timestamp),
		          text_or_null(line.detail)});
	return rows.done(fcinfo);
}

} // namespace

Datum playbook_retry_failed(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return rows_of(fcinfo, execution::retry_failed(filter_of(args, 4)));
	});
}

Datum playbook_skip_failed(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return rows_of(fcinfo, execution::skip_failed(filter_of(args, 6),
		                                              args.text_or_null(4).value_or("skipped by a person"),
		                                              args.text_or_null(5).value_or("")));
	});
}
