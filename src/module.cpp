// The library's entry: settings, shared memory and the launcher are registered here and nowhere else.
#include "pg/guard.hpp"
#include "pg/installation.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_MODULE_MAGIC;
void _PG_init(void);
PLAYBOOK_EXPORT_END

void _PG_init(void) {
	playbook::pg::entry([] { playbook::pg::register_installation_callbacks(); });
}
