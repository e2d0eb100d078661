#include "result/comparison.hpp"

#include "pg/sha256.hpp"
#include "result/canonical.hpp"
#include "value/json.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace playbook::result {
namespace {

using execution::Execution;
using execution::StepRow;
using execution::StepStatus;

// The rows of one side, by what is small: their checksum, and a hash of each to find the place by.
struct Digest {
	std::string checksum;
	std::vector<std::uint64_t> rows;
};

class Comparison {
public:
	Comparison(const Execution &former, const Execution &now) : former_(former), now_(now) {}

	void compare(const definition::Step &step) {
		const auto at = static_cast<std::size_t>(step.position);
		const StepRow &former = former_.steps[at], &now = now_.steps[at];
		if (differs(step, former, now)) return;
		const std::size_t items = count_items(former_, step.position);
		if (items != count_items(now_, step.position)) {
			add(step, former, "items", Value(static_cast<std::int64_t>(items)),
			    Value(static_cast<std::int64_t>(count_items(now_, step.position))));
			return;
		}
		for (const auto &[key, item] : former_.items) {
			if (key.first != step.position) continue;
			const auto same = now_.items.find(key);
			if (same != now_.items.end()) (void) differs(step, item, same->second);
		}
	}

	Value take() { return std::move(found_); }

private:
	static std::size_t count_items(const Execution &execution, int position) {
		return static_cast<std::size_t>(
		    std::count_if(execution.items.begin(), execution.items.end(),
		                  [position](const auto &item) { return item.first.first == position; }));
	}

	void add(const definition::Step &step, const StepRow &row, const char *what, Value former, Value now) {
		Value difference = Value::object();
		difference.set("step", Value(step.id));
		if (row.item > 0) difference.set("item", Value(std::int64_t{row.item}));
		difference.set("what", Value(what));
		difference.set("former", std::move(former));
		difference.set("now", std::move(now));
		found_.push_back(std::move(difference));
	}

	bool differs(const definition::Step &step, const StepRow &former, const StepRow &now) {
		if (former.status != now.status) {
			add(step, former, "status", state_of(former), state_of(now));
		} else if (former.outcome != now.outcome) {
			add(step, former, "outcome", Value(former.outcome), Value(now.outcome));
		} else if (former.status == StepStatus::Failed && message_of(former) != message_of(now)) {
			add(step, former, "error", message_of(former), message_of(now));
		} else if (is_cached(former) != is_cached(now)) {
			add(step, former, "cached", Value(is_cached(former)), Value(is_cached(now)));
		} else {
			return rows_differ(step, former, now);
		}
		return true;
	}

	// {"status": "failed", "reason": "division by zero"}
	static Value state_of(const StepRow &row) {
		Value state = Value::object();
		state.set("status", Value(execution::to_string(row.status)));
		if (row.status == StepStatus::Failed)
			state.set("reason", message_of(row));
		else if (!row.reason.empty())
			state.set("reason", Value(row.reason));
		return state;
	}
	static Value message_of(const StepRow &row) {
		const Value *message = row.error.find("message");
		return message != nullptr ? *message : Value();
	}
	static bool is_cached(const StepRow &row) { return row.output.find("cached") != nullptr; }

	bool rows_differ(const definition::Step &step, const StepRow &former, const StepRow &now) {
		if (!has_canonical_rows(step, former) || !has_canonical_rows(step, now)) return false;
		const std::shared_ptr<const RowSet> before = rows_of(former_, former), after = rows_of(now_, now);
		if (before == nullptr || after == nullptr) return false;
		const std::string columns_before = canonical_columns(*before),
		                  columns_after = canonical_columns(*after);
		if (columns_before != columns_after) {
			add(step, former, "columns", parse_json(columns_before), parse_json(columns_after));
			return true;
		}
		const Digest digest_before = digest_of(step, *before), digest_after = digest_of(step, *after);
		if (digest_before.checksum == digest_after.checksum) return false;
		const auto first =
		    static_cast<std::size_t>(std::mismatch(digest_before.rows.begin(), digest_before.rows.end(),
		                                           digest_after.rows.begin(), digest_after.rows.end())
		                                 .first -
		                             digest_before.rows.begin());
		add(step, former, "rows", side_of(step, *before, first), side_of(step, *after, first));
		return true;
	}

	Digest digest_of(const definition::Step &step, const RowSet &rows) const {
		Digest digest;
		pg::Sha256 checksum;
		each_canonical_row(step, rows, settings_, [&](std::string_view row) {
			checksum.add(row);
			checksum.add("\n"); // never within a row
			digest.rows.push_back(hash_bytes_extended(reinterpret_cast<const unsigned char *>(row.data()),
			                                          static_cast<int>(row.size()), 0));
		});
		digest.checksum = checksum.finish();
		return digest;
	}

	// {"row_count": 3, "row": 2, "values": [7, "Acme"]}; values are null where that side has no such row.
	Value side_of(const definition::Step &step, const RowSet &rows, std::size_t wanted) const {
		Value side = Value::object(), values;
		std::size_t at = 0;
		each_canonical_row(step, rows, settings_, [&](std::string_view row) {
			if (at++ == wanted) values = parse_json(row);
		});
		side.set("row_count", Value(rows.row_count()));
		side.set("row", Value(static_cast<std::int64_t>(wanted) + 1));
		side.set("values", std::move(values));
		return side;
	}

	const Execution &former_, &now_;
	const CanonicalSettings settings_;
	Value found_ = Value::array();
};

} // namespace

Value differences(const Execution &former, const Execution &now, const std::vector<bool> &compared) {
	Comparison comparison(former, now);
	for (const definition::Step &step : former.definition().steps)
		if (compared[static_cast<std::size_t>(step.position)]) comparison.compare(step);
	return comparison.take();
}

} // namespace playbook::result
