// Invitations as iCalendar text: libical reads back what was meant, whatever the values hold.
#include <gtest/gtest.h>
#include <memory>

#include <libical/ical.h>

#include "step/calendar.hpp"

using namespace playbook::step;

namespace {

struct Deleter {
	void operator()(icalcomponent *component) const { icalcomponent_free(component); }
};

class Calendar {
public:
	explicit Calendar(const std::string &text) : component_(icalparser_parse_string(text.c_str())) {}
	icalcomponent *event() const {
		return icalcomponent_get_first_component(component_.get(), ICAL_VEVENT_COMPONENT);
	}
	icalproperty_method method() const { return icalcomponent_get_method(component_.get()); }
	int errors() const { return icalcomponent_count_errors(component_.get()); }

private:
	std::unique_ptr<icalcomponent, Deleter> component_;
};

CalendarEvent kickoff() {
	CalendarEvent event;
	event.uid = "42:3:0@example";
	event.title = "Kick-off with ACME; agenda, goals";
	event.description = "First line\nSecond, line; with \\ and \"quotes\"";
	event.location = "Room 5";
	event.organizer = MailAddress{"Ana \"A\" Lima", "ana@example.com"};
	event.attendees = {{"Ben, of ACME", "ben@acme.example"}, {"", "eva@acme.example"}};
	event.start = 1769608800000000; // 2026-01-28 14:00 UTC
	event.end = event.start + 45 * 60 * 1000000LL;
	event.stamp = event.start - 86400000000LL;
	return event;
}

} // namespace

TEST(Calendar, ReadsBackAsItWasMeant) {
	const std::string text = calendar_text(kickoff());
	const Calendar calendar(text);
	EXPECT_EQ(calendar.errors(), 0) << text;
	EXPECT_EQ(calendar.method(), ICAL_METHOD_REQUEST);
	icalcomponent *event = calendar.event();
	ASSERT_NE(event, nullptr);
	EXPECT_STREQ(icalcomponent_get_uid(event), "42:3:0@example");
	EXPECT_STREQ(icalcomponent_get_summary(event), "Kick-off with ACME; agenda, goals");
	EXPECT_STREQ(icalcomponent_get_description(event), "First line\nSecond, line; with \\ and \"quotes\"");
	EXPECT_STREQ(icalcomponent_get_location(event), "Room 5");
	EXPECT_EQ(icaltime_as_timet(icalcomponent_get_dtstart(event)), 1769608800);
	EXPECT_EQ(icaltime_as_timet(icalcomponent_get_dtend(event)), 1769608800 + 45 * 60);
	EXPECT_EQ(icalcomponent_get_sequence(event), 0);
	EXPECT_EQ(icalcomponent_get_status(event), ICAL_STATUS_CONFIRMED);
	EXPECT_NE(text.find("DTSTART:20260128T140000Z"), text.npos) << text;
}

TEST(Calendar, InvitesEverybody) {
	const Calendar calendar(calendar_text(kickoff()));
	std::vector<std::string> attendees;
	for (icalproperty *property = icalcomponent_get_first_property(calendar.event(), ICAL_ATTENDEE_PROPERTY);
	     property != nullptr;
	     property = icalcomponent_get_next_property(calendar.event(), ICAL_ATTENDEE_PROPERTY)) {
		attendees.emplace_back(icalproperty_get_attendee(property));
		icalparameter *rsvp = icalproperty_get_first_parameter(property, ICAL_RSVP_PARAMETER);
		ASSERT_NE(rsvp, nullptr);
		EXPECT_EQ(icalparameter_get_rsvp(rsvp), ICAL_RSVP_TRUE);
	}
	EXPECT_EQ(attendees, (std::vector<std::string>{"mailto:ben@acme.example", "mailto:eva@acme.example"}));
	icalproperty *organizer = icalcomponent_get_first_property(calendar.event(), ICAL_ORGANIZER_PROPERTY);
	ASSERT_NE(organizer, nullptr);
	EXPECT_STREQ(icalproperty_get_organizer(organizer), "mailto:ana@example.com");
	EXPECT_STREQ(icalproperty_get_parameter_as_string(organizer, "CN"), "Ana 'A' Lima");
}

TEST(Calendar, CancelsWhatItAnnounced) {
	CalendarEvent event = kickoff();
	event.cancelled = true;
	event.sequence = 1;
	const Calendar calendar(calendar_text(event));
	EXPECT_EQ(calendar.method(), ICAL_METHOD_CANCEL);
	EXPECT_STREQ(icalcomponent_get_uid(calendar.event()), "42:3:0@example");
	EXPECT_EQ(icalcomponent_get_status(calendar.event()), ICAL_STATUS_CANCELLED);
	EXPECT_EQ(icalcomponent_get_sequence(calendar.event()), 1);
}

// A customer's data cannot end the entry, begin another, or add an attendee.
TEST(Calendar, ValuesStayValues) {
	const std::string hostile =
	    "x\r\nATTENDEE:mailto:eve@evil.example\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:y";
	CalendarEvent event = kickoff();
	event.title = event.description = event.location = hostile;
	event.organizer->name = hostile;
	event.attendees[0].name = hostile + "\";ROLE=CHAIR:mailto:eve@evil.example";
	const std::string text = calendar_text(event);
	const Calendar calendar(text);
	ASSERT_NE(calendar.event(), nullptr);
	EXPECT_EQ(icalcomponent_count_properties(calendar.event(), ICAL_ATTENDEE_PROPERTY), 2) << text;
	EXPECT_EQ(text.find("\r\nATTENDEE:mailto:eve"), text.npos) << text;
	EXPECT_EQ(text.find("\nBEGIN:VEVENT"), text.rfind("\nBEGIN:VEVENT")) << text;
}

TEST(Calendar, FoldsLongLines) {
	CalendarEvent event = kickoff();
	event.description = std::string(500, 'x');
	const std::string text = calendar_text(event);
	std::size_t begin = 0;
	while (begin < text.size()) {
		const std::size_t end = std::min(text.find("\r\n", begin), text.size());
		EXPECT_LE(end - begin, 75u);
		begin = end + 2;
	}
	EXPECT_EQ(icalcomponent_get_description(Calendar(text).event()), event.description);
}
