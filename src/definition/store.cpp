#include "definition/store.hpp"

#include "definition/library.hpp"

#include "definition/export.hpp"
#include "definition/hints.hpp"
#include "execution/admission.hpp"
#include "execution/plan_cache.hpp"
#include "expression/condition.hpp"
#include "identity/access.hpp"
#include "identity/installation_fence.hpp"
#include "pg/author_path.hpp"
#include "pg/identity.hpp"
#include "pg/sha256.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "value/json.hpp"

namespace playbook::definition {
namespace {

// Whether the message names the place by itself.
bool says(const std::string &message, const std::string &path) {
	const auto in_word = [](char c) {
		return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '"';
	};
	for (std::size_t at = message.find(path); at != std::string::npos; at = message.find(path, at + 1)) {
		const std::size_t end = at + path.size();
		if ((at == 0 || !in_word(message[at - 1])) && (end == message.size() || !in_word(message[end])))
			return true;
	}
	return false;
}

std::string place_of(const Problem &problem) {
	std::string place;
	if (problem.line > 0)
		place = "line " + std::to_string(problem.line) + ", column " + std::to_string(problem.column) + ": ";
	if (!problem.path.empty() && !says(problem.message, problem.path)) place += problem.path + ": ";
	return place;
}

// An empty one is a path, too, as pg_dump sets it: nothing but pg_catalog.
std::string present_search_path() {
	const char *path = pg::call([] { return GetConfigOption("search_path", false, false); });
	return path == nullptr || *path == '\0' ? std::string("\"\"") : path;
}

ParseLimits limits() {
	ParseLimits limits;
	limits.bytes = static_cast<std::size_t>(settings::max_definition_bytes());
	return limits;
}

void write_history(const std::string &id, const char *action, const std::string &by, const Value &definition,
                   const std::string &source) {
	static pg::Statement insert(
	    "INSERT INTO @playbook_history (playbook_id, action, changed_by, definition, source) "
	    "VALUES ($1, $2, $3, $4, $5)",
	    {TEXTOID, TEXTOID, TEXTOID, JSONBOID, TEXTOID});
	insert.execute({pg::text(id), pg::text(action), pg::text(by),
	                definition.is_null() ? pg::null() : pg::jsonb(definition),
	                source.empty() ? pg::null() : pg::text(source)});
}

// What is judged and may be stored.
struct Judged {
	std::shared_ptr<const Definition> definition;
	std::string text;
	std::string search_path;
	std::string by;
	Oid owner;
};

Judged judged(const std::string &text) {
	return {accepted(text).definition, text, present_search_path(), identity::actor(), identity::caller()};
}

// A text that somebody else of the owner role may have written: reading a condition can run what it names,
// the input of a type and the checks behind that.
Judged judged_as(Oid owner, const std::string &text) {
	Judged result{nullptr, text, present_search_path(), identity::actor(), owner};
	const bool restricted = !pg::is_session_of(owner);
	pg::SettingScope settings;
	settings.open();
	settings.set("search_path", pg::search_path_of_author(result.search_path, restricted).c_str());
	const pg::OwnerIdentity as_owner(owner, restricted);
	result.definition = accepted(text).definition;
	return result;
}

// A background worker cannot connect as a role without CONNECT, nor, before 17, without LOGIN.
void warn_unless_reachable(Oid owner) {
	const bool can_log_in = pg::call([owner] {
		HeapTuple role = SearchSysCache1(AUTHOID, ObjectIdGetDatum(owner));
		if (!HeapTupleIsValid(role)) return true;
		const bool can = ((Form_pg_authid) GETSTRUCT(role))->rolcanlogin;
		ReleaseSysCache(role);
		return can;
	});
	const bool may_connect = pg::call([owner] { return pg::compat::may_connect(owner); });
	if ((can_log_in || !pg::compat::workers_need_login) && may_connect) return;
	const std::string name = pg::role_name(owner);
	const char *lacks =
	    can_log_in || !pg::compat::workers_need_login ? "may not connect to this database" : "may not log in";
	pg::call([&] {
		ereport(WARNING,
		        (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
		         errmsg("the owner of this playbook, \"%s\", %s", name.c_str(), lacks),
		         errdetail("Background workers connect as the owner; until then executions wait."),
		         errhint("ALTER ROLE … LOGIN and GRANT CONNECT ON DATABASE, or playbook_set_owner().")));
	});
}

void write_new(const Judged &saved, bool published) {
	static pg::Statement insert(
	    "INSERT INTO @playbooks (id, name, description, status, owner, definition, draft, source, "
	    "draft_source, snapshot, "
	    "search_path, created_by, published_at) VALUES ($1, $2, $3, CASE WHEN $4 THEN 'published' ELSE "
	    "'draft' END, $5, "
	    "CASE WHEN $4 THEN $6 END, CASE WHEN $4 THEN NULL ELSE $6 END, CASE WHEN $4 THEN $7 END, CASE WHEN "
	    "$4 THEN NULL ELSE $7 END, "
	    "$8, $9, $10, CASE WHEN $4 THEN now() END) ON CONFLICT (id) DO NOTHING",
	    {TEXTOID, TEXTOID, TEXTOID, BOOLOID, OIDOID, JSONBOID, TEXTOID, INT8OID, TEXTOID, TEXTOID});
	const Definition &definition = *saved.definition;
	const std::uint64_t inserted = insert.execute(
	    {pg::text(definition.id), pg::text(definition.name), pg::text(definition.description),
	     pg::boolean(published), pg::oid(saved.owner), pg::jsonb(definition.document), pg::text(saved.text),
	     published ? pg::int8(snapshot_of(definition.document, saved.search_path)) : pg::null(),
	     pg::text(saved.search_path), pg::text(saved.by)});
	if (inserted == 0)
		throw pg::Error(ERRCODE_UNIQUE_VIOLATION, "playbook \"" + definition.id + "\" exists already", "",
		                "Change it with playbook_update(), or give the definition another id.");
	if (published) execution::set_limits(definition, true);
	write_history(definition.id, published ? "published" : "created", saved.by, definition.document,
	              saved.text);
}

void write_draft(const std::string &id, const Judged &saved, const char *action = "drafted") {
	static pg::Statement update(
	    "UPDATE @playbooks SET draft = $2, draft_source = $3, updated_at = now() WHERE id = $1",
	    {TEXTOID, JSONBOID, TEXTOID});
	update.execute({pg::text(id), pg::jsonb(saved.definition->document), pg::text(saved.text)});
	write_history(id, action, saved.by, saved.definition->document, saved.text);
}

void write_published(const std::string &id, const Definition &definition, const std::string &text,
                     const std::string &search_path, const std::string &by,
                     const char *action = "published") {
	static pg::Statement update("UPDATE @playbooks SET status = 'published', name = $2, description = $3, "
	                            "definition = $4, source = $5, draft = NULL, "
	                            "draft_source = NULL, snapshot = $6, search_path = $7, updated_at = now(), "
	                            "published_at = now() WHERE id = $1",
	                            {TEXTOID, TEXTOID, TEXTOID, JSONBOID, TEXTOID, INT8OID, TEXTOID});
	update.execute({pg::text(id), pg::text(definition.name), pg::text(definition.description),
	                pg::jsonb(definition.document), pg::text(text),
	                pg::int8(snapshot_of(definition.document, search_path)), pg::text(search_path)});
	execution::set_limits(definition, true);
	write_history(id, action, by, definition.document, text);
}

// The text that an entry of the history holds.
std::string text_in_history(const std::string &id, std::int64_t entry) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement find(
	    "SELECT action, definition, source FROM @playbook_history WHERE id = $1 AND playbook_id = $2",
	    {INT8OID, TEXTOID});
	const pg::Rows rows = find.query({pg::int8(entry), pg::text(id)});
	if (rows.empty())
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT,
		                "playbook \"" + id + "\" has no entry " + std::to_string(entry) + " in its history",
		                "", "SELECT id, action, changed_by, changed_at FROM playbook_history lists them.");
	if (rows.is_null(0, 1))
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "entry " + std::to_string(entry) + " of the history holds no definition",
		                "It says that the playbook was changed otherwise: " + rows.text(0, 0) + ".",
		                "Restore an entry whose definition is not null.");
	return rows.is_null(0, 2) ? to_yaml(rows.jsonb(0, 1)) : rows.text(0, 2);
}

