// How problems speak: quoted values that stay short, lists of valid words, and "did you mean" for a near
// miss.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace playbook::definition {

// The text in double quotes, cut at a character's end when it is long.
std::string quoted(std::string_view text);
// "a", "a or b", "a, b or c".
std::string one_of(const std::vector<std::string> &words);
// The nearest of the words, or "" when none is near enough to be a slip of the hand.
std::string nearest_word(std::string_view word, const std::vector<std::string> &words);
// A hint that has all the words: Did you mean "done"? It can be done or declined.
std::string words_hint(std::string_view word, const std::vector<std::string> &words);
// A hint: did you mean "assignee"? Else the valid words when they are few, else "".
std::string suggestion(std::string_view word, const std::vector<std::string> &words,
                       std::string_view valid = "Valid are");

} // namespace playbook::definition
