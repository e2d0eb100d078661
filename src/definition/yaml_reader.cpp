// YAML with positions, from libfyaml's event stream.
//
// Events rather than libfyaml's document tree, because a tree is built before anyone can object: here depth,
// number of values and aliases are judged while reading, nothing recurses, and nothing is expanded until its
// cost is known. The schema is YAML 1.2's core schema, so on, off, yes and no are text.
#include <libfyaml.h>

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "definition/node.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

constexpr const char *quote_hint =
    "Quote a value that begins with \"{{\", as in to: \"{{customer.contact_email}}\"; YAML reads an "
    "unquoted brace as a mapping.";

struct Release {
	void operator()(fy_diag *diag) const { fy_diag_destroy(diag); }
	void operator()(fy_parser *parser) const { fy_parser_destroy(parser); }
};

class Reader {
public:
	Reader(std::string_view text, const ParseLimits &limits, Tree &tree)
	    : text_(text), limits_(limits), tree_(tree) {}

	void read() {
		// Without a file or a function to print to, and collecting: libfyaml must never write to the server's
		// stderr.
		fy_diag_cfg diag_cfg{};
		fy_diag_cfg_default(&diag_cfg);
		diag_cfg.fp = nullptr;
		diag_cfg.output_fn = [](fy_diag *, void *, const char *, std::size_t) {};
		diag_cfg.colorize = false;
		const std::unique_ptr<fy_diag, Release> diag(fy_diag_create(&diag_cfg));
		if (!diag) throw std::bad_alloc();
		fy_diag_set_collect_errors(diag.get(), true);
		fy_parse_cfg cfg{};
		cfg.search_path = "";
		cfg.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE);
		cfg.diag = diag.get();
		const std::unique_ptr<fy_parser, Release> parser(fy_parser_create(&cfg));
		if (!parser || fy_parser_set_string(parser.get(), text_.data(), text_.size()) != 0)
			throw std::bad_alloc();
		while (!stopped_) {
			fy_event *event = fy_parser_parse(parser.get());
			if (event == nullptr) break;
			const std::unique_ptr<fy_event, EventRelease> owned(event, EventRelease{parser.get()});
			on_event(*event);
		}
		if (!stopped_ && fy_parser_get_stream_error(parser.get())) report_diagnostics(diag.get());
		if (!stopped_ && documents_ == 0) tree_.report("PB001", {1, 1}, "the definition is empty");
		if (!stopped_ && document_ended_) tree_.root = root_;
	}

