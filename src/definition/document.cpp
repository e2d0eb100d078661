#include "definition/document.hpp"

#include <algorithm>

#include "definition/node.hpp"
#include "definition/path.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

constexpr std::size_t longest_run = 1000;

bool is_line_end(char c) { return c == '\n' || c == '\r'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || is_line_end(c); }

Position position_at(std::string_view text, std::size_t offset) {
	Position at{1, 1};
	for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
		if (text[i] == '\n') {
			++at.line;
			at.column = 1;
		} else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
			++at.column;
		}
	}
	return at;
}

// libfyaml's time grows with the square of a run of blank lines, of a directive's and of a verbatim tag's
// length; nobody needs a thousand, and a megabyte of them would hold a session for minutes.
std::optional<Position> find_slow_passage(std::string_view text) {
	std::size_t blank_lines = 0, line_start = 0;
	for (std::size_t i = 0; i < text.size(); ++i) {
		if (is_line_end(text[i])) {
			if (++blank_lines > longest_run) return position_at(text, i);
			line_start = i + 1;
			continue;
		}
		if (!is_blank(text[i])) blank_lines = 0;
		if (text[i] == '%' && i == line_start) {
			const std::size_t end = text.find_first_of("\r\n", i);
			if (std::min(end, text.size()) - i > longest_run) return position_at(text, i);
		} else if (text[i] == '!' && i + 1 < text.size() && text[i + 1] == '<') {
			const std::size_t end = text.find_first_of(" \t\r\n", i);
			if (std::min(end, text.size()) - i > longest_run) return position_at(text, i);
		}
	}
	return std::nullopt;
}

// Makes the Value of a tree. Depth is bounded by the caller's check of Node::height, so recursion is safe.
class Builder {
public:
	Builder(const Tree &tree, Document &document) : tree_(tree), document_(document) {}

	Value build(int index, const std::string &path) {
		const Node &node = tree_.nodes[static_cast<std::size_t>(index)];
		switch (node.kind) {
		case Node::Kind::Scalar: return node.scalar;
		case Node::Kind::Sequence: {
			Value::Array items;
			items.reserve(node.entries.size());
			for (const Node::Entry &entry : node.entries) {
				const std::string place = child_path(path, items.size());
				remember(place, entry, position_of(entry.node));
				items.push_back(build(entry.node, place));
			}
			return Value(std::move(items));
		}
		default: break;
		}
		// Keys written here win over merged ones, so they go first; merged keys keep the order of their
		// mappings.
		Value::Object members;
		std::unordered_map<std::string, bool> present;
		for (const Node::Entry &entry : node.entries)
			if (!entry.merge) {
				present.emplace(entry.key, true);
				add_member(members, entry, path);
			}
		for (const Node::Entry &entry : node.entries)
			if (entry.merge) merge(members, present, entry, path);
		return Value(std::move(members));
	}

private:
	Position position_of(int index) const { return tree_.nodes[static_cast<std::size_t>(index)].position; }

	void remember(const std::string &path, const Node::Entry &entry, Position key) {
		const Node &node = tree_.nodes[static_cast<std::size_t>(entry.node)];
		document_.places.emplace(path, Place{key, node.position, node.block, node.content});
	}

	void add_member(Value::Object &members, const Node::Entry &entry, const std::string &path) {
		const std::string place = child_path(path, entry.key);
		remember(place, entry, entry.key_position);
		Value value = build(entry.node, place);
		members.push_back(Member{entry.key, std::move(value)});
	}

	void merge(Value::Object &members, std::unordered_map<std::string, bool> &present,
	           const Node::Entry &entry, const std::string &path) {
		const Node &source = tree_.nodes[static_cast<std::size_t>(entry.node)];
		if (source.kind == Node::Kind::Sequence) {
			for (const Node::Entry &item : source.entries)
				merge_mapping(members, present, item.node, entry, path);
		} else {
			merge_mapping(members, present, entry.node, entry, path);
		}
	}

	void merge_mapping(Value::Object &members, std::unordered_map<std::string, bool> &present, int index,
	                   const Node::Entry &entry, const std::string &path) {
		const Node &source = tree_.nodes[static_cast<std::size_t>(index)];
		if (source.kind != Node::Kind::Mapping) {
			const Position at = entry.key_position;
			document_.problems.push_back({Problem::Severity::Error, "PB012", path, at.line, at.column,
			                              "\"<<\" can merge only mappings",
			                              "Name an anchored mapping, as in <<: *defaults."});
			return;
		}
		for (const Node::Entry &member : source.entries) {
			if (member.merge)
				merge(members, present, member, path);
			else if (present.emplace(member.key, true).second)
				add_member(members, member, path);
		}
	}

	const Tree &tree_;
	Document &document_;
};

bool text_is_acceptable(std::string_view text, std::string_view whole, const ParseLimits &limits,
                        Document &document) {
	const auto report = [&](const char *code, Position at, std::string message, std::string hint = {}) {
		document.problems.push_back(
		    {Problem::Severity::Error, code, "", at.line, at.column, std::move(message), std::move(hint)});
		return false;
	};
	if (whole.size() > limits.bytes)
		return report("PB002", {1, 1},
		              "the definition is larger than " + std::to_string(limits.bytes) + " bytes");
	if (const std::optional<std::size_t> wrong = first_invalid_utf8(text))
		return report("PB003", position_at(text, *wrong), "the text is not UTF-8", "Save the file in UTF-8.");
	for (std::size_t i = 0; i < text.size(); ++i) {
		const unsigned char c = static_cast<unsigned char>(text[i]);
		if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F)
			return report("PB003", position_at(text, i),
			              "the text holds a control character (code " + std::to_string(c) + ")");
	}
	if (const std::optional<Position> slow = find_slow_passage(text))
		return report("PB002", *slow,
		              "the definition has a run of more than " + std::to_string(longest_run) +
		                  " blank lines, or a tag or directive of that length");
	if (text.find_first_not_of(" \t\r\n") == text.npos)
		return report("PB001", {1, 1}, "the definition is empty");
	return true;
}

