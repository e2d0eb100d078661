// Something happened to an execution: it is looked at again as soon as this transaction has committed.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::execution {

// Makes a live execution due now and wakes an executor of its owner at commit; does nothing for one that has
// ended, is paused, or has not begun (its time or its turn comes of itself). As playbook_engine, with an open
// Spi connection; takes the execution's row lock.
void touch(std::int64_t execution);

// Executions that this process is advancing at this moment: control functions that a step's own SQL calls on
// them leave a note here, and the advance reads them again when the step has ended.
class InFlight {
public:
	explicit InFlight(std::int64_t execution);
	~InFlight();
	bool take_changed();
	InFlight(const InFlight &) = delete;
	InFlight &operator=(const InFlight &) = delete;

private:
	const std::int64_t execution_;
};
void note_changed(std::int64_t execution);

// Executions that were made due in this transaction. A batch that holds one of them in memory would write
// over that: it asks here when it writes.
void note_due(std::int64_t execution);
bool was_made_due(std::int64_t execution);

} // namespace playbook::execution
