#include "notification/packed_changes.hpp"

#include <limits>

namespace playbook::notification {
namespace {

constexpr std::string_view statuses = "prwucfxs";
constexpr unsigned char status_bits = 7, other_execution = 8, has_item = 16, waits = 32;

void append_integer(std::string &content, std::uint64_t number) {
	while (number >= 0x80) {
		content += static_cast<char>(0x80 | (number & 0x7f));
		number >>= 7;
	}
	content += static_cast<char>(number);
}

std::uint64_t with_sign_last(std::int64_t number) {
	return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
std::int64_t with_sign_first(std::uint64_t number) {
	return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

} // namespace

void ChangePacker::add(const PackedChange &change) {
	const std::size_t status = statuses.find(change.status);
	if (status == statuses.npos) throw std::logic_error(std::string("no status is \"") + change.status + '"');
	const bool other = change.execution != execution_;
	content_ +=
	    static_cast<char>(status | (other ? other_execution : 0u) | (change.item != 0 ? has_item : 0u) |
	                      (change.waiting_for.empty() ? 0u : waits));
	if (other) append_integer(content_, with_sign_last(change.execution - execution_));
	append_integer(content_, static_cast<std::uint64_t>(change.position + 1));
	if (change.item != 0) append_integer(content_, static_cast<std::uint64_t>(change.item));
	if (!change.waiting_for.empty()) {
		append_integer(content_, change.waiting_for.size());
		content_ += change.waiting_for;
	}
	execution_ = change.execution;
	++count_;
}

std::uint64_t ChangeReader::integer() {
	std::uint64_t number = 0;
	for (int shift = 0; shift < 64; shift += 7) {
		if (left_.empty()) throw BrokenChanges("they end within a number");
		const auto byte = static_cast<unsigned char>(left_.front());
		left_.remove_prefix(1);
		number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) return number;
	}
	throw BrokenChanges("a number is longer than 64 bits");
}

int ChangeReader::small_integer(const char *what) {
	const std::uint64_t number = integer();
	if (number > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
		throw BrokenChanges(std::string(what) + " is out of range");
	return static_cast<int>(number);
}

bool ChangeReader::next(PackedChange &change) {
	if (left_.empty()) return false;
	const auto first = static_cast<unsigned char>(left_.front());
	left_.remove_prefix(1);
	if (first > (status_bits | other_execution | has_item | waits))
		throw BrokenChanges("a change begins with an unknown byte");
	if (first & other_execution)
		execution_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(execution_) +
		                                       static_cast<std::uint64_t>(with_sign_first(integer())));
	change.execution = execution_;
	change.status = statuses[first & status_bits];
	change.position = small_integer("a position") - 1;
	change.item = first & has_item ? small_integer("an item") : 0;
	change.waiting_for.clear();
	if (first & waits) {
		const std::uint64_t length = integer();
		if (length > left_.size()) throw BrokenChanges("they end within a text");
		change.waiting_for = left_.substr(0, length);
		left_.remove_prefix(length);
	}
	return true;
}

} // namespace playbook::notification
