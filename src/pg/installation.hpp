// Where this extension lives in the current database: its schema, its tables, its engine role. One look-up,
// kept until a table of ours is dropped or changed; every statement of the engine takes its relations' names
// from here.
#pragma once

#include "pg/guard.hpp"

namespace playbook::pg {

struct Installation {
	Oid extension = InvalidOid;
	Oid schema = InvalidOid;
	Oid engine_role = InvalidOid; // playbook_engine, owner of every object of the extension
	std::string schema_name;      // as it is, not quoted
	std::string version;          // extversion of the installed script
	std::uint64_t generation =
	    0; // another number after DROP, CREATE or ALTER EXTENSION; kept statements compare it
};

// Throws 55000 with a hint when the extension is not installed in this database, or in another version than
// this library's. Needs a transaction.
const Installation &installation();
// Null when it is not installed. Of any version.
const Installation *find_installation();

// Replaces every `@name` in `sql` by the schema-qualified, quoted name of that object of ours. "@@" is a
// literal "@".
std::string qualified(std::string_view sql);

// Called once from _PG_init.
void register_installation_callbacks();

} // namespace playbook::pg
