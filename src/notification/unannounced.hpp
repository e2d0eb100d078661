// Where in the feed announcing goes on, without walking over what was announced before.
//
// Each batch of changes is updated once, when it gets its number. The index of those without a number keeps
// an entry of the former version for as long as somebody's snapshot may need it, and a look that began at its
// first entry would pass over all of them. So this process remembers an id before which nothing is, or ever
// will be, unannounced. That is so for all processes and for good: an id is drawn inside of a transaction
// that has written already, so an id that was drawn can only appear, or not, until the transactions that ran
// then have ended.
#pragma once

#include <cstdint>
#include <optional>

namespace playbook::notification {

struct Unannounced {
	std::optional<std::int64_t> first; // id of the first batch that is committed and not announced
	std::int64_t from = 0;             // before that id there is none, nor will one come
};

// As playbook_engine in an open connection, in a transaction that has announced nothing itself and sees with
// each statement what is committed.
Unannounced look_for_unannounced();

} // namespace playbook::notification
