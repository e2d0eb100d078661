#include "execution/state.hpp"

#include <array>
#include <cstddef>

namespace playbook::execution {
namespace {

constexpr std::array<const char *, 7> status_words = {"pending",   "running", "waiting",  "paused",
                                                      "completed", "failed",  "cancelled"};
constexpr std::array<const char *, 6> step_words = {"pending",   "running", "waiting",
                                                    "completed", "failed",  "skipped"};

// Rows: from; columns: to. A retry reopens what failed or was skipped; nothing reopens what was cancelled.
constexpr bool moves[7][7] = {
    //             pending running waiting paused completed failed cancelled
    /* pending */ {true, true, true, true, true, true, true},
    /* running */ {false, true, true, true, true, true, true},
    /* waiting */ {false, true, true, true, true, true, true},
    /* paused  */ {true, true, true, true, false, false, true},
    /* completed */ {false, false, false, false, true, false, false},
    /* failed  */ {false, true, false, false, false, true, false},
    /* cancelled */ {false, false, false, false, false, false, true},
};
constexpr bool step_moves[6][6] = {
    //             pending running waiting completed failed skipped
    /* pending */ {true, true, true, true, true, true},
    /* running */ {true, true, true, true, true, true},
    /* waiting */ {true, true, true, true, true, true},
    /* completed */ {true, false, false, true, false, false},
    /* failed  */ {true, false, false, false, true, true},
    /* skipped */ {true, false, false, false, false, true},
};

template <typename Word, std::size_t count>
std::optional<Word> find(const std::array<const char *, count> &words, std::string_view word) {
	for (std::size_t i = 0; i < count; ++i)
		if (word == words[i]) return static_cast<Word>(i);
	return std::nullopt;
}

} // namespace

const char *to_string(Status status) { return status_words[static_cast<std::size_t>(status)]; }
const char *to_string(StepStatus status) { return step_words[static_cast<std::size_t>(status)]; }

std::optional<Status> status_from(std::string_view word) { return find<Status>(status_words, word); }
std::optional<StepStatus> step_status_from(std::string_view word) {
	return find<StepStatus>(step_words, word);
}

bool may_move(Status from, Status to) { return moves[static_cast<int>(from)][static_cast<int>(to)]; }
bool may_move(StepStatus from, StepStatus to) {
	return step_moves[static_cast<int>(from)][static_cast<int>(to)];
}

bool is_final(Status status) {
	return status == Status::Completed || status == Status::Failed || status == Status::Cancelled;
}
bool is_final(StepStatus status) {
	return status == StepStatus::Completed || status == StepStatus::Failed || status == StepStatus::Skipped;
}

char letter_of(Status status) { return "prwucfx"[static_cast<int>(status)]; }
char letter_of(StepStatus status) { return "prwcfs"[static_cast<int>(status)]; }

} // namespace playbook::execution
