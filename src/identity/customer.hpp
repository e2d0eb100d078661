// The customer source and the people: what `customer.*` and `csm.*` mean.
//
// The source is a table or view of the application, named once by playbook_set_customer_source().
// read_customer() reads it as the current user, who is the playbook's owner while a step runs: a playbook
// sees no customer that its owner cannot select. Who covers a customer is a question of visibility and is
// asked with the rights of the relation's owner (coverage.hpp), as a foreign key's check is.
#pragma once

#include "pg/guard.hpp"
#include "value/value.hpp"

namespace playbook::identity {

// What playbook_customer_source holds, with what the catalogs say about it.
struct CustomerSource {
	Oid relation = InvalidOid;
	Oid relation_owner = InvalidOid;
	std::string relation_name; // qualified and quoted
	std::string key_column;    // as they are, not quoted
	std::string csm_column;    // "" when there is none
	Oid key_type = InvalidOid; // base type of the key column
	Value mapping;             // {"name": "account_name"}
	bool operator==(const CustomerSource &) const = default;
};
// Null while none is declared. Throws 42P01 or 42703 with a hint when its relation or a column is gone. Read
// once for a command: a declaration by this transaction counts at once, one by another when this transaction
// has ended or written something.
std::shared_ptr<const CustomerSource> customer_source();
bool customer_source_declared();

// The row of that customer as an object, its numbers with all their digits; the mapped names beside the
// columns; "id" is the key as text. Nullopt when there is no such customer. While no source is declared every
// id is a customer and
// {"id": …} is all there is. Needs a transaction; opens its own SPI connection.
std::optional<Value> read_customer(const std::string &id);

// The CSM of a customer that read_customer() returned: {id, email, name, time_zone, manager, manager_name,
// manager_email} and the person's attributes beside them; {id, name, email} of the text itself when no such
// person is known. Nullopt when the source names no CSM column or the customer has none.
std::optional<Value> read_csm(const Value &customer);

// The id of the person that an id, an e-mail address or an exact, unambiguous name means; else the text
// itself.
std::string resolve_person(const std::string &named);

// A name as SQL reads it.
std::string quoted(const std::string &name);

// An expression that compares the source's key column with `$1`, so that the key's own index serves; and $1's
// type.
struct KeyComparison {
	std::string condition; // "s.account_id OPERATOR(pg_catalog.=) $1"
	Oid parameter = InvalidOid;
};
KeyComparison key_comparison(const CustomerSource &source);
// The customer's id as that parameter; nullopt when the text is no value of the key's type, so there is no
// such row.
std::optional<Datum> key_datum(const CustomerSource &source, const std::string &id);

} // namespace playbook::identity