void refuse_stale_edit(const Stored &stored, const std::string &expected) {
	const Value &present = stored.draft.is_null() ? stored.published : stored.draft;
	if (digest_of(present) == expected) return;
	throw pg::Error(ERRCODE_T_R_SERIALIZATION_FAILURE,
	                "playbook \"" + stored.id + "\" was changed by somebody else meanwhile",
	                stored.draft_source.empty() ? stored.source : stored.draft_source,
	                "The detail is the text that is stored now; merge your change into it and save again.");
}

} // namespace

ParseResult judge(const std::string &text) {
	ParseResult parsed = parse_definition(text, limits());
	for (const ConditionText &condition : parsed.conditions) {
		std::optional<pg::Error> refused;
		try {
			pg::Subtransaction guarded;
			if (condition.over_rows)
				expression::check_syntax(condition.text);
			else
				expression::check_condition(condition.text);
			guarded.commit();
		} catch (const pg::Error &error) {
			refused = error;
		}
		if (!refused) continue;
		Problem problem;
		problem.code = "PB090";
		problem.path = condition.path;
		problem.line = condition.position.line;
		problem.column = condition.position.column;
		problem.message = std::string(condition.over_rows ? "expression" : "condition") +
		                  " cannot be read: " + refused->what() +
		                  (refused->detail.empty() ? "" : " (" + refused->detail + ")");
		problem.hint =
		    condition.over_rows ? "It is one SQL expression over the columns of the rows." : refused->hint;
		if (problem.hint.empty()) problem.hint = general_hint(problem.code);
		parsed.problems.push_back(std::move(problem));
	}
	// Whoever found them, they are read in the order of the text.
	std::stable_sort(parsed.problems.begin(), parsed.problems.end(), [](const Problem &a, const Problem &b) {
		return std::pair(a.line, a.column) < std::pair(b.line, b.column);
	});
	if (has_errors(parsed.problems)) parsed.definition = nullptr;
	return parsed;
}

