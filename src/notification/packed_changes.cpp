#include "notification/packed_changes.hpp"

#include <limits>

namespace playbook::notification {
namespace {

constexpr std::string_view statuses = "prwucfxs";
constexpr unsigned char status_bits = 7, other_execution = 8, has_item = 16, waits = 32,
                        other_definition = 64;

void append_integer(std::string &content, std::uint64_t number) {
	while (number >= 0x80) {
		content += static_cast<char>(0x80 | (number & 0x7f));
		number >>= 7;
	}
	content += static_cast<char>(number);
}

void append_text(std::string &content, std::string_view text) {
	append_integer(content, text.size());
	content += text;
}

std::uint64_t with_sign_last(std::int64_t number) {
	return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
std::int64_t with_sign_first(std::uint64_t number) {
	return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

} // namespace

// Where the definition is or will be in definitions_.
std::size_t ChangePacker::place_of(const PackedChange &change) {
	if (!definitions_.empty()) {
		const Definition &last = definitions_[last_definition_];
		if (last.number == change.definition && last.playbook == change.playbook &&
		    last.labelled == change.labelled)
			return last_definition_;
	}
	return places_
	    .try_emplace({change.definition, std::string(change.playbook), change.labelled}, definitions_.size())
	    .first->second;
}

void ChangePacker::add(const PackedChange &change) {
	const std::size_t status = statuses.find(change.status);
	if (status == statuses.npos) throw std::logic_error(std::string("no status is \"") + change.status + '"');
	const std::size_t place = place_of(change);
	const bool other = change.execution != execution_;
	const bool fresh = place == definitions_.size();
	const bool renamed = fresh || place != last_definition_;
	content_ +=
	    static_cast<char>(status | (renamed ? other_definition : 0u) | (other ? other_execution : 0u) |
	                      (change.item != 0 ? has_item : 0u) | (change.waiting_for.empty() ? 0u : waits));
	if (renamed) append_integer(content_, place);
	if (fresh) {
		append_text(content_, change.playbook);
		append_integer(content_, change.labelled ? 1 : 0);
		definitions_.push_back({change.definition, std::string(change.playbook), change.labelled, {}});
	}
	if (other) append_integer(content_, with_sign_last(change.execution - execution_));
	append_integer(content_, static_cast<std::uint64_t>(change.position + 1));
	if (change.position >= 0 && definitions_[place].positions.insert(change.position).second)
		append_text(content_, change.step);
	if (change.item != 0) append_integer(content_, static_cast<std::uint64_t>(change.item));
	if (!change.waiting_for.empty()) append_text(content_, change.waiting_for);
	execution_ = change.execution;
	last_definition_ = place;
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

std::string_view ChangeReader::text() {
	const std::uint64_t length = integer();
	if (length > left_.size()) throw BrokenChanges("they end within a text");
	const std::string_view text = left_.substr(0, length);
	left_.remove_prefix(length);
	return text;
}

bool ChangeReader::next(PackedChange &change) {
	if (left_.empty()) return false;
	const auto first = static_cast<unsigned char>(left_.front());
	left_.remove_prefix(1);
	if (first > (status_bits | other_execution | has_item | waits | other_definition))
		throw BrokenChanges("a change begins with an unknown byte");
	if (first & other_definition) {
		const std::uint64_t number = integer();
		if (number > definitions_.size()) throw BrokenChanges("a definition was never mentioned");
		definition_ = number;
		if (number == definitions_.size()) {
			Definition &fresh = definitions_.emplace_back();
			fresh.playbook = text();
			fresh.labelled = integer() != 0;
		}
	} else if (definitions_.empty()) {
		throw BrokenChanges("the first change has no definition");
	}
	if (first & other_execution)
		execution_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(execution_) +
		                                       static_cast<std::uint64_t>(with_sign_first(integer())));
	Definition &definition = definitions_[definition_];
	change.execution = execution_;
	change.definition = static_cast<std::int64_t>(definition_);
	change.playbook = definition.playbook;
	change.labelled = definition.labelled;
	change.status = statuses[first & status_bits];
	change.position = small_integer("a position") - 1;
	change.step = {};
	if (change.position >= 0) {
		auto named = definition.steps.find(change.position);
		if (named == definition.steps.end()) named = definition.steps.emplace(change.position, text()).first;
		change.step = named->second;
	}
	change.item = first & has_item ? small_integer("an item") : 0;
	change.waiting_for = first & waits ? text() : std::string_view();
	return true;
}

} // namespace playbook::notification