private:
	struct EventRelease {
		fy_parser *parser;
		void operator()(fy_event *event) const { fy_parser_event_free(parser, event); }
	};
	struct Open {
		int node;
		std::string anchor;
		bool has_key = false;
		bool ignore_value = false; // of a key that was refused
		std::string key;
		Position key_position;
		bool merge = false;
		std::unordered_set<std::string> seen;
	};

	void stop(const char *code, Position at, std::string message, std::string hint = {}) {
		tree_.report(code, at, std::move(message), std::move(hint));
		stopped_ = true;
	}

	Position position_of(fy_token *token) {
		if (const fy_mark *mark = token != nullptr ? fy_token_start_mark(token) : nullptr) {
			last_ = {mark->line + 1, mark->column + 1};
			last_offset_ = mark->input_pos;
		}
		return last_;
	}
	static std::string text_of(fy_token *token) {
		std::size_t length = 0;
		const char *text = token != nullptr ? fy_token_get_text(token, &length) : nullptr;
		return text != nullptr ? std::string(text, length) : std::string();
	}

	void on_event(fy_event &event) {
		switch (event.type) {
		case FYET_DOCUMENT_START:
			if (documents_++ > 0)
				stop("PB008", position_of(event.document_start.document_start),
				     "the text holds several documents",
				     "Create one playbook at a time; remove the second \"---\".");
			return;
		case FYET_DOCUMENT_END: document_ended_ = true; return;
		case FYET_ALIAS: return on_alias(event.alias.anchor);
		case FYET_SCALAR: return on_scalar(event.scalar);
		case FYET_SEQUENCE_START:
			return on_open(Node::Kind::Sequence, event.sequence_start.sequence_start,
			               event.sequence_start.anchor, event.sequence_start.tag);
		case FYET_MAPPING_START:
			return on_open(Node::Kind::Mapping, event.mapping_start.mapping_start, event.mapping_start.anchor,
			               event.mapping_start.tag);
		case FYET_SEQUENCE_END:
		case FYET_MAPPING_END: return on_close();
		default: return;
		}
	}

	bool expects_key() const {
		return !open_.empty() && tree_.nodes[index(open_.back().node)].kind == Node::Kind::Mapping &&
		       !open_.back().has_key;
	}
	static std::size_t index(int node) { return static_cast<std::size_t>(node); }

	int add_node(Node node) {
		if (tree_.nodes.size() >= limits_.nodes) {
			stop("PB006", node.position,
			     "the definition has more than " + std::to_string(limits_.nodes) + " values");
			return -1;
		}
		tree_.nodes.push_back(std::move(node));
		return static_cast<int>(tree_.nodes.size()) - 1;
	}

	void on_open(Node::Kind kind, fy_token *start, fy_token *anchor, fy_token *tag) {
		Node node;
		node.kind = kind;
		node.position = position_of(start);
		const bool flow = last_offset_ < text_.size() && text_[last_offset_] == '{';
		if (skipped_ > 0) { // inside a mapping that stands where a key should
			++skipped_;
			return;
		}
		if (expects_key()) {
			refuse_complex_key(node.position, flow && kind == Node::Kind::Mapping);
			skipped_ = 1;
			return;
		}
		check_tag(tag, kind == Node::Kind::Mapping ? "map" : "seq", node.position);
		if (open_.size() >= limits_.depth)
			return stop("PB005", node.position,
			            "the definition is nested deeper than " + std::to_string(limits_.depth) + " levels");
		const int added = add_node(std::move(node));
		if (added < 0) return;
		Open open;
		open.node = added;
		open.anchor = text_of(anchor);
		if (!open.anchor.empty())
			anchors_[open.anchor] = -1; // under construction: an alias to it would be endless
		open_.push_back(std::move(open));
	}

	// `{{name}}` without quotes is, to YAML, a mapping whose key is a mapping.
	void refuse_complex_key(Position at, bool flow) {
		const bool template_like = flow && last_offset_ > 0 && text_[last_offset_ - 1] == '{';
		if (template_like) {
			at.column -= 1;
			tree_.report("PB011", at, "a value that begins with \"{{\" must be quoted", quote_hint);
			replace_by_text_ = open_.back().node;
		} else {
			tree_.report("PB009", at, "a key must be a plain text", flow ? quote_hint : "");
		}
		accept_key("", at, true);
	}

	void on_close() {
		if (skipped_ > 0) {
			--skipped_;
			return;
		}
		Open done = std::move(open_.back());
		open_.pop_back();
		Node &node = tree_.nodes[index(done.node)];
		if (replace_by_text_ ==
		    done.node) { // reported already; a text in its place avoids a second complaint
			node.kind = Node::Kind::Scalar;
			node.scalar = Value("");
			node.entries.clear();
			replace_by_text_ = -1;
		}
		if (!done.anchor.empty()) anchors_[done.anchor] = done.node;
		attach(done.node);
	}

	void on_alias(fy_token *anchor) {
		const Position at = position_of(anchor);
		const std::string name = text_of(anchor);
		if (skipped_ > 0) return;
		if (expects_key()) {
			tree_.report("PB009", at, "a key must be a plain text, not an alias");
			return accept_key("", at, true);
		}
		const auto found = anchors_.find(name);
		if (found == anchors_.end() || found->second < 0) {
			tree_.report("PB012", at,
			             "alias " + quoted("*" + name) +
			                 (found == anchors_.end() ? " has no anchor" : " contains itself"),
			             "An anchor, written &name, must stand before its alias, *name.");
			Node empty;
			empty.position = at;
			if (const int added = add_node(std::move(empty)); added >= 0) attach(added);
			return;
		}
		attach(found->second);
	}

	void on_scalar(const fy_event_scalar_data &scalar) {
		Position at = position_of(scalar.value);
		if (skipped_ > 0) return;
		const fy_scalar_style style = fy_token_scalar_style(scalar.value);
		std::string text = text_of(scalar.value);
		if (text.find('\0') != std::string::npos) return stop("PB003", at, "\\0 cannot be stored as text");
		if (first_invalid_utf8(text)) return stop("PB003", at, "an escape stands for no Unicode character");
		if (expects_key()) return accept_key(std::move(text), at, false, style == FYSS_PLAIN);
		Node node;
		node.position = at;
		node.bytes = text.size();
		if (style == FYSS_LITERAL) locate_block(node);
		const std::string tag = check_tag(scalar.tag, nullptr, at);
		node.scalar = style == FYSS_PLAIN || !tag.empty()
		                  ? resolve(std::move(text), tag, at, style == FYSS_PLAIN)
		                  : Value(std::move(text));
		const int added = add_node(std::move(node));
		if (added < 0) return;
		if (const std::string name = text_of(scalar.anchor); !name.empty()) anchors_[name] = added;
		attach(added);
	}

	// Finds where the text of a literal block begins: the first line below its header that is not blank.
	void locate_block(Node &node) {
		std::size_t at = std::min(last_offset_, text_.size());
		int line = node.position.line;
		if (at < text_.size() && text_[at] == '|') {
			while (at < text_.size() && text_[at] != '\n') ++at;
			++at;
			++line;
		} else {
			while (at > 0 && text_[at - 1] != '\n') --at;
		}
		while (at < text_.size()) {
			const std::size_t first = text_.find_first_not_of(' ', at);
			if (first == text_.npos) return;
			if (text_[first] != '\n' && text_[first] != '\r') {
				node.block = true;
				node.content = {line, static_cast<int>(first - at) + 1};
				return;
			}
			at = text_.find('\n', first);
			if (at == text_.npos) return;
			++at;
			++line;
		}
	}

	void accept_key(std::string key, Position at, bool refused, bool plain = false) {
		Open &open = open_.back();
		open.merge = plain && key == "<<";
		if (!refused && !open.seen.insert(key).second) {
			tree_.report("PB007", at, "key " + quoted(key) + " is given twice", "Keep one of them.");
			refused = true;
		}
		open.has_key = true;
		open.ignore_value = refused;
		open.key = std::move(key);
		open.key_position = at;
	}

	void attach(int child) {
		if (open_.empty()) {
			root_ = child;
			return;
		}
		Open &open = open_.back();
		Node &container = tree_.nodes[index(open.node)];
		const Node &node = tree_.nodes[index(child)];
		const bool mapping = container.kind == Node::Kind::Mapping;
		if (!(mapping && open.ignore_value)) {
			tree_.charge(container, node);
			if (mapping) container.bytes += open.key.size();
			container.entries.push_back(
			    {mapping ? std::move(open.key) : std::string(), open.key_position, child, open.merge});
		}
		open.has_key = false;
		open.ignore_value = false;
		open.merge = false;
	}

	// The short name of a core tag; reports any other. `only` is the one that fits a container.
	std::string check_tag(fy_token *token, const char *only, Position at) {
		if (token == nullptr) return {};
		std::size_t length = 0;
		const char *suffix = fy_tag_token_suffix(token, &length);
		const std::string name = suffix != nullptr ? std::string(suffix, length) : std::string();
		const char *handle = fy_tag_token_handle(token, &length);
		const bool core = handle != nullptr && std::string_view(handle, length) == "!!";
		const bool known = only != nullptr ? name == only
		                                   : name == "str" || name == "int" || name == "float" ||
		                                         name == "bool" || name == "null";
		if (core && known) return name;
		if (handle != nullptr && std::string_view(handle, length) == "!" && name.empty())
			return "str"; // the non-specific tag
		tree_.report(
		    "PB009", at, "tag " + quoted((core ? "!!" : "!") + name) + " is not supported",
		    "Only the tags of YAML's core schema are: !!str, !!int, !!float, !!bool, !!null, !!map, !!seq.");
		return {};
	}

	Value resolve(std::string text, const std::string &tag, Position at, bool plain) {
		if (tag == "str") return Value(std::move(text));
		const bool any = tag.empty() && plain;
		if (any || tag == "null")
			if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
		if (any || tag == "bool") {
			if (text == "true" || text == "True" || text == "TRUE") return Value(true);
			if (text == "false" || text == "False" || text == "FALSE") return Value(false);
		}
		if (any || tag == "int" || tag == "float") {
			if (std::optional<Number> number = read_number(text)) {
				if (!number_is_reasonable(*number))
					tree_.report("PB014", at,
					             "number " + quoted(text) + " has too many digits or too large an exponent",
					             "Quote it if it is meant as text.");
				else if (has_leading_zero(text))
					tree_.problems.push_back({Problem::Severity::Warning, "PB013", "", at.line, at.column,
					                          quoted(text) + " is read as the number " + number->text,
					                          "Quote it if its leading zeros matter."});
				return Value(std::move(*number));
			}
			if (is_no_finite_number(text))
				tree_.report("PB014", at, quoted(text) + " is no finite number",
				             "Quote it if it is meant as text.");
		}
		if (!tag.empty()) tree_.report("PB009", at, quoted(text) + " is no value of type \"!!" + tag + "\"");
		return Value(std::move(text));
	}

	static bool has_leading_zero(std::string_view text) {
		if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
		return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
	}
	static bool is_no_finite_number(std::string_view text) {
		if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
		return text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
		       text == ".NAN";
	}

	void report_diagnostics(fy_diag *diag) {
		void *iterator = nullptr;
		while (const fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator)) {
			if (error->type < FYET_ERROR) continue;
			const Position at{std::max(error->line, 1), std::max(error->column, 1)};
			std::string message = error->msg != nullptr ? error->msg : "the text could not be read";
			while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
			if (message.find("epth") != message.npos && message.find("exceed") != message.npos)
				return stop("PB005", at,
				            "the definition is nested deeper than " + std::to_string(limits_.depth) +
				                " levels");
			const std::string hint = syntax_hint(at.line);
			const bool known = !tree_.problems.empty() && tree_.problems.back().code == "PB011" &&
			                   tree_.problems.back().line == at.line;
			if (known)
				stopped_ = true; // the same slip, noticed twice
			else
				stop("PB004", at, "invalid YAML: " + message, hint);
			return;
		}
		stop("PB004", last_.line > 0 ? last_ : Position{1, 1}, "invalid YAML near this place",
		     syntax_hint(last_.line));
	}

	// What people most often do wrong, told from the line on which libfyaml gave up.
	std::string syntax_hint(int line) const {
		const std::string_view text = line_text(line);
		for (std::size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at + 2)) {
			const std::size_t before = text.find_last_not_of(' ', at == 0 ? 0 : at - 1);
			if (at == 0 || before == text.npos || text[before] == ':' || text[before] == '-' ||
			    text[before] == '[' || text[before] == ',')
				return quote_hint;
		}
		if (text.substr(0, text.find_first_not_of(" \t")).find('\t') != text.npos)
			return "YAML does not allow tabs for indentation; use spaces.";
		return {};
	}
	std::string_view line_text(int line) const {
		std::size_t at = 0;
		for (int i = 1; i < line; ++i) {
			at = text_.find('\n', at);
			if (at == text_.npos) return {};
			++at;
		}
		return text_.substr(at, text_.find('\n', at) - at);
	}

	const std::string_view text_;
	const ParseLimits &limits_;
	Tree &tree_;
	std::vector<Open> open_;
	std::unordered_map<std::string, int> anchors_;
	Position last_{1, 1};
	std::size_t last_offset_ = 0;
	int root_ = -1, replace_by_text_ = -1;
	int documents_ = 0, skipped_ = 0;
	bool stopped_ = false, document_ended_ = false;
};

} // namespace

Tree read_yaml(std::string_view text, const ParseLimits &limits) {
	Tree tree;
	Reader(text, limits, tree).read();
	return tree;
}

} // namespace playbook::definition
