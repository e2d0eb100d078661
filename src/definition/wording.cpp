#include "definition/wording.hpp"

#include <algorithm>
#include <array>

#include "value/excerpt.hpp"

namespace playbook::definition {
namespace {

constexpr std::size_t longest_quote = 60;
constexpr std::size_t longest_list = 24;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::size_t longest_word = 64; // beyond, nothing is a slip of the hand
constexpr std::size_t most_edits = 3;

// Edits that turn one word into the other; a swap of neighbours counts once. Beyond `allowed` it stops
// counting. Only cells that so many edits can reach are looked at, since a thousand words may be compared
// with a thousand.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t allowed) {
	using Row = std::array<std::size_t, longest_word + most_edits + 1>;
	Row before_last, last, row;
	before_last.fill(allowed + 1);
	row.fill(allowed + 1);
	for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
	std::size_t least_before = 0;
	for (std::size_t i = 1; i <= a.size(); ++i) {
		const std::size_t first = i > allowed ? i - allowed : 1;
		const std::size_t end = std::min(b.size(), i + allowed);
		row[first - 1] = first == 1 ? i : allowed + 1;
		std::size_t least = row[first - 1];
		for (std::size_t j = first; j <= end; ++j) {
			const bool same = lower(a[i - 1]) == lower(b[j - 1]);
			row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = std::min(row[j], before_last[j - 2] + 1);
			least = std::min(least, row[j]);
		}
		if (end < b.size()) row[end + 1] = allowed + 1;
		// A swap reaches over one row.
		if (least > allowed && least_before > allowed) return allowed + 1;
		least_before = least;
		before_last = last;
		last = row;
	}
	return last[b.size()];
}

} // namespace

std::string quoted(std::string_view text) {
	std::string out = "\"";
	out += excerpt(text, longest_quote);
	if (text.size() > longest_quote) out += "…";
	std::replace(out.begin(), out.end(), '\n', ' ');
	return out + '"';
}

std::string one_of(const std::vector<std::string> &words) {
	std::string out;
	for (std::size_t i = 0; i < words.size(); ++i) {
		if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
		out += words[i];
	}
	return out;
}

std::string nearest_word(std::string_view word, const std::vector<std::string> &words) {
	if (word.empty() || word.size() > longest_word) return {};
	const std::size_t allowed = word.size() <= 3 ? 1 : word.size() <= 7 ? 2 : most_edits;
	std::size_t best = allowed + 1;
	std::string found;
	for (const std::string &candidate : words) {
		if (candidate.size() > word.size() + allowed || candidate.size() + allowed < word.size()) continue;
		const std::size_t distance = edit_distance(word, candidate, allowed);
		if (distance < best && distance < candidate.size()) {
			best = distance;
			found = candidate;
		}
	}
	return found;
}

std::string words_hint(std::string_view word, const std::vector<std::string> &words) {
	const std::string near = nearest_word(word, words);
	return (near.empty() ? "" : "Did you mean " + quoted(near) + "? ") + "It can be " + one_of(words) + ".";
}

std::string suggestion(std::string_view word, const std::vector<std::string> &words, std::string_view valid) {
	if (const std::string near = nearest_word(word, words); !near.empty())
		return "Did you mean " + quoted(near) + "?";
	if (words.empty() || words.size() > longest_list) return {};
	std::string out = std::string(valid) + ' ';
	for (std::size_t i = 0; i < words.size(); ++i) out += (i > 0 ? ", " : "") + words[i];
	return out + '.';
}

} // namespace playbook::definition
