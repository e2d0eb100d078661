// E-mail addresses: what passes, what is refused, and that nothing that passes can add a header.
#include <gtest/gtest.h>

#include "step/mail_address.hpp"

using namespace playbook::step;

TEST(MailAddress, TakesABareAddress) {
	const auto address = parse_mail_address(" ana.lima+cs@mail.example.com ");
	ASSERT_TRUE(address);
	EXPECT_EQ(address->address, "ana.lima+cs@mail.example.com");
	EXPECT_EQ(address->text(), "ana.lima+cs@mail.example.com");
}

TEST(MailAddress, TakesANameWithAndWithoutQuotes) {
	EXPECT_EQ(parse_mail_address("Ana Lima <ana@example.com>")->text(), "Ana Lima <ana@example.com>");
	EXPECT_EQ(parse_mail_address("\"Lima, Ana\" <ana@example.com>")->name, "Lima, Ana");
	EXPECT_EQ(parse_mail_address("\"Lima, Ana\" <ana@example.com>")->text(),
	          "\"Lima, Ana\" <ana@example.com>");
	EXPECT_EQ(parse_mail_address("Zoë Ünal <zoe@exämple.de>")->text(), "Zoë Ünal <zoe@exämple.de>");
	EXPECT_EQ(parse_mail_address("\"A \\\"B\\\" C\" <a@example.com>")->name, "A \"B\" C");
}

TEST(MailAddress, TextReadsBackAsTheSame) {
	for (const char *name : {"", "Ana", "Lima, Ana", "A \"B\" C", "back\\slash", "a@b", "x;y"}) {
		const MailAddress address{name, "ana@example.com"};
		EXPECT_EQ(parse_mail_address(address.text()), address) << address.text();
	}
	// Spaces at a name's ends mean nothing, and are not kept even where quotes hold them.
	const auto spaced = parse_mail_address("\" Zoë \" <zoe@example.com>");
	EXPECT_EQ(spaced->name, "Zoë");
	EXPECT_EQ(parse_mail_address(spaced->text()), spaced);
}

TEST(MailAddress, RefusesWhatIsNone) {
	for (const char *text :
	     {"", "ana", "@example.com", "ana@", "ana@@example.com", "ana@example..com", "ana@-example.com",
	      "ana@example-.com", ".ana@example.com", "ana.@example.com", "a..b@example.com",
	      "ana lima@example.com", "ana@exam ple.com", "ana@example.com>", "<ana@example.com",
	      "ana@example.com, ben@example.com", "ana@[127.0.0.1]", "ana@example.com."})
		EXPECT_FALSE(parse_mail_address(text)) << text;
}

TEST(MailAddress, RefusesLineBreaksAnywhere) {
	for (const char *text :
	     {"ana@example.com\r\nBcc: eve@example.com", "Ana\r\nBcc: eve@example.com <ana@example.com>",
	      "ana@exam\nple.com", "\"Ana\n\" <ana@example.com>", "ana@example.com\x01x"})
		EXPECT_FALSE(parse_mail_address(text)) << text;
}

TEST(MailAddress, RefusesWhatIsTooLong) {
	EXPECT_TRUE(parse_mail_address(std::string(64, 'a') + "@example.com"));
	EXPECT_FALSE(parse_mail_address(std::string(65, 'a') + "@example.com"));
	EXPECT_TRUE(parse_mail_address("a@" + std::string(63, 'b') + ".com"));
	EXPECT_FALSE(parse_mail_address("a@" + std::string(64, 'b') + ".com"));
	std::string domain;
	for (int i = 0; i < 70; ++i) domain += "abc.";
	EXPECT_FALSE(parse_mail_address("a@" + domain + "com"));
}

TEST(MailAddress, SplitsAListOutsideQuotes) {
	EXPECT_EQ(split_mail_addresses("a@x.org, \"Lima, Ana\" <b@x.org>;c@x.org,,"),
	          (std::vector<std::string>{"a@x.org", "\"Lima, Ana\" <b@x.org>", "c@x.org"}));
	EXPECT_EQ(split_mail_addresses("\"a\\\",b\" <x@y.org>, z@y.org"),
	          (std::vector<std::string>{"\"a\\\",b\" <x@y.org>", "z@y.org"}));
	EXPECT_EQ(split_mail_addresses("\"open, a@x.org\\"), (std::vector<std::string>{"\"open, a@x.org\\"}));
	EXPECT_TRUE(split_mail_addresses(" , ; ").empty());
}

TEST(MailAddress, SubjectsAreOneLine) {
	EXPECT_EQ(single_line("  Hello\r\nBcc: eve@example.com\t\tx \n"), "Hello Bcc: eve@example.com x");
	EXPECT_EQ(single_line("\r\n"), "");
}

TEST(MailAddress, OnlyFreeHeadersMayBeSet) {
	EXPECT_TRUE(is_free_header("X-Campaign"));
	EXPECT_TRUE(is_free_header("List-Unsubscribe"));
	for (const char *name : {"", "Bcc", "TO", "content-type", "X Campaign", "X:Y", "X\r\nBcc"})
		EXPECT_FALSE(is_free_header(name)) << name;
}
