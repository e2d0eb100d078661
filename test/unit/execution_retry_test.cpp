// When a failed attempt is made again.
#include "execution/retry.hpp"

#include <gtest/gtest.h>

namespace playbook::execution {
namespace {

constexpr std::int64_t second = 1000000;

definition::RetryPolicy policy_of(int attempts) {
	definition::RetryPolicy policy;
	policy.attempts = attempts;
	return policy;
}

TEST(Retry, EndsWithThePolicysAttempts) {
	EXPECT_TRUE(retry_delay(policy_of(3), 1, "22012", 0));
	EXPECT_TRUE(retry_delay(policy_of(3), 2, "22012", 0));
	EXPECT_FALSE(retry_delay(policy_of(3), 3, "22012", 0));
}

TEST(Retry, IsForTheErrorsThatThePolicyNames) {
	definition::RetryPolicy policy = policy_of(3);
	policy.on = {"08", "timeout"};
	EXPECT_TRUE(retry_delay(policy, 1, "08006", 0));
	EXPECT_TRUE(retry_delay(policy, 1, "57014", 0));
	EXPECT_FALSE(retry_delay(policy, 1, "22012", 0));
}

TEST(Retry, WaitsForRoomOnTheDiskWhateverThePolicy) {
	const definition::RetryPolicy none = policy_of(1);
	EXPECT_FALSE(retry_delay(none, 1, "53200", 0));
	const auto first = retry_delay(none, 1, "53100", 0), later = retry_delay(none, 50, "53100", 0);
	ASSERT_TRUE(first && later);
	EXPECT_GE(*first, second);
	EXPECT_LE(*first, 2 * second);
	EXPECT_GE(*later, 300 * second);
	EXPECT_LE(*later, 330 * second);
	EXPECT_FALSE(retry_delay(none, 300, "53100", 0)); // it may be the step that fills the disk
}

} // namespace
} // namespace playbook::execution
