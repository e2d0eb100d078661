#include "definition/formats.hpp"

#include <algorithm>
#include <array>

#include "definition/duration.hpp"
#include "definition/path.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

constexpr const char *duration_hint = "Write it as in \"3 days\", \"1 day 12:00\", \"90s\" or \"PT15M\".";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_character(char c) {
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::vector<std::string_view> split(std::string_view text, char separator) {
	std::vector<std::string_view> parts;
	for (std::size_t at = text.find(separator); at != text.npos; at = text.find(separator)) {
		parts.push_back(text.substr(0, at));
		text.remove_prefix(at + 1);
	}
	parts.push_back(text);
	return parts;
}

std::string_view trim(std::string_view text) {
	const std::size_t first = text.find_first_not_of(" \t\r\n");
	if (first == text.npos) return {};
	return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<int> small_number(std::string_view text) {
	if (text.empty() || text.size() > 4 || !std::all_of(text.begin(), text.end(), is_digit))
		return std::nullopt;
	int number = 0;
	for (const char c : text) number = number * 10 + (c - '0');
	return number;
}

struct CronField {
	const char *name;
	int least, most;
	std::string_view words; // three letters each, the first standing for `first_word`
	int first_word;
};

constexpr std::array<CronField, 5> cron_fields{{{"minute", 0, 59, "", 0},
                                                {"hour", 0, 23, "", 0},
                                                {"day of the month", 1, 31, "", 0},
                                                {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1},
                                                {"day of the week", 0, 7, "sunmontuewedthufrisat", 0}}};

std::optional<int> cron_value(const CronField &field, std::string_view text) {
	std::optional<int> value = small_number(text);
	if (!value && text.size() == 3) {
		const std::string word{lower(text[0]), lower(text[1]), lower(text[2])};
		for (std::size_t at = 0; at < field.words.size(); at += 3)
			if (field.words.substr(at, 3) == word) value = field.first_word + static_cast<int>(at / 3);
	}
	if (value && (*value < field.least || *value > field.most)) return std::nullopt;
	return value;
}

// One item of a field's list: *, 5, 1-5, */15, 1-30/2.
bool is_cron_item(const CronField &field, std::string_view item) {
	const std::vector<std::string_view> steps = split(item, '/');
	if (steps.size() > 2) return false;
	if (steps.size() == 2) {
		const std::optional<int> step = small_number(steps[1]);
		if (!step || *step < 1 || *step > field.most) return false;
	}
	if (steps[0] == "*") return true;
	const std::vector<std::string_view> range = split(steps[0], '-');
	const std::optional<int> first = cron_value(field, range[0]);
	if (!first || range.size() > 2) return false;
	if (range.size() == 1) return true;
	const std::optional<int> last = cron_value(field, range[1]);
	return last && *first <= *last;
}

bool is_templated(std::string_view text) {
	return text.find("{{") != text.npos || text.find("${") != text.npos;
}

void check_duration(const Annotation &annotation, bool may_be_negative, Report &report) {
	const std::string text = annotation.value->as_text();
	const std::optional<Duration> duration = parse_duration(text);
	if (!duration)
		report.error("PB026", annotation.path, quoted(text) + " is no length of time", duration_hint);
	else if (!may_be_negative && duration->is_negative() && !annotation.value->is_number())
		report.error("PB026", annotation.path, place_name(annotation.path) + " must not be negative",
		             "Leave the sign out.");
}

} // namespace

std::optional<std::string> cron_problem(std::string_view text) {
	std::vector<std::string_view> parts;
	for (const std::string_view part : split(trim(text), ' '))
		if (!trim(part).empty()) parts.push_back(trim(part));
	if (parts.size() != cron_fields.size())
		return "a cron expression has 5 fields, not " + std::to_string(parts.size());
	for (std::size_t i = 0; i < parts.size(); ++i)
		for (const std::string_view item : split(parts[i], ','))
			if (!is_cron_item(cron_fields[i], item))
				return quoted(parts[i]) + " is no " + cron_fields[i].name + " of a cron expression";
	return std::nullopt;
}

bool is_time_of_day(std::string_view text) {
	const std::vector<std::string_view> parts = split(text, ':');
	if (parts.size() < 2 || parts.size() > 3) return false;
	constexpr int most[] = {23, 59, 59};
	for (std::size_t i = 0; i < parts.size(); ++i) {
		const std::optional<int> value = small_number(parts[i]);
		if (!value || *value > most[i] || parts[i].size() > 2 || (i > 0 && parts[i].size() != 2))
			return false;
	}
	return true;
}

bool is_date(std::string_view text) {
	if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
	const auto year = small_number(text.substr(0, 4)), month = small_number(text.substr(5, 2)),
	           day = small_number(text.substr(8, 2));
	if (!year || !month || !day || *year < 1 || *month < 1 || *month > 12 || *day < 1) return false;
	constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
	return *day <= days[*month - 1] + (*month == 2 && leap ? 1 : 0);
}

bool is_timestamp(std::string_view text) {
	if (!is_date(text.substr(0, 10))) return false;
	text.remove_prefix(10);
	if (text.empty()) return true;
	if (text[0] != 'T' && text[0] != 't' && text[0] != ' ') return false;
	text.remove_prefix(1);
	std::size_t end = text.find_first_not_of("0123456789:");
	if (end == text.npos) end = text.size();
	if (!is_time_of_day(text.substr(0, end))) return false;
	text.remove_prefix(end);
	if (!text.empty() && text[0] == '.') {
		end = 1;
		while (end < text.size() && is_digit(text[end])) ++end;
		if (end == 1) return false;
		text.remove_prefix(end);
	}
	text = trim(text);
	if (text.empty() || text == "Z" || text == "z" || text == "UTC") return true;
	if (text[0] != '+' && text[0] != '-') return false;
	text.remove_prefix(1);
	return (text.size() == 2 || text.size() == 4 || text.size() == 5) &&
	       std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == ':'; });
}

