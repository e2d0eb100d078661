// The forms that texts of a definition take: durations, cron expressions, times of day, dotted names, join
// conditions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/report.hpp"
#include "definition/schema.hpp"

namespace playbook::definition {

// What is wrong with a cron expression of five fields; nullopt: nothing.
std::optional<std::string> cron_problem(std::string_view text);
// "09:00", "9:05", "17:30:15".
bool is_time_of_day(std::string_view text);
// "2026-01-28", a day that exists.
bool is_date(std::string_view text);
// A date, optionally with a time and a zone: "2026-01-28T14:30:00Z", "2026-01-28 14:30+02".
bool is_timestamp(std::string_view text);
// "customer.renewal_date": words joined by dots.
bool is_dotted_name(std::string_view text);
// "company_id = account_id", "a = b AND c = d", or the name of a column of both sides.
bool is_join_condition(std::string_view text);

// Checks each annotated value whose format names one of these forms.
void check_formats(const std::vector<Annotation> &annotations, Report &report);

} // namespace playbook::definition
