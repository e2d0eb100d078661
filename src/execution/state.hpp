// The words for where an execution and a step stand, and the one table of allowed moves.
//
// The same spelling is in the CHECK constraints and in doc/; a test compares all three. Core: no server
// header.
#pragma once

#include <optional>
#include <string_view>

namespace playbook::execution {

enum class Status { Pending, Running, Waiting, Paused, Completed, Failed, Cancelled };
enum class StepStatus { Pending, Running, Waiting, Completed, Failed, Skipped };

const char *to_string(Status status);
const char *to_string(StepStatus status);
std::optional<Status> status_from(std::string_view word);
std::optional<StepStatus> step_status_from(std::string_view word);

bool may_move(Status from, Status to);
bool may_move(StepStatus from, StepStatus to);

// Completed, failed, cancelled: nothing more happens.
bool is_final(Status status);
bool is_final(StepStatus status);

// The letter by which the feed keeps it (notification/packed_changes.hpp).
char letter_of(Status status);
char letter_of(StepStatus status);

} // namespace playbook::execution
