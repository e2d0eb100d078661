#include "definition/cycle.hpp"

#include <algorithm>
#include <deque>

namespace playbook::definition {
namespace {

std::size_t index(int position) { return static_cast<std::size_t>(position); }

// What is left after taking away, again and again, every step that waits for nothing left: the circles and
// who leads to them.
std::vector<bool> steps_that_never_start(const std::vector<std::vector<Wait>> &graph) {
	std::vector<std::size_t> open_waits(graph.size());
	std::vector<std::vector<int>> waiting(graph.size());
	std::deque<int> free;
	for (std::size_t step = 0; step < graph.size(); ++step) {
		open_waits[step] = graph[step].size();
		for (const Wait &wait : graph[step]) waiting[index(wait.target)].push_back(static_cast<int>(step));
		if (open_waits[step] == 0) free.push_back(static_cast<int>(step));
	}
	std::vector<bool> stuck(graph.size(), true);
	while (!free.empty()) {
		const int done = free.front();
		free.pop_front();
		stuck[index(done)] = false;
		for (const int step : waiting[index(done)])
			if (--open_waits[index(step)] == 0) free.push_back(step);
	}
	return stuck;
}

// The shortest way from a step back to itself among the stuck ones; empty when it merely leads to a circle.
std::vector<Turn> circle_through(int start, const std::vector<std::vector<Wait>> &graph,
                                 const std::vector<bool> &stuck) {
	std::vector<Turn> came(graph.size());
	std::vector<bool> seen(graph.size(), false);
	std::deque<int> queue{start};
	while (!queue.empty()) {
		const int step = queue.front();
		queue.pop_front();
		for (const Wait &wait : graph[index(step)]) {
			if (wait.target == start) {
				std::vector<Turn> cycle{{step, wait}};
				for (int back = step; back != start; back = came[index(back)].step)
					cycle.push_back(came[index(back)]);
				std::reverse(cycle.begin(), cycle.end());
				return cycle;
			}
			if (!stuck[index(wait.target)] || seen[index(wait.target)]) continue;
			seen[index(wait.target)] = true;
			came[index(wait.target)] = {step, wait};
			queue.push_back(wait.target);
		}
	}
	return {};
}

} // namespace

std::vector<Turn> find_cycle(const std::vector<std::vector<Wait>> &graph) {
	const std::vector<bool> stuck = steps_that_never_start(graph);
	for (std::size_t step = 0; step < graph.size(); ++step)
		if (stuck[step])
			if (std::vector<Turn> cycle = circle_through(static_cast<int>(step), graph, stuck);
			    !cycle.empty())
				return cycle;
	return {};
}

} // namespace playbook::definition