ParseResult accepted(const std::string &text) {
	ParseResult parsed = judge(text);
	if (parsed.definition != nullptr) return parsed;
	std::string detail;
	const Problem *first = nullptr;
	std::size_t errors = 0;
	for (const Problem &problem : parsed.problems) {
		if (problem.severity != Problem::Severity::Error) continue;
		if (first == nullptr) first = &problem;
		if (++errors <= 50)
			detail += (detail.empty() ? "" : "\n") + place_of(problem) + problem.message + " [" +
			          problem.code + "]";
	}
	std::string message =
	    first == nullptr ? "the definition cannot be read" : place_of(*first) + first->message;
	if (errors > 1)
		message += " (and " + std::to_string(errors - 1) + " more problem" + (errors > 2 ? "s)" : ")");
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, message, detail,
	                first == nullptr ? std::string() : first->hint);
}

std::string digest_of(const Value &document) { return pg::hex_of(pg::Sha256::of(canonical_json(document))); }

std::int64_t snapshot_of(const Value &document, const std::string &search_path) {
	const pg::Argument digest =
	    pg::datum(pg::text_datum(pg::Sha256::of(canonical_json(document)))); // bytea: the same varlena
	static pg::Statement find(
	    "SELECT id FROM @playbook_snapshots WHERE digest = $1 AND search_path = $2 FOR KEY SHARE",
	    {BYTEAOID, TEXTOID});
	{
		const pg::Rows rows = find.query({digest, pg::text(search_path)});
		if (!rows.empty()) return rows.int8(0, 0);
	}
	static pg::Statement insert(
	    "INSERT INTO @playbook_snapshots (digest, definition, search_path) VALUES ($1, $2, $3) "
	    "ON CONFLICT (digest, search_path) DO NOTHING RETURNING id",
	    {BYTEAOID, JSONBOID, TEXTOID});
	{
		const pg::Rows rows = insert.query({digest, pg::jsonb(document), pg::text(search_path)});
		if (!rows.empty()) return rows.int8(0, 0);
	}
	const pg::Rows rows = find.query({digest, pg::text(search_path)}); // another session was quicker
	if (rows.empty())
		throw pg::Error(ERRCODE_T_R_SERIALIZATION_FAILURE, "another session stores the same definition now");
	return rows.int8(0, 0);
}

