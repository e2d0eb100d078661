// A second module, whose initialization throws: LOAD must fail with that error and nothing more.
#include "pg/guard.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_MODULE_MAGIC;
void _PG_init(void);
PLAYBOOK_EXPORT_END

void _PG_init(void) {
	playbook::pg::entry([] {
		throw playbook::pg::Error(ERRCODE_CONFIG_FILE_ERROR, "initialization failed", "The detail.",
		                          "The hint.");
	});
}
