// Retrying and skipping what failed, for many executions at once: by playbook, error and period, so many a
// minute.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

struct FailedFilter {
	std::optional<std::string> playbook;
	std::optional<std::string> error; // an SQLSTATE, or a part of the message
	std::optional<TimestampTz> since, until;
	int limit = 0;
	int per_minute = 0;
	bool dry_run = false;
};

struct BulkLine {
	std::int64_t execution = 0;
	std::string playbook;
	std::optional<std::string> customer;
	std::string step, error;
	TimestampTz failed_at = 0;
	std::string result; // found, retried, skipped or refused
	std::optional<TimestampTz> due_at;
	std::string detail; // why refused
};

// Oldest failure first; executions that the caller may not control are passed over. One that is refused does
// not stop the rest. Throws 22023 for a filter that says nothing.
std::vector<BulkLine> retry_failed(const FailedFilter &filter);
std::vector<BulkLine> skip_failed(const FailedFilter &filter, const std::string &reason,
                                  const std::string &outcome);

} // namespace playbook::execution
