// The library's entry: settings, callbacks, shared memory and the launcher are registered here and nowhere
// else.
#include "pg/constraint_modes.hpp"
#include "pg/guard.hpp"
#include "pg/installation.hpp"
#include "pg/interrupt.hpp"
#include "settings.hpp"
#include "worker/shared_state.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_MODULE_MAGIC;
void _PG_init(void);
PLAYBOOK_EXPORT_END

void _PG_init(void) {
	playbook::pg::entry([] {
		playbook::settings::define();
		playbook::pg::register_installation_callbacks();
		playbook::pg::watch_constraint_modes();
		playbook::pg::set_cancel_poll(playbook::worker::cancel_requested);
		if (process_shared_preload_libraries_in_progress) playbook::worker::define();
	});
}
