// Every difference between server versions 15 to 18: our name, one meaning, the server's call behind it.
// No other file of this project asks for a version number. Included by pg/postgres.hpp only.
#pragma once

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "playbook supports PostgreSQL 15 to 18; this server's headers are of another version"
#endif

#if PG_VERSION_NUM >= 160000
extern "C" {
#include "varatt.h"
}
#endif

namespace playbook::pg::compat {

// Exported entry points need default visibility; PGDLLEXPORT is empty before 16.
#define PLAYBOOK_EXPORT_BEGIN _Pragma("GCC visibility push(default)") extern "C" {
#define PLAYBOOK_EXPORT_END } _Pragma("GCC visibility pop")

// Flags for a background worker's connection: from 17 on a role may run one without the LOGIN attribute.
#if PG_VERSION_NUM >= 170000
inline constexpr uint32 worker_login_bypass = 0x0002 /* BGWORKER_BYPASS_ROLELOGINCHECK */;
inline constexpr bool workers_need_login = false;
#else
inline constexpr uint32 worker_login_bypass = 0;
inline constexpr bool workers_need_login = true;
#endif

// The role of the oid may act as `role` (membership with inheritance): has_privs_of_role in every version.
inline bool has_privileges_of(Oid member, Oid role) { return has_privs_of_role(member, role); }

} // namespace playbook::pg::compat
