// A meeting as iCalendar text (RFC 5545, RFC 5546): an invitation, or the word that it does not take place.
//
// Times are written in UTC, which every calendar shows in its reader's zone. Built with libical; nothing of
// libical outlives the call. Core: no server header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "step/mail_address.hpp"

namespace playbook::step {

struct CalendarEvent {
	std::string uid; // the same at every attempt and for its cancellation
	std::string title, description, location;
	std::optional<MailAddress> organizer;
	std::vector<MailAddress> attendees;
	std::int64_t start = 0, end = 0, stamp = 0; // microseconds since the Unix epoch
	int sequence = 0;                           // higher than that of what it replaces
	bool cancelled = false;                     // METHOD:CANCEL instead of METHOD:REQUEST
};

// Throws std::bad_alloc, and std::runtime_error when libical refuses a value.
std::string calendar_text(const CalendarEvent &event);

} // namespace playbook::step
