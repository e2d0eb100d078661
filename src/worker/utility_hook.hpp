// Commands that nobody may stand in the way of: DROP DATABASE, CREATE DATABASE … TEMPLATE, ALTER DATABASE …
// RENAME or SET TABLESPACE, DROP EXTENSION and ALTER EXTENSION of playbook. Our workers leave the database
// before such a command runs, and stay away until its transaction has ended.
#pragma once

namespace playbook::worker {

// From _PG_init, while preloading.
void register_utility_hook();

} // namespace playbook::worker
