// Every playbook.* setting: registered in one table in settings.cpp, read here. doc/operations.md lists them
// all.
#pragma once

#include <cstdint>
#include <string>

namespace playbook::settings {

// Engine
std::int64_t priority_ageing_microseconds(); // playbook.priority_ageing: what one point of priority is worth
int max_executors(); // playbook.max_executors: executor processes in all databases together
int batch_size();    // playbook.batch_size: executions claimed at once
std::int64_t batch_time_microseconds();  // playbook.batch_time: a batch commits after that long
std::int64_t step_budget_microseconds(); // playbook.step_budget: an SQL step in a batch that takes longer is
                                         // done again alone
std::int64_t executor_idle_microseconds(); // playbook.executor_idle: an executor without work leaves after
                                           // that long
std::int64_t cancel_grace_microseconds();  // playbook.cancel_grace: a cancelled step that still runs after
                                           // that has its executor ended
bool superuser_owners(); // playbook.superuser_owners: whether executions owned by superusers may run
// Data
std::string data_warehouse();     // playbook.data_warehouse: a foreign server, or "" for this database
std::string crm();                // playbook.crm: a foreign server, or "" for the schema playbook.crm_schema
std::string crm_schema();         // playbook.crm_schema
std::string output_schema();      // playbook.output_schema: where the views of outputs are made
std::string artifact_directory(); // playbook.artifact_directory: of the server; "": no exports
std::int64_t max_rows();          // playbook.max_rows: rows a step may return
std::int64_t result_rows();       // playbook.result_rows: rows per step in a result document
std::int64_t max_row_set_bytes(); // playbook.max_row_set_size
// People
std::string actor();     // playbook.actor
std::string time_zone(); // playbook.timezone; "" : the server's
std::string locale();    // playbook.locale
std::string currency();  // playbook.currency
bool strict_templates(); // playbook.strict_templates
bool outbox_delivers();  // playbook.outbox = deliver
// Notification
enum class Notify { Off, Playbook, All };
Notify notify(); // playbook.notify: off | playbook | all
int notify_limit();
std::int64_t feed_retention_microseconds(); // playbook.feed_retention
// Limits
std::int64_t max_definition_bytes(); // playbook.max_definition_size
int max_items();                     // playbook.max_items: items of a for_each
int max_nesting();                   // playbook.max_nesting: executions within executions

int max_signals(); // playbook.max_signals: kept for one execution
// Retention, in days; -1: forever
int retention_completed(); // playbook.retention_completed
int retention_failed();    // playbook.retention_failed
int retention_cancelled(); // playbook.retention_cancelled

// Called once from _PG_init.
void define();

} // namespace playbook::settings
