// Changes as bytes: what was packed is read back, and damaged bytes are refused.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "notification/packed_changes.hpp"

using namespace playbook::notification;

namespace {

std::string packed(const std::vector<PackedChange> &changes) {
	ChangePacker packer;
	for (const PackedChange &change : changes) packer.add(change);
	EXPECT_EQ(packer.count(), static_cast<int>(changes.size()));
	return packer.content();
}

// Their texts lie in the content.
std::vector<PackedChange> read(std::string_view content) {
	std::vector<PackedChange> changes;
	ChangeReader reader(content);
	for (PackedChange change; reader.next(change);) changes.push_back(change);
	return changes;
}

} // namespace

TEST(PackedChanges, ReadBackAsTheyWere) {
	constexpr std::int64_t most = std::int64_t{1} << 53;
	constexpr int largest = std::numeric_limits<int>::max();
	const std::string long_text(300, 'x');
	const std::vector<PackedChange> changes = {
	    {most - 1, 0, "one", false, -1, "", 0, 'p', ""},
	    {most - 1, 0, "one", false, 0, "first", 0, 'w', "approval"},
	    {1, 1, "two", true, 999, "items", 1, 'r', ""},
	    {1, 1, "two", true, 999, "items", 10000, 's', ""},
	    {1024, 0, "one", false, 0, "first", 0, 'u', "a reason, \"quoted\""},
	    {1023, 0, "one", false, -1, "", 0, 'c', ""},
	    {1023, 0, "one", false, 3, "", 0, 'f', ""},
	    {2047, 2, long_text, false, largest - 1, long_text, largest, 'x', long_text}};
	const std::string content = packed(changes);
	EXPECT_EQ(read(content), changes);
	EXPECT_TRUE(read("").empty());
}

TEST(PackedChanges, CallAPositionAsItsOwnDefinitionDoes) {
	// Another snapshot of a playbook may have another step in the same place, and a snapshot two playbooks.
	const std::string content = packed({{1, 700, "same", false, 0, "before", 0, 'c', ""},
	                                    {2, 800, "same", false, 0, "after", 0, 'c', ""},
	                                    {3, 700, "same", false, 0, "before", 0, 'c', ""},
	                                    {4, 800, "other", false, 0, "after", 0, 'c', ""},
	                                    {5, 700, "same", true, 0, "before", 0, 'c', ""}});
	const std::vector<PackedChange> expected = {{1, 0, "same", false, 0, "before", 0, 'c', ""},
	                                            {2, 1, "same", false, 0, "after", 0, 'c', ""},
	                                            {3, 0, "same", false, 0, "before", 0, 'c', ""},
	                                            {4, 2, "other", false, 0, "after", 0, 'c', ""},
	                                            {5, 3, "same", true, 0, "before", 0, 'c', ""}};
	EXPECT_EQ(read(content), expected);
}

TEST(PackedChanges, AreSmallWhereExecutionsFollowEachOther) {
	constexpr std::string_view steps[] = {"first", "second", "third"};
	std::vector<PackedChange> changes;
	for (std::int64_t number = 1000; number < 1500; ++number) {
		const std::int64_t execution = number << 10 | (number * 7919 % 1024);
		changes.push_back({execution, 0, "one", false, -1, "", 0, 'c', ""});
		for (int position = 0; position < 3; ++position)
			changes.push_back({execution, 0, "one", false, position, steps[position], 0, 'c', ""});
	}
	const std::string content = packed(changes);
	EXPECT_LE(content.size(), 500u * 10 + 40);
	EXPECT_EQ(read(content), changes);
}

TEST(PackedChanges, RefusesStatusesThatThereAreNot) {
	ChangePacker packer;
	EXPECT_THROW(packer.add({1, 0, "one", false, 0, "first", 0, 'q', ""}), std::logic_error);
}

TEST(PackedChanges, RefusesDamagedBytes) {
	const std::string content = packed({{70000, 0, "one", false, 5, "sixth", 300, 'w', "time"}});
	for (std::size_t length = 1; length < content.size(); ++length)
		EXPECT_THROW(read(std::string_view(content).substr(0, length)), BrokenChanges) << length;
	using namespace std::string_view_literals;
	EXPECT_THROW(read("\x80\x00"sv), BrokenChanges);                                 // unknown byte
	EXPECT_THROW(read("\x08\x02\x00"sv), BrokenChanges);                             // of no definition
	EXPECT_THROW(read("\x48\x01\x00\x02\x00"sv), BrokenChanges);                     // of one never mentioned
	EXPECT_THROW(read("\x40\x00\x00\x00\xff\xff\xff\xff\xff\x01"sv), BrokenChanges); // out of range
	EXPECT_THROW(read("\x40\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv),
	             BrokenChanges);                                         // endless
	EXPECT_THROW(read("\x60\x00\x00\x00\x00\x05time"sv), BrokenChanges); // text too short
}
