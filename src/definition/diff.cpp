#include "definition/diff.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "definition/export.hpp"
#include "definition/path.hpp"

namespace playbook::definition {
namespace {

constexpr const char *step_lists[] = {"steps", "then", "else", "on_cancel", "on_expiry"};

bool is_step_list(const Member &member) {
	return member.value.is_array() &&
	       std::find(std::begin(step_lists), std::end(step_lists), member.key) != std::end(step_lists);
}

struct FoundStep {
	std::string id;
	std::string path;
	std::string home; // where its list hangs, named by the carrier's id: "answered.config.then"
	Value own;        // without the steps it carries
};

using FoundSteps = std::vector<FoundStep>;

// Takes the lists of steps out of a mapping, and collects the steps.
class Collector {
public:
	FoundSteps found;

	Value without_steps(const Value &value, const std::string &path, const std::string &home) {
		if (value.is_array()) {
			Value::Array items;
			for (std::size_t i = 0; i < value.size(); ++i)
				items.push_back(without_steps(value.items()[i], child_path(path, i), child_path(home, i)));
			return Value(std::move(items));
		}
		if (!value.is_object()) return value;
		Value::Object members;
		for (const Member &member : value.members()) {
			const std::string member_path = child_path(path, member.key),
			                  member_home = child_path(home, member.key);
			if (is_step_list(member))
				collect(member.value, member_path, member_home);
			else
				members.push_back({member.key, carries_steps(member.key)
				                                   ? without_steps(member.value, member_path, member_home)
				                                   : member.value});
		}
		return Value(std::move(members));
	}

private:
	// Below other keys `steps` and `then` are a user's own words, as in a request's body.
	static bool carries_steps(const std::string &key) {
		return key == "config" || key == "cases" || key == "require_approval";
	}

	void collect(const Value &list, const std::string &path, const std::string &home) {
		for (std::size_t i = 0; i < list.size(); ++i) {
			const Value &step = list.items()[i];
			const std::string step_path = child_path(path, i);
			const Value *id = step.find("id");
			const std::string name = id != nullptr ? id->as_text() : step_path;
			const std::size_t place = found.size();
			found.push_back({name, step_path, home, {}});
			Value own = without_steps(step, step_path, name);
			found[place].own = std::move(own);
		}
	}
};

void compare(const std::string &step, const std::string &path, const Value &before, const Value &after,
             std::vector<Difference> &rows) {
	if (before.is_object() && after.is_object()) {
		for (const Member &member : after.members()) {
			const std::string member_path = child_path(path, member.key);
			if (const Value *old = before.find(member.key))
				compare(step, member_path, *old, member.value, rows);
			else
				rows.push_back({step, Difference::Kind::Added, member_path, std::nullopt, member.value});
		}
		for (const Member &member : before.members())
			if (after.find(member.key) == nullptr)
				rows.push_back({step, Difference::Kind::Removed, child_path(path, member.key), member.value,
				                std::nullopt});
	} else if (before.is_array() && after.is_array() && before.size() == after.size()) {
		for (std::size_t i = 0; i < after.size(); ++i)
			compare(step, child_path(path, i), before.items()[i], after.items()[i], rows);
	} else if (canonical_json(before) != canonical_json(after)) {
		rows.push_back({step, Difference::Kind::Changed, path, before, after});
	}
}

// The steps that left their place: those in another list, and of one list's steps all but a longest run that
// kept its order.
std::set<std::string> moved_steps(const FoundSteps &before, const FoundSteps &after) {
	std::unordered_map<std::string, std::pair<std::string, int>> old; // id -> list, place
	int place = 0;
	for (const FoundStep &step : before) old.emplace(step.id, std::pair{step.home, place++});
	std::set<std::string> moved;
	std::unordered_map<std::string, std::vector<const FoundStep *>> lists;
	for (const FoundStep &step : after) {
		const auto found = old.find(step.id);
		if (found == old.end()) continue;
		if (found->second.first != step.home)
			moved.insert(step.id);
		else
			lists[step.home].push_back(&step);
	}
	for (const auto &[home, steps] : lists) {
		std::vector<std::size_t> length(steps.size(), 1), previous(steps.size(), steps.size());
		std::size_t best = 0;
		for (std::size_t i = 0; i < steps.size(); ++i) {
			for (std::size_t k = 0; k < i; ++k)
				if (old[steps[k]->id].second < old[steps[i]->id].second && length[k] + 1 > length[i]) {
					length[i] = length[k] + 1;
					previous[i] = k;
				}
			if (length[i] > length[best]) best = i;
		}
		std::set<std::size_t> kept;
		for (std::size_t i = best; i < steps.size(); i = previous[i]) kept.insert(i);
		for (std::size_t i = 0; i < steps.size(); ++i)
			if (!kept.contains(i)) moved.insert(steps[i]->id);
	}
	return moved;
}

} // namespace

const char *to_string(Difference::Kind kind) {
	switch (kind) {
	case Difference::Kind::Added: return "added";
	case Difference::Kind::Removed: return "removed";
	case Difference::Kind::Changed: return "changed";
	default: return "moved";
	}
}

std::vector<Difference> diff_definitions(const Value &before, const Value &after) {
	Collector old_steps, new_steps;
	const Value old_rest = old_steps.without_steps(before, "", ""),
	            new_rest = new_steps.without_steps(after, "", "");
	std::vector<Difference> rows;
	compare("", "", old_rest, new_rest, rows);
	std::unordered_map<std::string, const FoundStep *> old;
	for (const FoundStep &step : old_steps.found) old.emplace(step.id, &step);
	const std::set<std::string> moved = moved_steps(old_steps.found, new_steps.found);
	std::set<std::string> present;
	for (const FoundStep &step : new_steps.found) {
		present.insert(step.id);
		const auto found = old.find(step.id);
		if (found == old.end()) {
			rows.push_back({step.id, Difference::Kind::Added, step.path, std::nullopt, step.own});
			continue;
		}
		if (moved.contains(step.id))
			rows.push_back(
			    {step.id, Difference::Kind::Moved, step.path, Value(found->second->path), Value(step.path)});
		compare(step.id, step.path, found->second->own, step.own, rows);
	}
	for (const FoundStep &step : old_steps.found)
		if (!present.contains(step.id))
			rows.push_back({step.id, Difference::Kind::Removed, step.path, step.own, std::nullopt});
	return rows;
}

} // namespace playbook::definition
