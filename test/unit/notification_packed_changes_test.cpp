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

std::vector<PackedChange> read(std::string_view content) {
	std::vector<PackedChange> changes;
	ChangeReader reader(content);
	for (PackedChange change; reader.next(change);) changes.push_back(change);
	return changes;
}

} // namespace

TEST(PackedChanges, ReadBackAsTheyWere) {
	constexpr std::int64_t most = std::int64_t{1} << 53;
	const std::vector<PackedChange> changes = {{most - 1, -1, 0, 'p', ""},
	                                           {most - 1, 0, 0, 'w', "approval"},
	                                           {1, 999, 1, 'r', ""},
	                                           {1, 999, 10000, 's', ""},
	                                           {1024, 0, 0, 'u', "a reason, \"quoted\""},
	                                           {1023, -1, 0, 'c', ""},
	                                           {1023, 3, 0, 'f', ""},
	                                           {2047, std::numeric_limits<int>::max() - 1,
	                                            std::numeric_limits<int>::max(), 'x', std::string(300, 'x')}};
	EXPECT_EQ(read(packed(changes)), changes);
	EXPECT_TRUE(read("").empty());
}

TEST(PackedChanges, AreSmallWhereExecutionsFollowEachOther) {
	std::vector<PackedChange> changes;
	for (std::int64_t number = 1000; number < 1500; ++number) {
		const std::int64_t execution = number << 10 | (number * 7919 % 1024);
		for (int position = -1; position < 3; ++position)
			changes.push_back({execution, position, 0, 'c', ""});
	}
	EXPECT_LE(packed(changes).size(), 500u * 10 + 10);
	EXPECT_EQ(read(packed(changes)), changes);
}

TEST(PackedChanges, RefusesStatusesThatThereAreNot) {
	ChangePacker packer;
	EXPECT_THROW(packer.add({1, 0, 0, 'q', ""}), std::logic_error);
}

TEST(PackedChanges, RefusesDamagedBytes) {
	const std::string content = packed({{70000, 5, 300, 'w', "time"}});
	for (std::size_t length = 1; length < content.size(); ++length)
		EXPECT_THROW(read(std::string_view(content).substr(0, length)), BrokenChanges) << length;
	using namespace std::string_view_literals;
	EXPECT_THROW(read("\x40\x00"sv), BrokenChanges);                                         // unknown byte
	EXPECT_THROW(read("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv), BrokenChanges); // endless
	EXPECT_THROW(read("\x00\xff\xff\xff\xff\xff\x01"sv), BrokenChanges);                     // out of range
	EXPECT_THROW(read("\x22\x01\x05time"sv), BrokenChanges);                                 // text too short
}
