// Finding a circle among waiting steps. Internal to graph.cpp.
#pragma once

#include <vector>

#include "definition/mentions.hpp"

namespace playbook::definition {

// Why a step comes after another.
struct Edge {
	enum class Kind { Written, Mentioned, Order };
	int target = -1;
	Kind kind = Kind::Order;
	const Mention *mention = nullptr;
	bool removed = false; // found to be part of a circle, reported, and no longer followed
};

// One step that another waits for. The edge is null for the carrier of the branch; its target is another step
// when this one is waited for as part of the target's branches.
struct Wait {
	int target = -1;
	const Edge *edge = nullptr;
};

struct Turn {
	int step = -1;
	Wait wait; // leads to the next turn's step, from the last to the first
};

// The first circle: the one through the step of lowest position that lies on any, by the fewest steps. Empty:
// there is none.
std::vector<Turn> find_cycle(const std::vector<std::vector<Wait>> &graph);

} // namespace playbook::definition
