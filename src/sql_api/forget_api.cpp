// What playbook_forget_customer (sql/playbook/49_forget_functions.sql) asks of texts, documents and row sets.
#include "pg/function.hpp"
#include "result/erasure.hpp"
#include "result/row_set.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_mentions);
PG_FUNCTION_INFO_V1(playbook_without);
PG_FUNCTION_INFO_V1(playbook_rows_without);
PLAYBOOK_EXPORT_END

using namespace playbook;

Datum playbook_mentions(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return BoolGetDatum(result::mentions(args.text(0, "said"), args.texts(1, "words")));
	});
}

Datum playbook_without(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return pg::jsonb_datum(result::without(args.jsonb(0, "document"), args.texts(1, "words")));
	});
}

Datum playbook_rows_without(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		// bytea and text are both plain varlenas
		const result::Remaining left = result::reading_chunks(
		    [&] { return result::rows_without(args.text(0, "rows"), args.texts(1, "words")); });
		return pg::composite(fcinfo, {pg::datum(pg::text_datum(left.chunk)), pg::int4(left.rows)});
	});
}
