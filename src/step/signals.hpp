// Signals: what playbook_signal() sent to an execution and a wait step hears, oldest first, each only once.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

struct Signal {
	std::int64_t id = 0;
	std::string name;
	Value payload;
};

// The signals of these names that no step has heard, in the order of their arrival.
std::vector<Signal> waiting_signals(const Context &context, const std::vector<std::string> &names);
// This step has heard it.
void consume_signal(const Context &context, const Signal &signal);

} // namespace playbook::step
