// SQL-callable: playbook_library_list (sql/playbook/60_library.sql).
#include "definition/library.hpp"
#include "pg/function.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_library_list);
PLAYBOOK_EXPORT_END

using namespace playbook;

Datum playbook_library_list(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		pg::ResultSet rows(fcinfo);
		for (const definition::LibraryEntry &entry : definition::library()) {
			const definition::Definition &definition = *entry.definition;
			const Value *version = definition.document.find("version");
			const Value *parameters = definition.document.find("parameters");
			rows.row({pg::text(definition.id), pg::text(definition.name), pg::text(definition.description),
			          version != nullptr ? pg::text(version->as_text()) : pg::null(),
			          pg::jsonb(parameters != nullptr ? *parameters : Value::array()), pg::text(entry.text)});
		}
		return rows.done(fcinfo);
	});
}
