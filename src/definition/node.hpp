// The tree that both readers of a definition's text build: values that still know where they were written.
//
// Internal to reading (yaml_reader, json_reader, document). Nodes lie in one vector and refer to each other
// by index, so that no walk needs recursion and an alias is a number rather than a copy.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/parser.hpp"
#include "definition/problem.hpp"
#include "value/value.hpp"

namespace playbook::definition {

struct Node {
	enum class Kind { Scalar, Sequence, Mapping };
	struct Entry {
		std::string key; // of a mapping
		Position key_position;
		int node = -1;
		bool merge = false; // `<<`
	};
	Kind kind = Kind::Scalar;
	Position position;
	Value scalar;
	bool block = false; // a literal block; content begins on a line of its own
	Position content;   // of its first character
	std::vector<Entry> entries;
	// What the node costs once its aliases are followed; all saturate.
	std::uint64_t nodes = 1, bytes = 0, height = 1;
};

struct Tree {
	std::vector<Node> nodes;
	int root = -1; // -1: the text could not be read
	Problems problems;

	void report(std::string code, Position at, std::string message, std::string hint = {}) {
		problems.push_back({Problem::Severity::Error, std::move(code), "", at.line, at.column,
		                    std::move(message), std::move(hint)});
	}
	// Adds what a finished child costs to the container that holds it.
	void charge(Node &container, const Node &child) {
		constexpr std::uint64_t most = std::uint64_t{1} << 50;
		container.nodes = std::min(most, container.nodes + child.nodes);
		container.bytes = std::min(most, container.bytes + child.bytes);
		container.height = std::max(container.height, child.height + 1);
	}
};

// Each fills the tree, or leaves root at -1 with the reason among the problems. Text is valid UTF-8 without
// NUL or BOM.
Tree read_yaml(std::string_view text, const ParseLimits &limits);
Tree read_json(std::string_view text, const ParseLimits &limits);

// A number as JSON writes it: "+1" is 1, ".5" is 0.5, "0x1F" is 31. Null when the text is no number of YAML's
// core schema.
std::optional<Number> read_number(std::string_view text);
// The byte at which a text stops being UTF-8 (surrogates and overlong forms count as wrong); null when it is
// all UTF-8.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);
// False for digits and exponents that PostgreSQL's numeric could not hold, or that take absurdly long to
// print.
bool number_is_reasonable(const Number &number);

} // namespace playbook::definition
