// Playbooks in the database: saving, publishing, looking up; snapshots by content.
//
// Functions take the caller's rights into account themselves (identity/access) and open their own engine
// identity.
#pragma once

#include "definition/parser.hpp"
#include "execution/model.hpp"

namespace playbook::definition {

// A row of playbooks.
struct Stored {
	std::string id, name, status;
	Oid owner = InvalidOid;
	Value published, draft;           // null when there is none
	std::string source, draft_source; // as written
	std::optional<std::int64_t> snapshot;
	std::string search_path;
	bool library = false; // no row: a text of the library, the caller its owner
};

// Nullopt when there is none. As playbook_engine.
std::optional<Stored> find_playbook(const std::string &id, bool for_update = false);
// The same for a caller who must at least be able to see it; else 42704 with the ids that the caller may see,
// or 55000 when it is the library's.
Stored visible_playbook(const std::string &id);

// The same, or the library's text where no playbook has that id.
Stored readable_playbook(const std::string &id);

// Parses and judges a text, conditions by PostgreSQL's parser included, as the caller. `parsed.problems` has
// everything.
ParseResult judge(const std::string &text);
// Throws 22023 with the first problem as message and all of them in detail; returns the definition otherwise.
ParseResult accepted(const std::string &text);

struct Saved {
	std::string id;
	enum class Change { Created, Updated, Unchanged } change = Change::Created;
};
// create: 23505 when the id is taken. The caller becomes the owner.
Saved create(const std::string &text, bool publish);
// Writes the draft, or the definition itself with `publish`. `expected`: hex digest of what the editor
// started from.
Saved update(const std::string &id, const std::string &text, bool publish,
             const std::optional<std::string> &expected);
// An entry of the history becomes the draft, or what runs with `publish`.
Saved restore(const std::string &id, std::int64_t entry, bool publish);
// Creates or updates by the text's own id.
Saved apply(const std::string &text, bool publish);
void publish(const std::string &id);
void archive(const std::string &id);
std::string duplicate(const std::string &id, const std::string &new_id,
                      const std::optional<std::string> &new_name);

// SHA-256 of the canonical JSON, in hex.
std::string digest_of(const Value &document);
// The snapshot of that content; made when it is new. As playbook_engine.
std::int64_t snapshot_of(const Value &document, const std::string &search_path);
// A plan for a draft or an unsaved text, with a snapshot of its own.
std::shared_ptr<const execution::Plan> plan_for(std::shared_ptr<const Definition> definition,
                                                const std::string &search_path);

} // namespace playbook::definition
