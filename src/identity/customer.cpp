#include "identity/customer.hpp"

#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "pg/moment.hpp"
#include "pg/spi.hpp"

namespace playbook::identity {
namespace {

// The plan that reads one customer, kept while the source stays what it is.
struct Reader {
	CustomerSource source;
	std::uint64_t generation = 0;
	SPIPlanPtr plan = nullptr;
};

bool is_text_like(Oid type) {
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID || type == NAMEOID;
}
bool is_integer(Oid type) { return type == INT2OID || type == INT4OID || type == INT8OID; }

// "-12": what an integer prints as; "007" is no customer's id.
std::optional<std::int64_t> canonical_integer(const std::string &text) {
	const std::optional<std::int64_t> number = Value(Number{text}).as_integer();
	if (!number || std::to_string(*number) != text) return std::nullopt;
	return number;
}

bool is_canonical_uuid(const std::string &text) {
	if (text.size() != 36) return false;
	for (std::size_t i = 0; i < text.size(); ++i) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
		if (dash ? text[i] != '-' : !digit) return false;
	}
	return true;
}

[[noreturn]] void refuse_missing_column(const CustomerSource &source, const std::string &column) {
	throw pg::Error(ERRCODE_UNDEFINED_COLUMN,
	                "column \"" + column + "\" of the customer source does not exist",
	                "The customer source is " + source.relation_name + ".",
	                "Declare the source again with playbook_set_customer_source().");
}

// Fills in what the catalogs know.
void describe(CustomerSource &source) {
	char *schema = nullptr, *name = nullptr;
	AttrNumber key = InvalidAttrNumber;
	pg::call([&] {
		HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(source.relation));
		if (!HeapTupleIsValid(tuple)) return;
		const Form_pg_class relation = (Form_pg_class) GETSTRUCT(tuple);
		name = pstrdup(NameStr(relation->relname));
		source.relation_owner = relation->relowner;
		const Oid in = relation->relnamespace;
		ReleaseSysCache(tuple);
		schema = get_namespace_name(in);
		key = get_attnum(source.relation, source.key_column.c_str());
		if (key != InvalidAttrNumber) source.key_type = getBaseType(get_atttype(source.relation, key));
	});
	if (name == nullptr || schema == nullptr)
		throw pg::Error(ERRCODE_UNDEFINED_TABLE,
		                "the relation of the customer source does not exist any more", "",
		                "Declare the source again with playbook_set_customer_source().");
	source.relation_name = quoted(schema) + "." + quoted(name);
	if (key == InvalidAttrNumber) refuse_missing_column(source, source.key_column);
}

Reader &reader_of(const CustomerSource &source) {
	static Reader kept;
	const std::uint64_t generation = pg::installation().generation;
	if (kept.plan != nullptr && kept.generation == generation && kept.source == source) return kept;
	if (kept.plan != nullptr) {
		SPIPlanPtr old = std::exchange(kept.plan, nullptr);
		pg::call([old] { SPI_freeplan(old); });
	}
	const KeyComparison comparison = key_comparison(source);
	// Every name is qualified: the statement runs with the search_path of a playbook's author.
	const std::string sql = "SELECT pg_catalog.to_jsonb(s), s." + quoted(source.key_column) +
	                        "::pg_catalog.text FROM " + source.relation_name + " s WHERE " +
	                        comparison.condition;
	kept.plan = pg::call([&] {
		Oid type = comparison.parameter;
		SPIPlanPtr plan = SPI_prepare(sql.c_str(), 1, &type);
		if (plan == nullptr)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		return plan;
	});
	kept.source = source;
	kept.generation = generation;
	return kept;
}

// Kept, since a batch asks for every one of its steps.
struct Declared {
	pg::Moment read_at;
	std::shared_ptr<const CustomerSource> source; // null: none is declared
	bool described = false;                       // what the catalogs know is filled in
};

Declared &declared_now() {
	static auto *const kept = new Declared();
	const pg::Moment now = pg::Moment::now();
	if (kept->read_at == now) return *kept;
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement find(
	    "SELECT relation, key_column::pg_catalog.text, csm_column::pg_catalog.text, mapping"
	    " FROM @playbook_customer_source",
	    {});
	const pg::Rows rows = find.query({});
	Declared read{now, nullptr, false};
	if (!rows.empty()) {
		CustomerSource source;
		source.relation = rows.oid(0, 0);
		source.key_column = rows.text(0, 1);
		source.csm_column = rows.text_or_null(0, 2).value_or("");
		source.mapping = rows.jsonb(0, 3);
		read.source = std::make_shared<const CustomerSource>(std::move(source));
	}
	return *kept = std::move(read);
}

// A person by id, else by e-mail address whatever its case.
pg::Rows find_person(const std::string &named) {
	static pg::Statement find(
	    "SELECT p.id, p.email, p.name, p.time_zone, p.manager, m.name, m.email, p.attributes, p.deputy"
	    " FROM @playbook_people p LEFT JOIN @playbook_people m ON m.id = p.manager"
	    " WHERE p.id = $1 OR pg_catalog.lower(p.email) = pg_catalog.lower($1) ORDER BY p.id = $1 DESC, p.id "
	    "LIMIT 1",
	    {TEXTOID});
	return find.query({pg::text(named)});
}

