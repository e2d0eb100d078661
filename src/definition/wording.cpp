#include "definition/wording.hpp"

#include "value/excerpt.hpp"

#include <algorithm>

namespace playbook::definition {
namespace {

constexpr std::size_t longest_quote = 60;
constexpr std::size_t longest_list = 24;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Edits that turn one word into the other; a swap of neighbours counts once. Words are short by the caller's
// care.
std::size_t edit_distance(std::string_view a, std::string_view b) {
	std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
	for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
	for (std::size_t i = 1; i <= a.size(); ++i) {
		row[0] = i;
		for (std::size_t j = 1; j <= b.size(); ++j) {
			const bool same = lower(a[i - 1]) == lower(b[j - 1]);
			row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = std::min(row[j], before_last[j - 2] + 1);
		}
		before_last.swap(last);
		last.swap(row);
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
	if (word.empty() || word.size() > 64) return {};
	const std::size_t allowed = word.size() <= 3 ? 1 : word.size() <= 7 ? 2 : 3;
	std::size_t best = allowed + 1;
	std::string found;
	for (const std::string &candidate : words) {
		if (candidate.size() > word.size() + allowed || candidate.size() + allowed < word.size()) continue;
		const std::size_t distance = edit_distance(word, candidate);
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
