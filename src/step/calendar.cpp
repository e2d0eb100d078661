#include "step/calendar.hpp"

#include <memory>
#include <new>
#include <stdexcept>

#include <libical/ical.h>

namespace playbook::step {
namespace {

struct ComponentDeleter {
	void operator()(icalcomponent *component) const { icalcomponent_free(component); }
};
struct PropertyDeleter {
	void operator()(icalproperty *property) const { icalproperty_free(property); }
};
struct BufferDeleter {
	void operator()(char *text) const { icalmemory_free_buffer(text); }
};
using Component = std::unique_ptr<icalcomponent, ComponentDeleter>;
using Property = std::unique_ptr<icalproperty, PropertyDeleter>;

// What libical makes is null when memory is short.
template <typename T> T *made(T *object) {
	if (object == nullptr) throw std::bad_alloc();
	return object;
}

void add(icalcomponent *component, icalproperty *property) {
	icalcomponent_add_property(component, made(property));
}
void add(icalproperty *property, icalparameter *parameter) {
	icalproperty_add_parameter(property, made(parameter));
}

// A value of type TEXT: libical escapes line feeds, commas and semicolons; other control characters have no
// place.
std::string text_value(const std::string &text) {
	std::string clean;
	for (const char c : text)
		if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) clean += c;
	return clean;
}

// A parameter's value, which cannot hold a double quote.
std::string parameter_value(const std::string &text) {
	std::string clean = single_line(text);
	for (char &c : clean)
		if (c == '"') c = '\'';
	return clean;
}

icaltimetype utc(std::int64_t microseconds) {
	return icaltime_from_timet_with_zone(static_cast<time_t>(microseconds / 1000000), 0,
	                                     icaltimezone_get_utc_timezone());
}

void add_attendee(icalcomponent *event, const MailAddress &person) {
	Property attendee(made(icalproperty_new_attendee(("mailto:" + person.address).c_str())));
	if (!person.name.empty()) add(attendee.get(), icalparameter_new_cn(parameter_value(person.name).c_str()));
	add(attendee.get(), icalparameter_new_role(ICAL_ROLE_REQPARTICIPANT));
	add(attendee.get(), icalparameter_new_partstat(ICAL_PARTSTAT_NEEDSACTION));
	add(attendee.get(), icalparameter_new_rsvp(ICAL_RSVP_TRUE));
	icalcomponent_add_property(event, attendee.release());
}

} // namespace

std::string calendar_text(const CalendarEvent &event) {
	// By default libical may abort the process on a value it does not like.
	icalerror_set_errors_are_fatal(0);
	icalerror_clear_errno();

	Component calendar(made(icalcomponent_new_vcalendar()));
	add(calendar.get(), icalproperty_new_version("2.0"));
	add(calendar.get(), icalproperty_new_prodid("-//playbook//playbook//EN"));
	add(calendar.get(), icalproperty_new_method(event.cancelled ? ICAL_METHOD_CANCEL : ICAL_METHOD_REQUEST));

	icalcomponent *entry = made(icalcomponent_new_vevent());
	icalcomponent_add_component(calendar.get(), entry); // which owns it from here on
	add(entry, icalproperty_new_uid(event.uid.c_str()));
	add(entry, icalproperty_new_dtstamp(utc(event.stamp)));
	add(entry, icalproperty_new_dtstart(utc(event.start)));
	add(entry, icalproperty_new_dtend(utc(event.end)));
	add(entry, icalproperty_new_sequence(event.sequence));
	add(entry, icalproperty_new_status(event.cancelled ? ICAL_STATUS_CANCELLED : ICAL_STATUS_CONFIRMED));
	add(entry, icalproperty_new_summary(single_line(event.title).c_str()));
	if (!event.description.empty())
		add(entry, icalproperty_new_description(text_value(event.description).c_str()));
	if (!event.location.empty()) add(entry, icalproperty_new_location(single_line(event.location).c_str()));
	if (event.organizer) {
		Property organizer(made(icalproperty_new_organizer(("mailto:" + event.organizer->address).c_str())));
		if (!event.organizer->name.empty())
			add(organizer.get(), icalparameter_new_cn(parameter_value(event.organizer->name).c_str()));
		icalcomponent_add_property(entry, organizer.release());
	}
	for (const MailAddress &person : event.attendees) add_attendee(entry, person);

	const std::unique_ptr<char, BufferDeleter> text(made(icalcomponent_as_ical_string_r(calendar.get())));
	if (icalerrno != ICAL_NO_ERROR)
		throw std::runtime_error(std::string("the calendar entry could not be written: ") +
		                         icalerror_strerror(icalerrno));
	return text.get();
}

} // namespace playbook::step