Value text_or_null(const pg::Rows &rows, int column) {
	const std::optional<std::string> text = rows.text_or_null(0, column);
	return text ? Value(*text) : Value();
}

} // namespace

std::string quoted(const std::string &name) {
	return pg::call([&name] { return quote_identifier(name.c_str()); });
}

std::shared_ptr<const CustomerSource> customer_source() {
	Declared &declared = declared_now();
	if (declared.source != nullptr && !declared.described) {
		CustomerSource source = *declared.source;
		describe(source);
		declared.source = std::make_shared<const CustomerSource>(std::move(source));
		declared.described = true;
	}
	return declared.source;
}

bool customer_source_declared() { return declared_now().source != nullptr; }

KeyComparison key_comparison(const CustomerSource &source) {
	const std::string column = "s." + quoted(source.key_column);
	if (is_integer(source.key_type)) return {column + " OPERATOR(pg_catalog.=) $1", INT8OID};
	if (source.key_type == UUIDOID) return {column + " OPERATOR(pg_catalog.=) $1", UUIDOID};
	if (is_text_like(source.key_type)) return {column + " OPERATOR(pg_catalog.=) $1", TEXTOID};
	// Another type: correct, but without the key's index.
	return {column + "::pg_catalog.text OPERATOR(pg_catalog.=) $1", TEXTOID};
}

std::optional<Datum> key_datum(const CustomerSource &source, const std::string &id) {
	if (is_integer(source.key_type)) {
		const std::optional<std::int64_t> number = canonical_integer(id);
		if (!number) return std::nullopt;
		return Int64GetDatum(*number);
	}
	if (source.key_type == UUIDOID) {
		if (!is_canonical_uuid(id)) return std::nullopt;
		return pg::input_datum(id, UUIDOID);
	}
	return pg::text_datum(id);
}

std::optional<Value> read_customer(const std::string &id) {
	const std::shared_ptr<const CustomerSource> source = customer_source();
	if (!source) {
		Value customer = Value::object();
		customer.set("id", id);
		return customer;
	}
	const std::optional<Datum> key = key_datum(*source, id);
	if (!key) return std::nullopt;
	const pg::Spi connection;
	const Reader &reader = reader_of(*source);
	Datum argument = *key;
	const int result = pg::call([&] { return SPI_execute_plan(reader.plan, &argument, nullptr, false, 2); });
	if (result != SPI_OK_SELECT)
		throw pg::Error(ERRCODE_INTERNAL_ERROR, "could not read the customer source");
	const pg::Rows rows(SPI_tuptable, SPI_processed);
	if (rows.empty()) return std::nullopt;
	if (rows.size() > 1)
		throw pg::Error(
		    ERRCODE_CARDINALITY_VIOLATION, "customer \"" + id + "\" has more than one row",
		    "The customer source is " + source->relation_name + ", its key is \"" + source->key_column +
		        "\".",
		    "Make the key unique, or declare another relation with playbook_set_customer_source().");
	Value customer = rows.jsonb(0, 0);
	if (rows.text_or_null(0, 1) != id) return std::nullopt; // equal, but not the id: 'A ' for a bpchar, say
	if (source->mapping.is_object()) {
		std::vector<Member> mapped;
		for (const Member &name : source->mapping.members()) {
			const Value *column = name.value.is_string() ? customer.find(name.value.string()) : nullptr;
			if (column == nullptr) refuse_missing_column(*source, name.value.as_text());
			mapped.push_back({name.key, *column});
		}
		for (Member &name : mapped) customer.set(name.key, std::move(name.value));
	}
	customer.set("id", id);
	return customer;
}

std::optional<Value> read_csm(const Value &customer) {
	const std::shared_ptr<const CustomerSource> source = customer_source();
	if (!source || source->csm_column.empty()) return std::nullopt;
	const Value *named = customer.find(source->csm_column);
	if (named == nullptr || named->is_null()) return std::nullopt;
	const std::string text = named->as_text();

	const pg::Spi connection;
	const pg::EngineIdentity engine;
	const pg::Rows rows = find_person(text);
	Value csm = Value::object();
	if (rows.empty()) {
		csm.set("id", text);
		csm.set("name", text);
		csm.set("email", text.find('@') != std::string::npos ? Value(text) : Value());
		return csm;
	}
	const Value attributes = rows.jsonb_or_null(0, 7);
	if (attributes.is_object()) csm = attributes;
	const char *const names[] = {"id",      "email",        "name",         "time_zone",
	                             "manager", "manager_name", "manager_email"};
	for (int column = 0; column < 7; ++column) csm.set(names[column], text_or_null(rows, column));
	csm.set("deputy", text_or_null(rows, 8));
	return csm;
}

std::string resolve_person(const std::string &named) {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	{
		const pg::Rows rows = find_person(named);
		if (!rows.empty()) return rows.text(0, 0);
	}
	static pg::Statement by_name("SELECT id FROM @playbook_people WHERE name = $1 LIMIT 2", {TEXTOID});
	const pg::Rows rows = by_name.query({pg::text(named)});
	return rows.size() == 1 ? rows.text(0, 0) : named;
}

} // namespace playbook::identity
