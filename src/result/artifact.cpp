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
		if (has_canonical_rows(execution.definition().steps[static_cast<std::size_t>(row.position)], row))
			each(row);
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

std::string checksum_under(const CanonicalSettings &settings, const Execution &execution) {
	pg::Sha256 digest;
	write_canonical(execution, settings, [&](std::string_view piece) { digest.add(piece); });
	return pg::hex_of(digest.finish());
}

struct Saved {
	const Execution *execution;
	std::int64_t rows = 0;
	std::string checksum; // "" : to be sealed
};

// Not worth failing executions for: what cannot be digested now is sealed.
void digest(std::vector<Saved> &artifacts) {
	try {
		pg::Subtransaction guarded;
		{
			const CanonicalSettings settings;
			for (Saved &artifact : artifacts)
				if (is_quickly_digested(*artifact.execution))
					artifact.checksum = checksum_under(settings, *artifact.execution);
		}
		guarded.commit();
	} catch (const pg::Error &) {
		for (Saved &artifact : artifacts) artifact.checksum.clear();
	}
}

std::optional<Saved> what_it_leaves(const Execution &execution) {
	if (execution.status != execution::Status::Completed && execution.status != execution::Status::Failed)
		return std::nullopt;
	if (!is_of_data(execution.definition()) || execution.options.find("save_artifacts") != nullptr)
		return std::nullopt;
	Saved artifact{&execution, 0, {}};
	bool any = false;
	for_each_data_row(execution, [&](const StepRow &row) {
		any = true;
		artifact.rows += row.row_count.value_or(0);
	});
	return any ? std::optional(artifact) : std::nullopt;
}

constexpr Oid TIMESTAMPTZARRAYOID_ = 1185;

// Of the rows of execution a.id in the slot a.slot.
#define STORED_BYTES                                                                                         \
	"(SELECT sha256(string_agg(sha256(stored.data), ''::bytea ORDER BY stored.position, stored.item, "       \
	"stored.chunk)) FROM ("                                                                                  \
	"SELECT position, item, chunk, data FROM @playbook_step_rows r WHERE r.execution_id = a.id AND r.slot "  \
	"= a.slot "                                                                                              \
	"UNION ALL SELECT position, item, -1, rows FROM @playbook_step_executions s WHERE s.execution_id = "     \
	"a.id "                                                                                                  \
	"AND s.slot = a.slot AND rows IS NOT NULL) AS stored)"

std::string present_seal(const Execution &execution) {
	static pg::Statement seal("SELECT " STORED_BYTES " FROM (SELECT $1, $2) AS a (id, slot)",
	                          {INT8OID, INT2OID});
	const pg::Rows rows = seal.query(
	    {pg::int8(execution.id), pg::datum(Int16GetDatum(static_cast<std::int16_t>(execution.slot)))});
	return rows.is_null(0, 0) ? std::string() : pg::text_from(rows.datum(0, 0)); // both are plain varlenas
}

void keep_checksum(const Execution &execution, const std::string &checksum) {
	if (RecoveryInProgress() || XactReadOnly) return;
	static pg::Statement keep(
	    "UPDATE @playbook_artifacts SET sha256 = $3 WHERE execution_id = $1 AND slot = $2",
	    {INT8OID, INT2OID, TEXTOID});
	keep.execute({pg::int8(execution.id), pg::datum(Int16GetDatum(static_cast<std::int16_t>(execution.slot))),
	              pg::text(checksum)});
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

std::string checksum_of(const Execution &execution) { return checksum_under(CanonicalSettings(), execution); }

void save_artifacts(const std::vector<const Execution *> &finished) {
	std::vector<Saved> artifacts;
	for (const Execution *execution : finished)
		if (const std::optional<Saved> artifact = what_it_leaves(*execution)) artifacts.push_back(*artifact);
	if (artifacts.empty()) return;
	digest(artifacts);

	std::vector<std::int64_t> ids, counts;
	std::vector<std::int32_t> slots, homes;
	std::vector<std::string> playbooks, statuses, paths;
	std::vector<std::optional<std::string>> checksums;
	std::vector<pg::NullableDatumOf> times;
	for (const Saved &artifact : artifacts) {
		const Execution &execution = *artifact.execution;
		ids.push_back(execution.id);
		slots.push_back(execution.slot);
		homes.push_back(execution.home);
		playbooks.push_back(execution.playbook_id);
		statuses.emplace_back(execution::to_string(execution.status));
		paths.push_back(artifact_path(execution));
		counts.push_back(artifact.rows);
		checksums.push_back(artifact.checksum.empty() ? std::nullopt : std::optional(artifact.checksum));
		times.push_back({TimestampTzGetDatum(execution.finished_at.value_or(0)), false});
	}
	static pg::Statement insert(
	    "INSERT INTO @playbook_artifacts (execution_id, slot, home, playbook_id, status, path, row_count, "
	    "sha256, "
	    "seal, created_at) SELECT id, slot, home, playbook, status, path, row_count, checksum, "
	    "CASE WHEN checksum IS NULL THEN " STORED_BYTES " END, at "
	    "FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[], "
	    "$7::bigint[], "
	    "$8::text[], $9::timestamptz[]) AS a (id, slot, home, playbook, status, path, row_count, checksum, "
	    "at) "
	    "ON CONFLICT (execution_id, slot) DO NOTHING",
	    {INT8ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID,
	     TEXTARRAYOID, TIMESTAMPTZARRAYOID_});
	insert.execute({pg::datum(pg::array_of(ids)), pg::datum(pg::array_of(slots)),
	                pg::datum(pg::array_of(homes)), pg::datum(pg::array_of(playbooks)),
	                pg::datum(pg::array_of(statuses)), pg::datum(pg::array_of(paths)),
	                pg::datum(pg::array_of(counts)), pg::datum(pg::array_of(checksums)),
	                pg::datum(pg::array_of(times, TIMESTAMPTZOID))});
}

std::optional<Artifact> find_artifact(const Execution &execution) {
	static pg::Statement find(
	    "SELECT path, sha256, seal FROM @playbook_artifacts WHERE execution_id = $1 AND slot = $2",
	    {INT8OID, INT2OID});
	const pg::Rows rows = find.query(
	    {pg::int8(execution.id), pg::datum(Int16GetDatum(static_cast<std::int16_t>(execution.slot)))});
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