bool looks_like_json(std::string_view text) {
	const std::size_t brace = text.find_first_not_of(" \t\r\n");
	if (brace == text.npos || text[brace] != '{') return false;
	const std::size_t next = text.find_first_not_of(" \t\r\n", brace + 1);
	return next != text.npos && (text[next] == '"' || text[next] == '}');
}

} // namespace

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
	for (std::size_t i = 0; i < text.size();) {
		const auto byte = [&](std::size_t at) {
			return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
		};
		const unsigned lead = byte(i);
		std::size_t length = 1;
		unsigned code = lead;
		if (lead >= 0x80) {
			if (lead < 0xC2 || lead > 0xF4) return i;
			length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
			code = lead & (0xFFU >> (length + 1));
			for (std::size_t k = 1; k < length; ++k) {
				if ((byte(i + k) & 0xC0U) != 0x80U) return i;
				code = (code << 6) | (byte(i + k) & 0x3FU);
			}
			constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
			if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return i;
		}
		i += length;
	}
	return std::nullopt;
}

const Place *Document::nearest(std::string_view path) const {
	for (;;) {
		if (const auto found = places.find(std::string(path)); found != places.end()) return &found->second;
		if (path.empty()) return nullptr;
		path = parent_path(path);
	}
}

Position Document::value_position(std::string_view path) const {
	const Place *place = nearest(path);
	return place != nullptr ? place->value : Position{};
}

Position Document::key_position(std::string_view path) const {
	const auto found = places.find(std::string(path));
	return found != places.end() ? found->second.key : value_position(path);
}

Position Document::position_within(std::string_view path, std::string_view text, std::size_t offset) const {
	const Place *place = nearest(path);
	if (place == nullptr) return {};
	const Position inside = position_at(text, offset);
	if (place->block) {
		// The content's own leading blank lines were skipped when its first line was found.
		const std::size_t first = text.find_first_not_of('\n');
		const int skipped = first == text.npos ? 0 : static_cast<int>(first);
		return {place->content.line + inside.line - 1 - skipped, place->content.column + inside.column - 1};
	}
	if (inside.line > 1) return place->value; // folded or escaped line breaks: the start is the honest answer
	return {place->value.line, place->value.column + inside.column - 1};
}

Document read_document(std::string_view whole, const ParseLimits &limits) {
	Document document;
	std::string_view text = whole;
	if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
	if (!text_is_acceptable(text, whole, limits, document)) return document;
	const Tree tree = looks_like_json(text) ? read_json(text, limits) : read_yaml(text, limits);
	document.problems.insert(document.problems.end(), tree.problems.begin(), tree.problems.end());
	if (tree.root < 0) return document;
	const auto refuse = [&](const char *code, Position at, std::string message, std::string hint) {
		document.problems.push_back(
		    {Problem::Severity::Error, code, "", at.line, at.column, std::move(message), std::move(hint)});
		return document;
	};
	int root = tree.root;
	const Node *node = &tree.nodes[static_cast<std::size_t>(root)];
	if (node->nodes > limits.nodes || node->bytes > 4 * std::uint64_t{limits.bytes})
		return refuse("PB006", node->position, "the definition is too large once its aliases are followed",
		              "At most " + std::to_string(limits.nodes) + " values are allowed.");
	if (node->height > limits.depth + 1)
		return refuse("PB005", node->position,
		              "the definition is nested deeper than " + std::to_string(limits.depth) + " levels",
		              "Aliases count with what they stand for.");
	const auto wrapper =
	    std::find_if(node->entries.begin(), node->entries.end(),
	                 [](const Node::Entry &entry) { return entry.key == "playbook" && !entry.merge; });
	if (wrapper != node->entries.end()) {
		const Node &inner = tree.nodes[static_cast<std::size_t>(wrapper->node)];
		if (inner.kind == Node::Kind::Scalar && inner.scalar.is_null())
			return refuse("PB022", wrapper->key_position, "\"playbook\" is empty",
			              "Indent the definition below playbook:, or remove that line.");
		if (inner.kind == Node::Kind::Mapping) {
			for (const Node::Entry &other : node->entries)
				if (&other != &*wrapper)
					document.problems.push_back({Problem::Severity::Error, "PB020", other.key,
					                             other.key_position.line, other.key_position.column,
					                             "unknown key " + quoted(other.key) + " beside \"playbook\"",
					                             "Everything belongs below playbook:, indented."});
			root = wrapper->node;
			node = &inner;
		}
	}
	if (node->kind != Node::Kind::Mapping)
		return refuse("PB010", node->position, "the definition must be a mapping of keys to values",
		              "Begin with id:, name: and steps:.");
	document.places.emplace("", Place{node->position, node->position, false, {}});
	document.value = Builder(tree, document).build(root, "");
	document.readable = true;
	return document;
}

} // namespace playbook::definition
