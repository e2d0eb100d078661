// Every difference between server versions 15 to 18: our name, one meaning, the server's call behind it.
// No other file of this project asks for a version number. Included by pg/postgres.hpp only.
#pragma once

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "playbook supports PostgreSQL 15 to 18; this server's headers are of another version"
#endif

extern "C" {
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "executor/executor.h"
#include "utils/tuplesort.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
}

namespace playbook::pg::compat {

// Exported entry points need default visibility; PGDLLEXPORT is empty before 16.
#define PLAYBOOK_EXPORT_BEGIN _Pragma("GCC visibility push(default)") extern "C" {
#define PLAYBOOK_EXPORT_END                                                                                  \
	}                                                                                                        \
	_Pragma("GCC visibility pop")

// Flags for a background worker's connection: from 17 on a role may run one without the LOGIN attribute.
#if PG_VERSION_NUM >= 170000
inline constexpr uint32 worker_login_bypass = 0x0002 /* BGWORKER_BYPASS_ROLELOGINCHECK */;
inline constexpr bool workers_need_login = false;
#else
inline constexpr uint32 worker_login_bypass = 0;
inline constexpr bool workers_need_login = true;
#endif

// Whether the role may connect to this database.
inline bool may_connect(Oid role) {
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(DatabaseRelationId, MyDatabaseId, role, ACL_CONNECT) == ACLCHECK_OK;
#else
	return pg_database_aclcheck(MyDatabaseId, role, ACL_CONNECT) == ACLCHECK_OK;
#endif
}

inline bool may_create_in(Oid schema, Oid role) {
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(NamespaceRelationId, schema, role, ACL_CREATE) == ACLCHECK_OK;
#else
	return pg_namespace_aclcheck(schema, role, ACL_CREATE) == ACLCHECK_OK;
#endif
}

// Prepares a set-returning function that materializes its rows, for a fixed or a caller-given row type.
inline void init_materialized(FunctionCallInfo info) { InitMaterializedSRF(info, 0); }

// The role of the oid may act as `role` (membership with inheritance): has_privs_of_role in every version.
inline bool has_privileges_of(Oid member, Oid role) { return has_privs_of_role(member, role); }

// Enters a row that is in the table into its indexes; a duplicate in a unique one is an error.
inline void insert_index_entries(ResultRelInfo *table, TupleTableSlot *row, EState *state) {
#if PG_VERSION_NUM >= 160000
	(void) ExecInsertIndexTuples(table, row, state, false, false, nullptr, NIL, false);
#else
	(void) ExecInsertIndexTuples(table, row, state, false, false, nullptr, NIL);
#endif
}

// The number of this process's transaction, whether or not it has a transaction id.
inline LocalTransactionId local_transaction() {
#if PG_VERSION_NUM >= 170000
	return MyProc->vxid.lxid;
#else
	return MyProc->lxid;
#endif
}

// The place of this process in the array of PGPROCs.
inline int process_number() {
#if PG_VERSION_NUM >= 170000
	return MyProcNumber;
#else
	return MyProc->pgprocno;
#endif
}

// have_createdb_privilege() of a role that is no superuser; not every release of 15 exports that.
inline bool may_create_databases(Oid role) {
	HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	if (!HeapTupleIsValid(tuple)) return false;
	const bool may = ((Form_pg_authid) GETSTRUCT(tuple))->rolcreatedb;
	ReleaseSysCache(tuple);
	return may;
}

// Whether the role may drop or alter the database or extension.
inline bool owns_database(Oid database, Oid role) {
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(DatabaseRelationId, database, role);
#else
	return pg_database_ownercheck(database, role);
#endif
}
inline bool owns_extension(Oid extension, Oid role) {
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(ExtensionRelationId, extension, role);
#else
	return pg_extension_ownercheck(extension, role);
#endif
}

// The next value of a sort, a copy that the caller may free; false: there is none.
inline bool next_sorted(Tuplesortstate *sort, Datum *value, bool *is_null) {
#if PG_VERSION_NUM >= 160000
	return tuplesort_getdatum(sort, true, true, value, is_null, nullptr);
#else
	return tuplesort_getdatum(sort, true, value, is_null, nullptr);
#endif
}

} // namespace playbook::pg::compat
