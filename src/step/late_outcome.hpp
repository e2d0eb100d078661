// What becomes known of a step after it has finished: a mail was sent or bounced, a meeting was held.
#pragma once

#include <cstdint>
#include <string>

#include "value/value.hpp"

namespace playbook::step {

// Locks the live execution until the transaction ends; false when it is not live. Whoever locks an approval,
// a task or a message locks its execution first, as the engine does, so that neither waits for the other.
bool lock_execution(std::int64_t execution);

// Replaces the outcome of a completed step of that type, whose outcome is one of `from` ("queued,sent"), and
// adds the members of `output` to its output. False when there is no such step. The execution is locked by
// the caller.
bool set_late_outcome(std::int64_t execution, int position, int item, const char *type, const char *from,
                      const std::string &outcome, const Value &output);

// What somebody says became of a meeting (held, no_show, cancelled) or an e-mail (bounced, replied); the
// caller has checked who may say so. Throws 22023 for a step of another type or a word that is none of its
// type's, 55000 for a step that has not come so far.
void record_outcome(std::int64_t execution, const std::string &step, int item, const char *type,
                    const std::string &outcome);

} // namespace playbook::step
