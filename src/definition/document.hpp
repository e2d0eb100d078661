// A definition's text as a Value, and the place of every value in the user's own text.
//
// The first stage of parser.hpp: bytes become values here, nothing is known yet about playbooks except that
// the outer `playbook:` key is optional. JSON is read when the text begins with {", YAML otherwise. The text
// comes from strangers: size, depth, number of values and what aliases expand to are bounded before anything
// is built.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "definition/parser.hpp"
#include "definition/problem.hpp"
#include "value/value.hpp"

namespace playbook::definition {

// Where a value stands.
struct Place {
	Position key; // of the key that names it; of the value itself for an element of a list
	Position value;
	bool block = false; // a literal block, whose text begins at `content`
	Position content;
};

class Document {
public:
	Value value;           // without the outer `playbook:`; null when the text could not be read
	bool readable = false; // a mapping was read, though perhaps with problems
	Problems problems;

	// Of a path, or of the nearest place above it that is known; {0, 0} when there is no text.
	Position value_position(std::string_view path) const;
	Position key_position(std::string_view path) const;
	// Of a byte within the text that stands at `path`, as near as quoting and folding allow.
	Position position_within(std::string_view path, std::string_view text, std::size_t offset) const;

	std::unordered_map<std::string, Place> places;

private:
	const Place *nearest(std::string_view path) const;
};

Document read_document(std::string_view text, const ParseLimits &limits = {});

} // namespace playbook::definition
