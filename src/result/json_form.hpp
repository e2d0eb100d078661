// Rows as the server itself writes them in JSON: to_json for text whose members keep their order and numbers
// their digits, to_jsonb for what SQL functions return.
#pragma once

#include "pg/guard.hpp"

namespace playbook::result {

class JsonForm {
public:
	// Whole rows, or one column's values. Keeps its functions in CurrentMemoryContext.
	explicit JsonForm(TupleDesc descriptor, int column = -1);
	std::string text_of(const Datum *values, const bool *nulls) const;
	// Made in CurrentMemoryContext.
	Datum jsonb_of(const Datum *values, const bool *nulls) const;

private:
	Datum subject(const Datum *values, const bool *nulls) const;

	TupleDesc descriptor_;
	int column_;
	mutable FmgrInfo to_json_{};
	mutable FmgrInfo to_jsonb_{};
};

} // namespace playbook::result
