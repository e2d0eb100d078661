#include "result/artifact.hpp"

#include "execution/store.hpp"
#include "pg/identity.hpp"
#include "pg/sha256.hpp"
#include "result/canonical.hpp"
#include "result/row_set.hpp"

extern "C" {
#include "access/xlog.h"
}

namespace playbook::result {
namespace {

using execution::Execution;
using execution::StepRow;

// Up to so many rows are digested at once: some milliseconds.
constexpr std::int64_t digested_at_once = 1000;

bool is_of_data(const definition::Definition &definition) {
	return !definition.outputs.empty() ||
	       std::any_of(definition.steps.begin(), definition.steps.end(),
	                   [](const definition::Step &step) { return definition::is_data(step.type); });
}

template <typename Each> void for_each_data_row(const Execution &execution, Each &&each) {
	const auto look = [&](const StepRow &row) {
		if (has_canonical_rows(execution.definition().steps[static_cast<std::size_t>(row.position)], row)) each(row);
	};
	for (const StepRow &row : execution.steps) look(row);
	for (const auto &[key, row] : execution.items) look(row);
}

// Few rows, and none whose text only somebody else's code could write.
bool is_quickly_digested(const Execution &execution) {
	std::int64_t rows = 0;
	bool plain = true;
	for_each_data_row(execution, [&](const StepRow &row) {
		rows += row.row_count.value_or(0);
		if (row.rows == nullptr) return;
		plain = plain && row.rows->chunks().size() <= 1;
		for (const Column &column : row.rows->columns())
			plain = plain && (!column.as_text || column.type == "pg_catalog.text");
	});
	return plain && rows <= digested_at_once;
}

// Not worth failing an execution for: what cannot be digested now is sealed.
std::string checksum_or_nothing(const Execution &execution) {
	if (!is_quickly_digested(execution)) return {};
	try {
		pg::Subtransaction guarded;
		std::string checksum = checksum_of(execution);
		guarded.commit();
		return checksum;
	} catch (const pg::Error &) {
		return {};
	}
}

#define STORED_BYTES                                                                                         \
	"(SELECT sha256(string_agg(sha256(stored.data), ''::bytea ORDER BY stored.position, stored.item, "       \
	"stored.chunk)) FROM ("                                                                                  \
	"SELECT position, item, chunk, data FROM @playbook_step_rows WHERE execution_id = $1 AND slot = $2 "     \
	"UNION ALL SELECT position, item, -1, rows FROM @playbook_step_executions WHERE execution_id = $1 "      \
	"AND slot = $2 AND rows IS NOT NULL) AS stored)"

std::string present_seal(const Execution &execution) {
	static pg::Statement seal("SELECT " STORED_BYTES, {INT8OID, INT2OID});
	const pg::Rows rows =
	    seal.query({pg::int8(execution.id), pg::datum(Int16GetDatum(static_cast<std::int16_t>(execution.slot)))});
	return rows.is_null(0, 0) ? std::string() : pg::text_from(rows.datum(0, 0)); // both are plain varlenas
}

void keep_checksum(const Execution &execution, const std::string &checksum) {
	if (RecoveryInProgress() || XactReadOnly) return;
	static pg::Statement keep("UPDATE @playbook_artifacts SET sha256 = $3 WHERE execution_id = $1 AND slot = $2",
	                          {INT8OID, INT2OID, TEXTOID});
	keep.execute({pg::int8(execution.id),
	              pg::datum(Int16GetDatum(static_cast<std::int16_t>(execution.slot))), pg::text(checksum)});
}

[[noreturn]] void refuse_missing(const Execution &execution) {
	std::string why = "It has no step with rows.";
	if (!execution::is_final(execution.status))
		why = std::string("It is ") + execution::to_string(execution.status) + ".";
	else if (execution.options.find("save_artifacts") != nullptr)
		why = "It was started with save_artifacts => false.";
	else if (execution.status == execution::Status::Cancelled)
		why = "It was cancelled.";
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	                "execution " + std::to_string(execution.id) + " has no artifact", why);
}

} // namespace

std::string artifact_path(const Execution &execution) {
	return "artifacts/" + execution::run_id_of(execution.id, execution.created_at) + ".json";
}

std::string checksum_of(const Execution &execution) {
	pg::Sha256 digest;
	write_canonical(execution, [&](std::string_view piece) { digest.add(piece); });
	return pg::hex_of(digest.finish());
}

void save_artifact(const Execution &execution) {
	if (execution.status != execution::Status::Completed && execution.status != execution::Status::Failed) return;
	if (!is_of_data(execution.definition()) || execution.options.find("save_artifacts") != nullptr) return;
	std::int64_t count = 0;
	bool any = false;
	for_each_data_row(execution, [&](const StepRow &row) {
		any = true;
		count += row.row_count.value_or(0);
	});
	if (!any) return;
	const std::string checksum = checksum_or_nothing(execution);
	static pg::Statement insert(
	    "INSERT INTO @playbook_artifacts (execution_id, slot, home, playbook_id, status, path, row_count, sha256, "
	    "seal, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $8 IS NULL THEN " STORED_BYTES
	    " END, $9) ON CONFLICT (execution_id, slot) DO NOTHING",
	    {INT8OID, INT2OID, INT4OID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID, TIMESTAMPTZOID});
	insert.execute({pg::int8(execution.id),
	                pg::datum(Int16GetDatum(static_cast<std::int16_t>(execution.slot))),
	                pg::int4(execution.home), pg::text(execution.playbook_id),
	                pg::text(execution::to_string(execution.status)), pg::text(artifact_path(execution)),
	                pg::int8(count), checksum.empty() ? pg::null() : pg::text(checksum),
	                pg::optional_of(execution.finished_at, pg::timestamp)});
}

std::optional<Artifact> find_artifact(const Execution &execution) {
	static pg::Statement find(
	    "SELECT path, sha256, seal FROM @playbook_artifacts WHERE execution_id = $1 AND slot = $2",
	    {INT8OID, INT2OID});
	const pg::Rows rows =
	    find.query({pg::int8(execution.id), pg::datum(Int16GetDatum(static_cast<std::int16_t>(execution.slot)))});
	if (rows.empty()) return std::nullopt;
	Artifact artifact;
	artifact.path = rows.text(0, 0);
	artifact.sha256 = rows.text_or_null(0, 1).value_or("");
	if (!rows.is_null(0, 2)) artifact.seal = pg::text_from(rows.datum(0, 2));
	return artifact;
}

void require_artifact(const Execution &execution) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	if (!find_artifact(execution)) refuse_missing(execution);
}

void forget_artifact(std::int64_t execution) {
	static pg::Statement forget("DELETE FROM @playbook_artifacts WHERE execution_id = $1", {INT8OID});
	forget.execute({pg::int8(execution)});
}

Verified verify_artifact(const Execution &execution) {
	Verified verified;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		std::optional<Artifact> artifact = find_artifact(execution);
		if (!artifact) refuse_missing(execution);
		verified.artifact = std::move(*artifact);
		if (verified.artifact.sha256.empty() && present_seal(execution) != verified.artifact.seal) {
			verified.reason = "the stored rows are not those that were sealed";
			return verified;
		}
	}
	verified.computed = checksum_of(execution);
	if (verified.artifact.sha256.empty()) {
		verified.artifact.sha256 = verified.computed;
		pg::EngineIdentity engine;
		pg::Spi spi;
		keep_checksum(execution, verified.computed);
	}
	verified.valid = verified.computed == verified.artifact.sha256;
	if (!verified.valid) verified.reason = "the stored rows give another checksum";
	return verified;
}

} // namespace playbook::result
