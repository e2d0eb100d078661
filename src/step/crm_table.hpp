// An object of the local CRM: a table (or view) of the schema playbook.crm_schema.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

struct CrmColumn {
	std::string name;
	Oid type = InvalidOid;
};

struct CrmTable {
	std::string object;
	std::string qualified; // quoted
	std::vector<CrmColumn> columns;

	// Throws 42703, listing the properties there are.
	const CrmColumn &property(const std::string &name) const;
	bool has(const std::string &name) const;
	// The row's own key and the keys of what it is associated with: id, deal_id, company_id,
	// associated_company …
	std::vector<std::string> keys() const;
};

// Throws 42P01, listing the objects there are, or 42501 when the owner may not read it.
CrmTable crm_table(const std::string &object, Oid owner);

} // namespace playbook::step
