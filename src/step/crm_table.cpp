#include "step/crm_table.hpp"

#include "definition/wording.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "step/data_step.hpp"

namespace playbook::step {
namespace {

bool is_readable_relation(char kind) {
	return kind == 'r' || kind == 'p' || kind == 'v' || kind == 'm' || kind == 'f';
}

std::vector<std::string> objects_in(Oid schema, Oid owner) {
	const pg::Spi spi;
	const pg::Rows rows =
	    pg::query_once("SELECT relname::text FROM pg_catalog.pg_class WHERE relnamespace = $1 AND relkind IN "
	                   "('r', 'p', 'v', 'm', 'f') "
	                   "AND pg_catalog.has_table_privilege($2, oid, 'SELECT') ORDER BY relname LIMIT 100",
	                   {{OIDOID, pg::oid(schema)}, {OIDOID, pg::oid(owner)}}, true);
	std::vector<std::string> names;
	for (std::size_t i = 0; i < rows.size(); ++i) names.push_back(rows.text(i, 0));
	return names;
}

} // namespace

const CrmColumn &CrmTable::property(const std::string &name) const {
	for (const CrmColumn &column : columns)
		if (column.name == name) return column;
	std::vector<std::string> names;
	for (const CrmColumn &column : columns) names.push_back(column.name);
	require_column(name, names, "CRM object \"" + object + "\"");
	return columns.front();
}

bool CrmTable::has(const std::string &name) const {
	return std::any_of(columns.begin(), columns.end(),
	                   [&](const CrmColumn &column) { return column.name == name; });
}

std::vector<std::string> CrmTable::keys() const {
	std::vector<std::string> found;
	for (const CrmColumn &column : columns)
		if (column.name == "id" || column.name.ends_with("_id") || column.name.starts_with("associated_"))
			found.push_back(column.name);
	return found;
}

CrmTable crm_table(const std::string &object, Oid owner) {
	const std::string schema_name = settings::crm_schema();
	const Oid schema = pg::call([&] { return get_namespace_oid(schema_name.c_str(), true); });
	if (!OidIsValid(schema))
		throw pg::Error(ERRCODE_UNDEFINED_SCHEMA,
		                "schema \"" + schema_name + "\" of the local CRM does not exist", "",
		                "Set playbook.crm_schema to the schema that holds deals, contacts and companies.");
	const Oid relation = pg::call([&] { return get_relname_relid(object.c_str(), schema); });
	if (!OidIsValid(relation) || !is_readable_relation(pg::call([&] { return get_rel_relkind(relation); }))) {
		const std::string hint = definition::suggestion(object, objects_in(schema, owner), "There are");
		throw pg::Error(ERRCODE_UNDEFINED_TABLE,
		                "CRM object " + definition::quoted(object) + " does not exist",
		                "Schema \"" + schema_name + "\" has no table or view of that name.", hint);
	}
	// Otherwise the list of known columns would tell what the owner must not see.
	const bool readable = pg::call([&] {
		return pg_class_aclcheck(relation, owner, ACL_SELECT) == ACLCHECK_OK ||
		       pg_attribute_aclcheck_all(relation, owner, ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK;
	});
	if (!readable)
		throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for CRM object \"" + object + "\"",
		                "", "The playbook's owner needs SELECT on it.");
	CrmTable table;
	table.object = object;
	table.qualified = pg::call(
	    [&]() -> const char * { return quote_qualified_identifier(schema_name.c_str(), object.c_str()); });
	const TupleDesc descriptor = pg::call([&] {
		Relation opened = table_open(relation, AccessShareLock);
		TupleDesc copy = CreateTupleDescCopy(RelationGetDescr(opened));
		table_close(opened, AccessShareLock);
		return copy;
	});
	for (int i = 0; i < descriptor->natts; ++i) {
		const Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
		if (!attribute->attisdropped)
			table.columns.push_back({NameStr(attribute->attname), attribute->atttypid});
	}
	return table;
}

} // namespace playbook::step
