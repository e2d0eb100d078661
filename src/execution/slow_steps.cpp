#include "execution/slow_steps.hpp"

namespace playbook::execution {
namespace {

constexpr std::int64_t remembered = 600 * USECS_PER_SEC;
constexpr int enough = 3;           // overruns within that time
constexpr std::size_t most = 10000; // steps; a process that meets more learns anew

struct Overruns {
	TimestampTz since = 0;
	int count = 0;
};

std::map<std::pair<std::int64_t, int>, Overruns> &overruns() {
	static auto *const made = new std::map<std::pair<std::int64_t, int>, Overruns>();
	return *made;
}

bool is_old(const Overruns &seen) { return seen.since + remembered < GetCurrentTimestamp(); }

} // namespace

void note_overrun(std::int64_t snapshot, int position) {
	auto &known = overruns();
	if (known.size() >= most) known.clear();
	Overruns &seen = known[{snapshot, position}];
	if (is_old(seen)) seen = {GetCurrentTimestamp(), 0};
	++seen.count;
}

bool is_known_to_be_slow(std::int64_t snapshot, int position) {
	auto &known = overruns();
	const auto found = known.find({snapshot, position});
	if (found == known.end() || found->second.count < enough) return false;
	if (!is_old(found->second)) return true;
	known.erase(found);
	return false;
}

} // namespace playbook::execution
