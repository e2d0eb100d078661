#include "settings.hpp"

#include <limits>

#include "fault_points.hpp"
#include "pg/guard.hpp"

namespace playbook::settings {
namespace {

// Storage that the server writes to; plain data, no constructors.
int priority_ageing_value = 60;
int max_executors_value = 4;
int batch_size_value = 500;
int batch_time_value = 15;
int step_budget_value = 50;
int executor_idle_value = 60;
int cancel_grace_value = 5;
bool superuser_owners_value = true;
char *data_warehouse_value = nullptr;
char *crm_value = nullptr;
char *crm_schema_value = nullptr;
char *output_schema_value = nullptr;
char *artifact_directory_value = nullptr;
int max_rows_value = 1000000;
int result_rows_value = 1000;
int max_row_set_size_value = 256;
char *actor_value = nullptr;
char *time_zone_value = nullptr;
char *locale_value = nullptr;
char *currency_value = nullptr;
bool strict_templates_value = false;
int outbox_value = 0;
int notify_value = 2;
int notify_limit_value = 1000;
int feed_retention_value = 1440;
int max_definition_size_value = 1024;
int max_items_value = 100000;
int max_nesting_value = 16;
int retention_completed_value = 90;
int retention_failed_value = 90;
int retention_cancelled_value = 90;
int max_signals_value = 1000;

const config_enum_entry outbox_options[] = {{"record", 0, false}, {"deliver", 1, false}, {nullptr, 0, false}};
const config_enum_entry notify_options[] = {
    {"off", 0, false}, {"playbook", 1, false}, {"all", 2, false}, {nullptr, 0, false}};

struct IntegerSetting {
	const char *name;
	const char *description;
	int *value;
	int boot, minimum, maximum;
	GucContext context;
	int unit;
};

struct TextSetting {
	const char *name;
	const char *description;
	char **value;
	const char *boot;
	GucContext context;
};

constexpr int any = std::numeric_limits<int>::max();

const IntegerSetting integers[] = {
    {"playbook.priority_ageing",
     "For each point of priority an execution goes before those that have been due that much longer.",
     &priority_ageing_value, 60, 0, 86400, PGC_SUSET, GUC_UNIT_S},
    {"playbook.max_executors", "Executor processes in all databases together.", &max_executors_value, 4, 1,
     64, PGC_SIGHUP, 0},
    {"playbook.batch_size", "Executions claimed at once by an executor.", &batch_size_value, 500, 1, 1000,
     PGC_SUSET, 0},
    {"playbook.batch_time", "A batch of executions commits after that long.", &batch_time_value, 15, 1, 1000,
     PGC_SUSET, GUC_UNIT_MS},
    {"playbook.step_budget",
     "A step's SQL that takes longer inside a batch is rolled back and done again in a transaction of its "
     "own.",
     &step_budget_value, 50, 1, 900, PGC_SUSET, GUC_UNIT_MS},
    {"playbook.executor_idle", "An executor without work leaves after that long.", &executor_idle_value, 60,
     1, 86400, PGC_SIGHUP, GUC_UNIT_S},
    {"playbook.cancel_grace", "A cancelled step that still runs after that long has its executor ended.",
     &cancel_grace_value, 5, 1, 3600, PGC_SIGHUP, GUC_UNIT_S},
    {"playbook.max_rows", "Rows that one step may return.", &max_rows_value, 1000000, 1, any, PGC_SUSET, 0},
    {"playbook.result_rows", "Rows of each step in a result document.", &result_rows_value, 1000, 0, 1000000,
     PGC_USERSET, 0},
    {"playbook.max_row_set_size", "Size of one step's row set.", &max_row_set_size_value, 256, 1, 1024 * 1024,
     PGC_SUSET, GUC_UNIT_MB},
    {"playbook.notify_limit", "Changes told by NOTIFY in a second; 0: every one.", &notify_limit_value, 1000,
     0, 1000000, PGC_SIGHUP, 0},
    {"playbook.feed_retention", "How long announced changes can be read with playbook_changes().",
     &feed_retention_value, 1440, 1, 527040, PGC_SIGHUP, GUC_UNIT_MIN},
    {"playbook.max_definition_size", "Size of a definition's text.", &max_definition_size_value, 1024, 1,
     65536, PGC_SUSET, GUC_UNIT_KB},
    {"playbook.max_items", "Items that one for_each may have.", &max_items_value, 100000, 1, 1000000,
     PGC_SUSET, 0},
    {"playbook.retention_completed", "Days for which completed executions are kept; -1: forever.",
     &retention_completed_value, 90, -1, 36500, PGC_SUSET, 0},
    {"playbook.retention_failed", "Days for which failed executions are kept; -1: forever.",
     &retention_failed_value, 90, -1, 36500, PGC_SUSET, 0},
    {"playbook.retention_cancelled", "Days for which cancelled executions are kept; -1: forever.",
     &retention_cancelled_value, 90, -1, 36500, PGC_SUSET, 0},
    {"playbook.max_signals", "Signals that are kept for one execution.", &max_signals_value, 1000, 1, 1000000,
     PGC_SUSET, 0},
    {"playbook.max_nesting", "How deep executions may start executions.", &max_nesting_value, 16, 1, 100,
     PGC_SUSET, 0},
};

const TextSetting texts[] = {
    {"playbook.data_warehouse", "The foreign server that data_warehouse steps query; empty: this database.",
     &data_warehouse_value, "", PGC_USERSET},
    {"playbook.crm",
     "The foreign server that crm steps search; empty: the schema named by playbook.crm_schema.", &crm_value,
     "", PGC_USERSET},
    {"playbook.crm_schema", "The schema whose tables crm steps search while playbook.crm is empty.",
     &crm_schema_value, "crm", PGC_USERSET},
    {"playbook.output_schema", "The schema in which the views of outputs are made, where it exists.",
     &output_schema_value, "playbook_outputs", PGC_USERSET},
    {"playbook.artifact_directory",
     "The directory of the server under which playbook_export_artifact() writes; empty: nowhere.",
     &artifact_directory_value, "", PGC_SUSET},
    {"playbook.actor",
     "The person on whose behalf the application acts; believed only for members of playbook_trusted_app.",
     &actor_value, "", PGC_USERSET},
    {"playbook.timezone", "Time zone of dates and times for people; empty: the setting timezone.",
     &time_zone_value, "", PGC_USERSET},
    {"playbook.locale", "Locale of numbers and dates for people.", &locale_value, "en_US", PGC_USERSET},
    {"playbook.currency", "Currency of money for people.", &currency_value, "USD", PGC_USERSET},
};

} // namespace

std::int64_t priority_ageing_microseconds() { return std::int64_t{1000000} * priority_ageing_value; }
int max_executors() { return max_executors_value; }
int batch_size() { return batch_size_value; }
std::int64_t batch_time_microseconds() { return std::int64_t{1000} * batch_time_value; }
std::int64_t step_budget_microseconds() { return std::int64_t{1000} * step_budget_value; }
std::int64_t executor_idle_microseconds() { return std::int64_t{1000000} * executor_idle_value; }
std::int64_t cancel_grace_microseconds() { return std::int64_t{1000000} * cancel_grace_value; }
bool superuser_owners() { return superuser_owners_value; }
std::string data_warehouse() { return data_warehouse_value; }
std::string crm() { return crm_value; }
std::string crm_schema() { return crm_schema_value; }
std::string output_schema() { return output_schema_value; }
std::string artifact_directory() { return artifact_directory_value; }
std::int64_t max_rows() { return max_rows_value; }
std::int64_t result_rows() { return result_rows_value; }
std::int64_t max_row_set_bytes() { return std::int64_t{1048576} * max_row_set_size_value; }
std::string actor() { return actor_value; }
std::string time_zone() { return time_zone_value; }
std::string locale() { return locale_value; }
std::string currency() { return currency_value; }
bool strict_templates() { return strict_templates_value; }
bool outbox_delivers() { return outbox_value == 1; }
Notify notify() { return static_cast<Notify>(notify_value); }
int notify_limit() { return notify_limit_value; }
std::int64_t feed_retention_microseconds() { return std::int64_t{60000000} * feed_retention_value; }
std::int64_t max_definition_bytes() { return std::int64_t{1024} * max_definition_size_value; }
int max_items() { return max_items_value; }
int max_nesting() { return max_nesting_value; }
int max_signals() { return max_signals_value; }
int retention_completed() { return retention_completed_value; }
int retention_failed() { return retention_failed_value; }
int retention_cancelled() { return retention_cancelled_value; }

void define() {
	fault_points::define_settings();
	pg::call([] {
		for (const IntegerSetting &setting : integers)
			DefineCustomIntVariable(setting.name, setting.description, nullptr, setting.value, setting.boot,
			                        setting.minimum, setting.maximum, setting.context, setting.unit, nullptr,
			                        nullptr, nullptr);
		for (const TextSetting &setting : texts)
			DefineCustomStringVariable(setting.name, setting.description, nullptr, setting.value,
			                           setting.boot, setting.context, 0, nullptr, nullptr, nullptr);
		DefineCustomBoolVariable("playbook.superuser_owners",
		                         "Whether executions owned by superusers may run.", nullptr,
		                         &superuser_owners_value, true, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
		DefineCustomBoolVariable("playbook.strict_templates",
		                         "Whether a variable without a value fails any step, not only outward ones.",
		                         nullptr, &strict_templates_value, false, PGC_USERSET, 0, nullptr, nullptr,
		                         nullptr);
		DefineCustomEnumVariable("playbook.outbox",
		                         "When a step that sends completes: once its message is recorded, or when "
		                         "the sender reports that it was delivered.",
		                         nullptr, &outbox_value, 0, outbox_options, PGC_SUSET, 0, nullptr, nullptr,
		                         nullptr);
		DefineCustomEnumVariable(
		    "playbook.notify",
		    "Which channels hear of changes: none, playbook, or also one for each execution.", nullptr,
		    &notify_value, 2, notify_options, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
		MarkGUCPrefixReserved("playbook");
	});
}

} // namespace playbook::settings
