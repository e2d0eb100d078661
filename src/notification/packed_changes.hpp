// The changes of one transaction as the bytes of playbook_change_batches.content.
//
// A transaction of the engine makes thousands of changes, whose executions were mostly started one after the
// other, and few of them are ever read one by one: small and quickly written counts. A change is
//
//   byte     its status in the low three bits (their place in "prwucfxs"), and whether what follows is there:
//            8 another execution than before, 16 an item, 32 a reason to wait
//   integer  execution, as the difference to the one before (of the first: to 0)
//   integer  position + 1: 0 is the execution itself
//   integer  item
//   integer  length, and then so many bytes of text: what it waits for
//
// Integers are seven bits a byte, lowest first, the high bit says that another byte follows; differences take
// their sign in the lowest bit. Core: no server header.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace playbook::notification {

struct PackedChange {
	std::int64_t execution = 0;
	int position = -1; // of the step; -1: the execution itself
	int item = 0;
	char status = 'p';       // as execution::letter_of says
	std::string waiting_for; // "" unless it waits

	bool operator==(const PackedChange &) const = default;
};

class ChangePacker {
public:
	void add(const PackedChange &change);
	int count() const { return count_; }
	const std::string &content() const { return content_; }

private:
	std::string content_;
	std::int64_t execution_ = 0;
	int count_ = 0;
};

// The bytes are no changes; what() says why. For clients it is XX001.
class BrokenChanges : public std::runtime_error {
public:
	using std::runtime_error::runtime_error;
};

// Goes over content that outlives it.
class ChangeReader {
public:
	explicit ChangeReader(std::string_view content) : left_(content) {}
	// False after the last. Throws BrokenChanges.
	bool next(PackedChange &change);

private:
	std::uint64_t integer();
	int small_integer(const char *what);

	std::string_view left_;
	std::int64_t execution_ = 0;
};

} // namespace playbook::notification
