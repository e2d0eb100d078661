// How values of a type are kept: in which form, under which name, and how that name is found again.
//
// Binary form is for PostgreSQL's own types, whose numbers are the same in every database. A type that
// somebody created, and an array of one, is kept as text: its binary form may hold numbers that mean nothing
// after a dump, and nothing could read it once the type is gone.
#pragma once

#include "pg/transaction.hpp"
#include "result/row_set.hpp"

namespace playbook::result {

// Describes a column of a statement's result.
Column column_of(const char *name, Oid type, std::int32_t typmod);
// The type of that qualified name; InvalidOid when there is none (any more).
Oid find_type(const std::string &name);
// The type that rows of this column have when they are read now: text when its own is gone.
Oid type_of(const Column &column);

// The text form of a value depends on settings; while this lives they are those under which every text is
// exact and is read back as the same value.
class TextForm {
public:
	TextForm();

private:
	pg::SettingScope settings_;
};

} // namespace playbook::result
