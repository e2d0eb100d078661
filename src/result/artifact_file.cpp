#include "result/artifact_file.hpp"

#include "identity/access.hpp"
#include "pg/new_file.hpp"
#include "result/artifact.hpp"
#include "result/canonical.hpp"
#include "settings.hpp"

namespace playbook::result {

std::string export_directory() {
	if (!identity::member_of(identity::caller(), ROLE_PG_WRITE_SERVER_FILES))
		throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied to write a file of the server",
		                "Only members of pg_write_server_files may.",
		                "playbook_artifact() returns the same bytes to the client.");
	std::string directory = settings::artifact_directory();
	if (directory.empty())
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "there is no directory for exports",
		                "playbook.artifact_directory is empty.",
		                "A superuser sets it to an existing directory that the server may write to.");
	if (directory.front() != '/')
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "playbook.artifact_directory is no absolute path: \"" + directory + "\"");
	return directory;
}

std::string export_artifact(const execution::Execution &execution, const std::string &directory) {
	const std::string path = artifact_path(execution); // of digits and letters: "artifacts/run_….json"
	const std::size_t slash = path.find('/');
	pg::NewFile file(directory, path.substr(0, slash), path.substr(slash + 1));
	write_canonical(execution, CanonicalSettings(), [&file](std::string_view piece) { file.write(piece); });
	file.publish();
	return directory + "/" + path;
}

} // namespace playbook::result
