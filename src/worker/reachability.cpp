#include "worker/reachability.hpp"

#include "pg/datum.hpp"
#include "settings.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace playbook::worker {
namespace {

struct Role {
	bool exists, can_login, superuser, can_connect;
};

Role read(Oid role) {
	return pg::call([role] {
		Role read{};
		HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
		if (!HeapTupleIsValid(tuple)) return read;
		const Form_pg_authid row = (Form_pg_authid) GETSTRUCT(tuple);
		read.exists = true;
		read.can_login = row->rolcanlogin;
		read.superuser = row->rolsuper;
		ReleaseSysCache(tuple);
		read.can_connect = DatumGetBool(
		    DirectFunctionCall3(has_database_privilege_id_id, ObjectIdGetDatum(role),
		                        ObjectIdGetDatum(MyDatabaseId), PointerGetDatum(cstring_to_text("CONNECT"))));
		return read;
	});
}

} // namespace

std::optional<std::string> unreachable_reason(Oid role) {
	const Role found = read(role);
	if (!found.exists) return "role " + std::to_string(role) + " does not exist any longer";
	const std::string name = "role \"" + pg::role_name(role) + "\"";
	if (found.superuser && !settings::superuser_owners())
		return name + " is a superuser, and playbook.superuser_owners is off";
	if (pg::compat::workers_need_login && !found.can_login) return name + " may not log in";
	if (!found.can_connect) return name + " may not connect to this database";
	return std::nullopt;
}

} // namespace playbook::worker