std::shared_ptr<const execution::Plan> plan_for(std::shared_ptr<const Definition> definition,
                                                const std::string &search_path) {
	auto plan = std::make_shared<execution::Plan>();
	plan->definition = std::move(definition);
	plan->search_path = search_path;
	return plan;
}

std::optional<Stored> find_playbook(const std::string &id, bool for_update) {
	static const std::string columns =
	    "SELECT id, name, status, owner::oid, definition, draft, coalesce(source, ''), "
	    "coalesce(draft_source, ''), snapshot, search_path FROM @playbooks WHERE id = $1";
	static pg::Statement find(columns, {TEXTOID});
	static pg::Statement lock(columns + " FOR UPDATE", {TEXTOID});
	const pg::Rows rows = (for_update ? lock : find).query({pg::text(id)});
	if (rows.empty()) return std::nullopt;
	Stored stored;
	stored.id = rows.text(0, 0);
	stored.name = rows.text(0, 1);
	stored.status = rows.text(0, 2);
	stored.owner = rows.oid(0, 3);
	stored.published = rows.jsonb_or_null(0, 4);
	stored.draft = rows.jsonb_or_null(0, 5);
	stored.source = rows.text(0, 6);
	stored.draft_source = rows.text(0, 7);
	stored.snapshot = rows.int8_or_null(0, 8);
	stored.search_path = rows.text(0, 9);
	return stored;
}

namespace {

// Of a stored playbook, or null when there is none; 42704 when the caller may not see it.
std::optional<Stored> find_visible(const std::string &id) {
	std::optional<Stored> stored;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		stored = find_playbook(id);
	}
	if (stored) identity::require_view(stored->id, stored->owner);
	return stored;
}

} // namespace

Stored visible_playbook(const std::string &id) {
	std::optional<Stored> stored = find_visible(id);
	if (stored) return std::move(*stored);
	if (find_in_library(id) == nullptr) identity::unknown_playbook(id);
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "playbook \"" + id + "\" is the library's",
	                "It can be started, previewed and exported as it is.",
	                "To change it, copy it first: SELECT playbook_duplicate('" + id +
	                    "', 'an_id_of_yours').");
}

Stored readable_playbook(const std::string &id) {
	if (std::optional<Stored> stored = find_visible(id)) return std::move(*stored);
	const LibraryEntry *entry = find_in_library(id);
	if (entry == nullptr) identity::unknown_playbook(id);
	Stored stored;
	stored.id = id;
	stored.name = entry->definition->name;
	stored.status = "published";
	stored.owner = identity::caller();
	stored.published = entry->definition->document;
	stored.source = entry->text;
	stored.search_path = present_search_path();
	stored.library = true;
	return stored;
}

static Saved create(const Judged &saved, bool published) {
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		write_new(saved, published);
	}
	if (published) {
		warn_unless_reachable(saved.owner);
		identity::ensure_enabled();
	}
	return {saved.definition->id, Saved::Change::Created};
}

Saved create(const std::string &text, bool published) {
	identity::require_author();
	return create(judged(text), published);
}

Saved update(const std::string &id, const std::string &text, bool published,
             const std::optional<std::string> &expected) {
	const Stored seen = visible_playbook(id);
	identity::require_edit(seen.id, seen.owner);
	const Judged saved = judged(text);
	if (saved.definition->id != id)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "the definition's id is \"" + saved.definition->id + "\", not \"" + id + "\"",
		                "A playbook keeps its id.", "Use playbook_duplicate() for a copy under another id.");
	Saved result{id, Saved::Change::Updated};
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		const std::optional<Stored> stored = find_playbook(id, true);
		if (!stored) identity::unknown_playbook(id);
		if (expected) refuse_stale_edit(*stored, *expected);
		// As canonical text: jsonb gives the keys back in an order of its own.
		const bool same = canonical_json(stored->published) == canonical_json(saved.definition->document);
		if (published && same && stored->status == "published" && stored->search_path == saved.search_path &&
		    stored->source == text)
			result.change = Saved::Change::Unchanged;
		else if (published)
			write_published(id, *saved.definition, text, saved.search_path, saved.by);
		else
			write_draft(id, saved);
	}
	if (published) {
		warn_unless_reachable(seen.owner);
		identity::ensure_enabled();
	}
	return result;
}

