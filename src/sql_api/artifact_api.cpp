// SQL-callable: playbook_artifact, playbook_verify_artifact, playbook_export_artifact
// (sql/playbook/49_artifact_functions.sql).
#include "execution/store.hpp"
#include "identity/access.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"
#include "result/artifact.hpp"
#include "result/artifact_file.hpp"
#include "result/canonical.hpp"
#include "result/csv.hpp"
#include "result/output.hpp"
#include "sql_api/execution_argument.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_artifact);
PG_FUNCTION_INFO_V1(playbook_verify_artifact);
PG_FUNCTION_INFO_V1(playbook_export_artifact);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace {

// The largest value of a bytea that the server hands out whole.
constexpr std::size_t most_bytes = std::size_t{1} << 29;

// (execution bigint or its run id, …), of which the caller may see the results.
execution::Execution execution_asked_for(FunctionCallInfo fcinfo) {
	const std::int64_t id = sql_api::execution_argument(fcinfo);
	(void) identity::require_visible(id);
	pg::EngineIdentity engine;
	pg::Spi spi;
	std::optional<execution::Execution> found = execution::find_execution(id);
	if (!found) identity::unknown_execution(id);
	execution::load_steps({&*found});
	return std::move(*found);
}

void append(std::string &bytes, std::string_view piece) {
	if (bytes.size() + piece.size() > most_bytes)
		throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the artifact is too large for one value",
		                "It has more than " + std::to_string(most_bytes >> 20) + " MB.",
		                "Read its rows with playbook_rows().");
	bytes += piece;
}

} // namespace

Datum playbook_artifact(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string format = args.text(1, "format");
		const std::optional<std::string> part = args.text_or_null(2);
		if (format != "json" && format != "csv")
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown format \"" + format + "\"", "",
			                "Use json (all of it) or csv (one output or step).");
		execution::Execution execution = execution_asked_for(fcinfo);
		result::require_released(execution);
		result::require_artifact(execution);
		std::string bytes;
		const auto put = [&bytes](std::string_view piece) { append(bytes, piece); };
		if (format == "csv")
			result::write_csv(*result::rows_of_part(execution, part), put);
		else if (part)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "an artifact as json is always whole", "",
			                "Leave part out, or ask for csv.");
		else
			result::write_canonical(execution, result::CanonicalSettings(), put);
		return pg::text_datum(bytes); // bytea: the same varlena
	});
}

Datum playbook_verify_artifact(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const execution::Execution execution = execution_asked_for(fcinfo);
		const result::Verified verified = result::verify_artifact(execution);
		const auto or_null = [](const std::string &said) {
			return said.empty() ? pg::null() : pg::text(said);
		};
		return pg::composite(fcinfo, {pg::text(verified.artifact.path), or_null(verified.artifact.sha256),
		                              or_null(verified.computed), pg::boolean(verified.valid),
		                              or_null(verified.reason)});
	});
}

Datum playbook_export_artifact(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const std::string directory = result::export_directory();
		execution::Execution execution = execution_asked_for(fcinfo);
		result::require_released(execution);
		result::require_artifact(execution);
		return pg::text_datum(result::export_artifact(execution, directory));
	});
}
