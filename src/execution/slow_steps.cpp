#include "execution/slow_steps.hpp"

namespace playbook::execution {
namespace {

constexpr std::int64_t remembered = 600 * USECS_PER_SEC;
constexpr std::size_t most = 10000; // steps; a process that meets more learns anew

std::map<std::pair<std::int64_t, int>, TimestampTz> &slow_until() {
	static auto *const made = new std::map<std::pair<std::int64_t, int>, TimestampTz>();
	return *made;
}

} // namespace

void note_slow(std::int64_t snapshot, int position) {
	auto &known = slow_until();
	if (known.size() >= most) known.clear();
	known[{snapshot, position}] = GetCurrentTimestamp() + remembered;
}

bool is_known_to_be_slow(std::int64_t snapshot, int position) {
	auto &known = slow_until();
	const auto found = known.find({snapshot, position});
	if (found == known.end()) return false;
	if (found->second > GetCurrentTimestamp()) return true;
	known.erase(found);
	return false;
}

} // namespace playbook::execution