Saved restore(const std::string &id, std::int64_t entry, bool published) {
	const Stored seen = visible_playbook(id);
	identity::require_edit(seen.id, seen.owner);
	// Judged anew: it may be older than a rule of this version.
	const Judged saved = judged_as(seen.owner, text_in_history(id, entry));
	Saved result{id, Saved::Change::Updated};
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		const std::optional<Stored> stored = find_playbook(id, true);
		if (!stored) identity::unknown_playbook(id);
		const bool runs = stored->status == "published" && stored->source == saved.text &&
		                  stored->search_path == saved.search_path;
		if (published ? runs && stored->draft.is_null() : stored->draft_source == saved.text)
			result.change = Saved::Change::Unchanged;
		else if (published)
			write_published(id, *saved.definition, saved.text, saved.search_path, saved.by, "restored");
		else
			write_draft(id, saved, "restored");
	}
	if (published) {
		warn_unless_reachable(seen.owner);
		identity::ensure_enabled();
	}
	return result;
}

Saved apply(const std::string &text, bool published) {
	const ParseResult parsed = accepted(text);
	bool exists = false;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		exists = find_playbook(parsed.definition->id).has_value();
	}
	return exists ? update(parsed.definition->id, text, published, std::nullopt) : create(text, published);
}

namespace {

bool is_published(const Stored &stored) { return stored.draft.is_null() && stored.status == "published"; }

const std::string &latest_text(const Stored &stored) {
	return stored.draft.is_null() ? stored.source : stored.draft_source;
}

} // namespace

void publish(const std::string &id) {
	const Stored seen = visible_playbook(id);
	identity::require_edit(seen.id, seen.owner);
	if (is_published(seen)) return;
	const Judged saved = judged_as(seen.owner, latest_text(seen));
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		const std::optional<Stored> stored = find_playbook(id, true);
		if (!stored) identity::unknown_playbook(id);
		if (stored->owner != seen.owner || latest_text(*stored) != saved.text)
			throw pg::Error(ERRCODE_T_R_SERIALIZATION_FAILURE,
			                "playbook \"" + id + "\" is being changed by another session", "", "Try again.");
		if (is_published(*stored)) return;
		write_published(id, *saved.definition, saved.text, saved.search_path, saved.by);
	}
	warn_unless_reachable(seen.owner);
	identity::ensure_enabled();
}

void archive(const std::string &id) {
	const Stored seen = visible_playbook(id);
	identity::require_edit(seen.id, seen.owner);
	const std::string by = identity::actor();
	pg::EngineIdentity engine;
	pg::Spi spi;
	if (seen.status == "archived")
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "playbook \"" + id + "\" is archived already");
	static pg::Statement update("UPDATE @playbooks SET status = 'archived', updated_at = now() WHERE id = $1",
	                            {TEXTOID});
	update.execute({pg::text(id)});
	write_history(id, "archived", by, Value(), {});
}

std::string duplicate(const std::string &id, const std::string &new_id,
                      const std::optional<std::string> &new_name) {
	const Stored seen = readable_playbook(id);
	if (!seen.library) identity::require_copy(seen.id, seen.owner);
	Value document = seen.published.is_null() ? seen.draft : seen.published;
	document.set("id", Value(new_id));
	// Only beside what it was copied from does it need another name.
	document.set("name", Value(new_name ? *new_name : seen.library ? seen.name : seen.name + " (copy)"));
	identity::require_author();
	Judged copy = judged_as(seen.owner, to_yaml(document)); // what a copy runs is for its publisher to say
	copy.owner = identity::caller();
	return create(copy, false).id;
}

} // namespace playbook::definition
