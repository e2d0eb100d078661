#include "pg/identity.hpp"

#include "pg/installation.hpp"

namespace playbook::pg {
namespace {

// Whom the innermost EngineIdentity was entered from; invalid outside of one.
Oid engine_caller = InvalidOid;

} // namespace

EngineIdentity::EngineIdentity() {
	const Oid engine = installation().engine_role;
	if (!OidIsValid(engine))
		throw Error(ERRCODE_UNDEFINED_OBJECT, "role \"playbook_engine\" does not exist", "",
		            "Create it again: CREATE ROLE playbook_engine NOLOGIN; then reinstall the extension.");
	settings_.set("search_path", "pg_catalog, pg_temp");
	GetUserIdAndSecContext(&user_, &security_);
	outer_caller_ = engine_caller;
	if (user_ != engine || !OidIsValid(engine_caller)) engine_caller = user_;
	SetUserIdAndSecContext(engine, security_ | SECURITY_LOCAL_USERID_CHANGE);
}

EngineIdentity::~EngineIdentity() {
	SetUserIdAndSecContext(user_, security_);
	engine_caller = outer_caller_;
}

Oid EngineIdentity::caller() {
	const Oid user = GetUserId();
	const bool is_engine = OidIsValid(engine_caller) && user == installation().engine_role;
	return is_engine ? engine_caller : user;
}

bool is_session_of(Oid role) {
	return GetAuthenticatedUserId() == role && GetSessionUserId() == role && GetOuterUserId() == role;
}

OwnerIdentity::OwnerIdentity(Oid owner, bool restricted) {
	if (restricted) portals_.emplace();
	GetUserIdAndSecContext(&user_, &security_);
	const int flags = restricted ? SECURITY_RESTRICTED_OPERATION | SECURITY_LOCAL_USERID_CHANGE : 0;
	SetUserIdAndSecContext(owner, security_ | flags);
}

OwnerIdentity::~OwnerIdentity() {
	portals_.reset(); // as the owner still: it is the owner's cursors that end
	SetUserIdAndSecContext(user_, security_);
}

CallerIdentity::CallerIdentity(const OwnerIdentity &entered) {
	GetUserIdAndSecContext(&owner_, &security_);
	SetUserIdAndSecContext(entered.user_, entered.security_);
}

CallerIdentity::~CallerIdentity() { SetUserIdAndSecContext(owner_, security_); }

} // namespace playbook::pg