bool is_dotted_name(std::string_view text) {
	for (const std::string_view part : split(text, '.'))
		if (part.empty() || is_digit(part[0]) || !std::all_of(part.begin(), part.end(), is_word_character))
			return false;
	return true;
}

bool is_join_condition(std::string_view text) {
	// "a = b and c = d": cut at each AND that stands between spaces.
	for (;;) {
		std::size_t cut = text.npos;
		for (std::size_t i = 0; i + 5 <= text.size() && cut == text.npos; ++i)
			if (text[i] == ' ' && lower(text[i + 1]) == 'a' && lower(text[i + 2]) == 'n' &&
			    lower(text[i + 3]) == 'd' && text[i + 4] == ' ')
				cut = i;
		const std::string_view term = text.substr(0, cut);
		const std::vector<std::string_view> sides = split(term, '=');
		if (sides.size() > 2) return false;
		for (const std::string_view side : sides)
			if (trim(side).empty() || trim(side).find_first_of("<>!(),;{}") != side.npos) return false;
		if (cut == text.npos) return true;
		text.remove_prefix(cut + 5);
	}
}

void check_formats(const std::vector<Annotation> &annotations, Report &report) {
	for (const Annotation &annotation : annotations) {
		const std::string &format = annotation.format;
		const Value &value = *annotation.value;
		if (!value.is_string() && !value.is_number()) continue;
		const std::string text = value.as_text();
		if (format == "duration" || format == "signed-duration")
			check_duration(annotation, format == "signed-duration", report);
		else if (format == "duration-template" && !is_templated(text))
			check_duration(annotation, false, report);
		else if (format == "cron") {
			if (const auto problem = cron_problem(text))
				report.error("PB027", annotation.path, *problem,
				             "For example \"0 9 * * 1\": Mondays at nine.");
		} else if (format == "time" && !is_time_of_day(text)) {
			report.error("PB028", annotation.path, quoted(text) + " is no time of day",
			             "Write it as in \"09:00\".");
		} else if (format == "name" && !is_dotted_name(text)) {
			report.error("PB025", annotation.path, quoted(text) + " is no name",
			             "Write it as in customer.renewal_date.");
		} else if (format == "join-on" && !is_join_condition(text)) {
			report.error("PB025", annotation.path, quoted(text) + " does not say which columns match",
			             "Write it as in \"company_id = account_id\".");
		}
	}
}

} // namespace playbook::definition
