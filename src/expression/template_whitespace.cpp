// White-space control, a transcription of Handlebars' own pass (whitespace-control.js), quirks included:
// output must be identical, so this follows it node by node instead of being elegant.
#include <optional>

#include "expression/script_value.hpp"
#include "expression/template_parser.hpp"

namespace playbook::expression {
namespace {

using Body = std::vector<TemplateNode>;

bool is_content(const TemplateNode &node) { return node.kind == TemplateNode::Kind::Content; }

// The white space at the end of the text holds a line break; `or_all`: or there is nothing else in the text.
bool ends_with_blank_line(std::string_view text, bool or_all) {
	std::size_t at = text.size();
	while (const std::size_t bytes = space_before(text, at)) {
		if (text[at - 1] == '\n') return true;
		at -= bytes;
	}
	return or_all && at == 0;
}

bool begins_with_blank_line(std::string_view text, bool or_all) {
	std::size_t at = 0;
	while (const std::size_t bytes = space_at(text, at)) {
		if (text[at] == '\n') return true;
		at += bytes;
	}
	return or_all && at == text.size();
}

// `index` is the node whose neighbour is asked for; none: one past the end (before), one before the
// beginning (after).
bool is_blank_before(const Body &body, std::optional<std::size_t> index, bool is_root) {
	const std::size_t at = index.value_or(body.size());
	if (at == 0) return is_root;
	const TemplateNode &previous = body[at - 1];
	return is_content(previous) && ends_with_blank_line(previous.original, at < 2 && is_root);
}

bool is_blank_after(const Body &body, std::optional<std::size_t> index, bool is_root) {
	const std::size_t at = index ? *index + 1 : 0;
	if (at >= body.size()) return is_root;
	const TemplateNode &next = body[at];
	return is_content(next) && begins_with_blank_line(next.original, at + 1 >= body.size() && is_root);
}

// Takes white space off the beginning of the node after `index`: all of it (`multiple`), or the rest of its
// line.
void omit_right(Body &body, std::optional<std::size_t> index, bool multiple) {
	const std::size_t at = index ? *index + 1 : 0;
	if (at >= body.size() || !is_content(body[at]) || (!multiple && body[at].right_stripped)) return;
	std::string &value = body[at].value;
	std::size_t end = 0;
	if (multiple) {
		while (const std::size_t bytes = space_at(value, end)) end += bytes;
	} else {
		while (end < value.size() && (value[end] == ' ' || value[end] == '\t')) ++end;
		if (end < value.size() && value[end] == '\r') ++end;
		if (end < value.size() && value[end] == '\n') ++end;
	}
	value.erase(0, end);
	body[at].right_stripped = end > 0;
}

void omit_left(Body &body, std::optional<std::size_t> index, bool multiple) {
	const std::size_t position = index.value_or(body.size());
	if (position == 0 || !is_content(body[position - 1])) return;
	TemplateNode &node = body[position - 1];
	if (!multiple && node.left_stripped) return;
	std::size_t begin = node.value.size();
	if (multiple) {
		while (const std::size_t bytes = space_before(node.value, begin)) begin -= bytes;
	} else {
		while (begin > 0 && (node.value[begin - 1] == ' ' || node.value[begin - 1] == '\t')) --begin;
	}
	node.left_stripped = begin < node.value.size();
	node.value.erase(begin);
}

struct Standing {
	bool open = false, close = false;
	bool open_alone = false, close_alone = false, alone = false;
};

void visit(TemplateProgram &program, bool is_root);

Standing visit_block(TemplateNode &block) {
	if (block.program) visit(*block.program, false);
	if (block.inverse) visit(*block.inverse, false);

	TemplateProgram &program = block.program ? *block.program : *block.inverse;
	TemplateProgram *inverse = block.program ? block.inverse.get() : nullptr;
	TemplateProgram *first_inverse = inverse, *last_inverse = inverse;
	if (inverse != nullptr && inverse->chained) {
		first_inverse = inverse->body.front().program.get();
		while (last_inverse->chained) last_inverse = last_inverse->body.back().program.get();
	}

	Standing result;
	result.open = block.open_strip.open;
	result.close = block.close_strip.close;
	result.open_alone = is_blank_after(program.body, std::nullopt, false);
	result.close_alone =
	    is_blank_before((first_inverse != nullptr ? *first_inverse : program).body, std::nullopt, false);

	if (block.open_strip.close) omit_right(program.body, std::nullopt, true);
	if (inverse != nullptr) {
		if (block.inverse_strip.open) omit_left(program.body, std::nullopt, true);
		if (block.inverse_strip.close) omit_right(first_inverse->body, std::nullopt, true);
		if (block.close_strip.open) omit_left(last_inverse->body, std::nullopt, true);
		if (is_blank_before(program.body, std::nullopt, false) &&
		    is_blank_after(first_inverse->body, std::nullopt, false)) {
			omit_left(program.body, std::nullopt, false);
			omit_right(first_inverse->body, std::nullopt, false);
		}
	} else if (block.close_strip.open) {
		omit_left(program.body, std::nullopt, true);
	}
	return result;
}

void visit(TemplateProgram &program, bool is_root) {
	Body &body = program.body;
	for (std::size_t i = 0; i < body.size(); ++i) {
		TemplateNode &node = body[i];
		Standing standing;
		if (node.kind == TemplateNode::Kind::Content) continue;
		if (node.kind == TemplateNode::Kind::Block) {
			standing = visit_block(node);
		} else {
			standing.open = node.strip.open;
			standing.close = node.strip.close;
			standing.alone = node.kind == TemplateNode::Kind::Comment;
		}
		const bool blank_before = is_blank_before(body, i, is_root);
		const bool blank_after = is_blank_after(body, i, is_root);

		if (standing.close) omit_right(body, i, true);
		if (standing.open) omit_left(body, i, true);
		if (standing.alone && blank_before && blank_after) {
			omit_right(body, i, false);
			omit_left(body, i, false);
		}
		if (standing.open_alone && blank_before) {
			omit_right((node.program ? node.program : node.inverse)->body, std::nullopt, false);
			omit_left(body, i, false);
		}
		if (standing.close_alone && blank_after) {
			omit_right(body, i, false);
			omit_left((node.inverse ? node.inverse : node.program)->body, std::nullopt, false);
		}
	}
}

} // namespace

void control_white_space(TemplateProgram &root) { visit(root, true); }

} // namespace playbook::expression
