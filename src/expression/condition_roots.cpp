#include "expression/condition_roots.hpp"

#include "definition/wording.hpp"

namespace playbook::expression {
namespace {

constexpr std::array<std::string_view, 10> roots{"customer",  "csm",  "parameters", "steps",    "event",
                                                 "execution", "item", "index",      "playbook", "previous"};

// health_score, where customer.health_score was meant.
std::string with_root(const std::string &word, const Value &values) {
	for (const std::string_view root : roots) {
		const Value *object = values.find(root);
		if (object != nullptr && object->find(word) != nullptr)
			return BoundName{{std::string(root), word}, 0}.text();
	}
	return {};
}

} // namespace

bool is_condition_root(std::string_view word) {
	return std::find(roots.begin(), roots.end(), word) != roots.end();
}

void refuse_root(const BoundName &name, const Value *values) {
	std::vector<std::string> known(roots.begin(), roots.end());
	if (values != nullptr && values->is_object())
		for (const Member &member : values->members())
			if (!is_condition_root(member.key)) known.push_back(member.key);
	std::string meant = values == nullptr ? std::string() : with_root(name.path.front(), *values);
	if (meant.empty()) {
		const std::string nearest = definition::nearest_word(name.path.front(), known);
		if (!nearest.empty()) {
			BoundName corrected = name;
			corrected.path.front() = nearest;
			meant = corrected.text();
		}
	}
	pg::Error error(ERRCODE_UNDEFINED_COLUMN, "unknown name \"" + name.dotted() + "\"", "",
	                meant.empty() ? "Names begin with " + definition::one_of(known) +
	                                    ". Text is written in single quotes."
	                              : "Did you mean " + meant + "?");
	add_position(error, name.character);
	throw error;
}

} // namespace playbook::expression
