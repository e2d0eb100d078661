#include "result/column_type.hpp"

extern "C" {
#include "access/transam.h"
#include "utils/varlena.h"
}

namespace playbook::result {
namespace {

// Types whose input or typreceive only says that it is impossible.
bool cannot_be_read(Oid type) {
	switch (type) {
	case PG_NODE_TREEOID:
	case PG_NDISTINCTOID:
	case PG_DEPENDENCIESOID:
	case PG_MCV_LISTOID:
	case PG_BRIN_BLOOM_SUMMARYOID:
	case PG_BRIN_MINMAX_MULTI_SUMMARYOID:
	case GTSVECTOROID:
	case UNKNOWNOID: return true;
	default: return false;
	}
}

// Called inside call().
bool has_binary_form(Oid type) {
	if (type >= FirstGenbkiObjectId || cannot_be_read(type)) return false;
	const char kind = get_typtype(type);
	if (kind != TYPTYPE_BASE && kind != TYPTYPE_RANGE && kind != TYPTYPE_MULTIRANGE) return false;
	const Oid element = get_element_type(type);
	if (OidIsValid(element)) return has_binary_form(element);
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple)) return false;
	const Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
	const bool both = OidIsValid(form->typsend) && OidIsValid(form->typreceive);
	ReleaseSysCache(tuple);
	return both;
}

// What has neither a usable binary form nor a text that could be read back, becomes plain text. Called inside
// call().
bool is_only_printable(Oid type) {
	const Oid element = get_element_type(type);
	if (OidIsValid(element)) return is_only_printable(element);
	return type < FirstGenbkiObjectId || get_typtype(type) == TYPTYPE_PSEUDO;
}

// Called inside call(). Null when the type is gone.
const char *qualified_name(Oid type) {
	const Oid element = get_element_type(type);
	if (OidIsValid(element)) {
		const char *name = qualified_name(element);
		return name == nullptr ? nullptr : psprintf("%s[]", name);
	}
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple)) return nullptr;
	const Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
	const char *schema = get_namespace_name(form->typnamespace);
	const char *name =
	    schema == nullptr ? nullptr : quote_qualified_identifier(schema, NameStr(form->typname));
	ReleaseSysCache(tuple);
	return name;
}

} // namespace

Column column_of(const char *name, Oid type, std::int32_t typmod) {
	Column column;
	column.name = name;
	column.typmod = typmod;
	column.as_text = !pg::call([type] { return has_binary_form(type); });
	if (column.as_text && pg::call([type] { return is_only_printable(type); })) type = InvalidOid;
	const char *qualified = OidIsValid(type) ? pg::call([type] { return qualified_name(type); }) : nullptr;
	if (qualified == nullptr) column.typmod = -1;
	column.type = qualified == nullptr ? "pg_catalog.text" : qualified;
	return column;
}

Oid find_type(const std::string &name) {
	std::string plain = name;
	const bool array = plain.ends_with("[]");
	if (array) plain.resize(plain.size() - 2);
	return pg::call([&plain, array]() -> Oid {
		List *parts = NIL;
		if (!SplitIdentifierString(pstrdup(plain.c_str()), '.', &parts) || list_length(parts) != 2)
			return InvalidOid;
		const Oid schema = get_namespace_oid(static_cast<const char *>(linitial(parts)), true);
		if (!OidIsValid(schema)) return InvalidOid;
		const Oid type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
		                                 CStringGetDatum(static_cast<const char *>(lsecond(parts))),
		                                 ObjectIdGetDatum(schema));
		if (!OidIsValid(type) || !get_typisdefined(type)) return InvalidOid;
		return array ? get_array_type(type) : type;
	});
}

Oid type_of(const Column &column) {
	const Oid type = find_type(column.type);
	if (OidIsValid(type)) return type;
	if (!column.as_text)
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "type \"" + column.type + "\" of column \"" + column.name +
		                                              "\" does not exist in this server");
	return TEXTOID;
}

TextForm::TextForm() {
	settings_.set("search_path", "pg_catalog, pg_temp"); // temporary types last, not first
	settings_.set("datestyle", "ISO, YMD");
	settings_.set("intervalstyle", "postgres");
	settings_.set("extra_float_digits", "1");
	settings_.set("bytea_output", "hex");
	settings_.set("lc_monetary", "C");
}

} // namespace playbook::result
