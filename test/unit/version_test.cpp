// The version in the library is the one that META.json names.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "value/json.hpp"
#include "version.hpp"

namespace playbook {
namespace {

TEST(Version, IsThatOfMetaJson) {
	std::ifstream file("META.json");
	std::ostringstream text;
	text << file.rdbuf();
	const Value meta = parse_json(text.str());
	const Value *wanted = meta.find("version");
	ASSERT_NE(wanted, nullptr);
	EXPECT_EQ(wanted->string(), version);
	EXPECT_EQ(meta.find("provides")->find("playbook")->find("version")->string(), version);
}

} // namespace
} // namespace playbook
