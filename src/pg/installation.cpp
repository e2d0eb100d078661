#include "pg/installation.hpp"

#include "version.hpp"

extern "C" {
#include "catalog/pg_extension.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
}

namespace playbook::pg {
namespace {

// Null pointers rather than objects: a global constructor would run inside the server's dlopen.
Installation *current = nullptr;
bool stale = true;
Oid marker_relation = InvalidOid; // playbook_executions: gone or changed means look again
std::uint64_t generations = 0;

void on_relation_change(Datum, Oid relation) {
	if (!OidIsValid(relation) || relation == marker_relation) stale = true;
}

struct Found {
	Oid extension, schema, engine_role, marker;
	char *schema_name;
	char *version;
};

Found look_up() {
	return call([] {
		Found found{};
		found.extension = get_extension_oid("playbook", true);
		if (!OidIsValid(found.extension)) return found;
		Relation relation = table_open(ExtensionRelationId, AccessShareLock);
		ScanKeyData key;
		ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
		            ObjectIdGetDatum(found.extension));
		SysScanDesc scan = systable_beginscan(relation, ExtensionOidIndexId, true, nullptr, 1, &key);
		HeapTuple tuple = systable_getnext(scan);
		if (HeapTupleIsValid(tuple)) {
			found.schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
			bool is_null = true;
			Datum version =
			    heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(relation), &is_null);
			found.version = is_null ? pstrdup("") : TextDatumGetCString(version);
		}
		systable_endscan(scan);
		table_close(relation, AccessShareLock);
		found.schema_name = get_namespace_name(found.schema);
		found.marker = get_relname_relid("playbook_executions", found.schema);
		found.engine_role = get_role_oid("playbook_engine", true);
		return found;
	});
}

} // namespace

const Installation *find_installation() {
	if (current != nullptr && !stale) return current;
	const Found found = look_up();
	if (!OidIsValid(found.extension) || !OidIsValid(found.marker) || found.schema_name == nullptr) {
		return nullptr;
	}
	if (current == nullptr) current = new Installation();
	if (current->extension != found.extension || current->schema != found.schema ||
	    current->schema_name != found.schema_name || current->version != found.version ||
	    current->engine_role != found.engine_role || marker_relation != found.marker)
		current->generation = ++generations;
	current->extension = found.extension;
	current->schema = found.schema;
	current->engine_role = found.engine_role;
	current->schema_name = found.schema_name;
	current->version = found.version;
	marker_relation = found.marker;
	stale = false;
	return current;
}

const Installation &installation() {
	const Installation *found = find_installation();
	if (found == nullptr)
		throw Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		            "extension \"playbook\" is not installed in this database", "",
		            "Run CREATE EXTENSION playbook.");
	if (found->version != version) {
		stale = true; // an update in this session need not touch a table of ours
		throw Error(
		    ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		    "extension \"playbook\" has version " + found->version + " in this database, the library has " +
		        std::string(version),
		    "The library works with the tables and functions of its own version only.",
		    "Run ALTER EXTENSION playbook UPDATE; if the library is the older one, install the newer one "
		    "and restart the server.");
	}
	return *found;
}

std::string qualified(std::string_view sql) {
	const Installation &here = installation();
	const char *quoted = call([&here] { return quote_identifier(here.schema_name.c_str()); });
	std::string result;
	result.reserve(sql.size() + 256);
	for (std::size_t i = 0; i < sql.size(); ++i) {
		if (sql[i] != '@') {
			result += sql[i];
		} else if (i + 1 < sql.size() && sql[i + 1] == '@') {
			result += '@';
			++i;
		} else if (i + 1 < sql.size() && sql[i + 1] >= 'a' && sql[i + 1] <= 'z') {
			result += quoted;
			result += '.';
		} else {
			result += '@'; // an operator such as @>
		}
	}
	return result;
}

void register_installation_callbacks() { CacheRegisterRelcacheCallback(on_relation_change, (Datum) 0); }

} // namespace playbook::pg
