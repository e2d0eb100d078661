// Artifacts: that an execution's data were kept, under which checksum.
//
// The data themselves are its row sets, which lie in history anyway; an artifact is a row that says what they
// were: the SHA-256 of their canonical form (result/canonical). Few rows are digested when the execution
// finishes. Many are only sealed then (a digest of the stored bytes, which the server computes while it moves
// them), and get their checksum when somebody first asks, after the seal was looked at: nobody waits for a
// million rows to be sorted.
#pragma once

#include "execution/model.hpp"

namespace playbook::result {

struct Artifact {
	std::string path;
	std::string sha256; // hex; "" where it was not computed yet
	std::string seal;   // bytes; "" where the checksum was there from the beginning
};

// "artifacts/run_20260128_143000_abc123.json"
std::string artifact_path(const execution::Execution &execution);

// Writes the artifacts of those executions that have just finished, lie in their slots of history, and leave
// one: they completed or failed, their playbooks are of data, some step has rows, and save_artifacts was not
// declined. As playbook_engine.
void save_artifacts(const std::vector<const execution::Execution *> &finished);

// As playbook_engine.
std::optional<Artifact> find_artifact(const execution::Execution &execution);
// Throws 55000 saying why there is none.
void require_artifact(const execution::Execution &execution);
void forget_artifact(std::int64_t execution);

// The checksum of what is stored now, as hex.
std::string checksum_of(const execution::Execution &execution);

struct Verified {
	Artifact artifact;
	std::string computed; // the checksum of what is stored now
	bool valid = false;
	std::string reason; // why it is not
};
// Compares what is stored with what was. Keeps a checksum that is computed for the first time. Throws 55000
// saying why when there is no artifact.
Verified verify_artifact(const execution::Execution &execution);

} // namespace playbook::result
