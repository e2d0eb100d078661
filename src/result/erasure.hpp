// What speaks of somebody, and what is left without it: for playbook_forget_customer.
//
// A word is a customer's id or e-mail address. Text speaks of it where it stands by itself: "acme-2" is
// somebody else than "acme". A word of digits only is no word in a text, but where it is all of it, and in
// the columns and members that are named like ids: else the forgetting of customer 7 would take every 7 with
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.hpp"

namespace playbook::result {

using Words = std::vector<std::string>;

bool mentions(std::string_view text, const Words &words);

// The document with null in place of texts that speak of a word, and without members that are named by one.
Value without(const Value &document, const Words &words);

// The chunk of a row set without the rows that speak of a word. Throws BrokenChunk.
struct Remaining {
	std::string chunk;
	std::int32_t rows = 0;
};
Remaining rows_without(std::string_view chunk, const Words &words);

} // namespace playbook::result
