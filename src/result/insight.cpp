#include "result/insight.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace playbook::result {
namespace {

bool is_money(const std::string &metric) {
	static constexpr std::array words = {"arr", "mrr", "amount", "revenue", "pipeline"};
	std::string word;
	for (const char c : metric + "_") {
		if (c != '_') {
			word += c;
			continue;
		}
		for (const char *money : words)
			if (word == money) return true;
		word.clear();
	}
	return false;
}

std::string plain(double number) {
	char text[64];
	const double rounded = std::round(number * 100) / 100;
	std::snprintf(text, sizeof text, rounded == std::floor(rounded) ? "%.0f" : "%.2f", rounded);
	std::string digits = text;
	// Thousands are set off by commas, as in the samples.
	std::size_t end = digits.find('.');
	if (end == std::string::npos) end = digits.size();
	const std::size_t begin = digits[0] == '-' ? 1 : 0;
	for (std::size_t at = end; at > begin + 3;) digits.insert(at -= 3, ",");
	return digits;
}

// "$1.27M", "$156K", "$980"
std::string money(double number) {
	const double size = std::fabs(number);
	const char *unit = size >= 1e9 ? "B" : size >= 1e6 ? "M" : size >= 1e3 ? "K" : "";
	const double scaled = size >= 1e9   ? number / 1e9
	                      : size >= 1e6 ? number / 1e6
	                      : size >= 1e3 ? number / 1e3
	                                    : number;
	char text[64];
	std::snprintf(text, sizeof text, "%.2f", scaled);
	std::string digits = text;
	while (digits.back() == '0') digits.pop_back();
	if (digits.back() == '.') digits.pop_back();
	return "$" + digits + unit;
}

} // namespace

std::vector<std::string> insights_of(const std::vector<AggregateRow> &figures) {
	std::vector<std::string> sentences;
	for (const AggregateRow &figure : figures) {
		const std::optional<double> number = figure.value.as_double();
		if (!number) continue;
		std::string words = figure.metric;
		for (char &c : words)
			if (c == '_') c = ' ';
		if (!words.empty() && words[0] >= 'a' && words[0] <= 'z')
			words[0] = static_cast<char>(words[0] - 'a' + 'A');
		sentences.push_back(words + ": " + (is_money(figure.metric) ? money(*number) : plain(*number)));
	}
	return sentences;
}

} // namespace playbook::result
