// The changes of one transaction as the bytes of playbook_change_batches.content.
//
// A transaction of the engine makes thousands of changes, whose executions were mostly started one after the
// other, and few of them are ever read one by one: small and quickly written counts. Names are written where
// they are mentioned first, so that whoever reads needs no other table. A change is
//
//   byte     its status in the low three bits (their place in "prwucfxs"), and whether what follows is there:
//            8 another execution than before, 16 an item, 32 a reason to wait, 64 another definition than
//            before
//   integer  definition: how many were mentioned before it was mentioned first
//   text     the playbook's id, and
//   integer  1 when the execution has labels, else 0; both at the first mention of the definition
//   integer  execution, as the difference to the one before (of the first: to 0)
//   integer  position + 1: 0 is the execution itself
//   text     the step's id, at the first mention of the position in this definition
//   integer  item
//   text     what it waits for
//
// Integers are seven bits a byte, lowest first, the high bit says that another byte follows; differences take
// their sign in the lowest bit. A text is its length, an integer, and its bytes. Core: no server header.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <vector>

namespace playbook::notification {

// Its views are of texts that lie elsewhere: of one that is packed with the caller, of one that was read in
// the content.
struct PackedChange {
	std::int64_t execution = 0;
	// What it runs: any number that together with the playbook and `labelled` stands for one definition, so
	// that a position has one step. Read: the definition's number in this content.
	std::int64_t definition = 0;
	std::string_view playbook;
	bool labelled = false; // the execution has labels; which is not said here, since they may be erased
	int position = -1;     // of the step; -1: the execution itself
	std::string_view step;
	int item = 0;
	char status = 'p';            // as execution::letter_of says
	std::string_view waiting_for; // "" unless it waits

	bool operator==(const PackedChange &) const = default;
};

class ChangePacker {
public:
	void add(const PackedChange &change);
	int count() const { return count_; }
	const std::string &content() const { return content_; }

private:
	struct Definition {
		std::int64_t number; // the caller's
		std::string playbook;
		bool labelled;
		std::unordered_set<int> positions; // mentioned so far
	};
	std::size_t place_of(const PackedChange &change);

	std::string content_;
	std::vector<Definition> definitions_;
	std::map<std::tuple<std::int64_t, std::string, bool>, std::size_t> places_;
	std::size_t last_definition_ = 0; // its place in definitions_
	std::int64_t execution_ = 0;
	int count_ = 0;
};

// The bytes are no changes; what() says why. For clients it is XX001.
class BrokenChanges : public std::runtime_error {
public:
	using std::runtime_error::runtime_error;
};

// Goes over content that outlives it and what it reads.
class ChangeReader {
public:
	explicit ChangeReader(std::string_view content) : left_(content) {}
	// False after the last. Throws BrokenChanges.
	bool next(PackedChange &change);

private:
	struct Definition {
		std::string_view playbook;
		bool labelled = false;
		std::map<int, std::string_view> steps; // by position
	};
	std::uint64_t integer();
	int small_integer(const char *what);
	std::string_view text();

	std::string_view left_;
	std::vector<Definition> definitions_;
	std::size_t definition_ = 0;
	std::int64_t execution_ = 0;
};

} // namespace playbook::notification
