#include "fault_points.hpp"

#ifdef PLAYBOOK_FAULT_POINTS

#include "pg/guard.hpp"

extern "C" {
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
}

namespace playbook::fault_points {
namespace {

constexpr const char *folder = "playbook_fault_points"; // every process works in the data directory
constexpr std::array<std::string_view, 6> actions = {"pass", "error", "cancel", "terminate", "kill", "wait"};
constexpr long look_interval = 5000; // microseconds

char *fault_point_value = nullptr;
char *fault_points_value = nullptr;

struct Fault {
	std::string_view name, action;
	int times = 1;
};

std::string_view trimmed(std::string_view text) {
	while (text.starts_with(' ')) text.remove_prefix(1);
	while (text.ends_with(' ')) text.remove_suffix(1);
	return text;
}

// The first entry of the list, which it is taken from.
Fault take_fault(std::string_view &list) {
	const std::size_t end = std::min(list.find(','), list.size());
	std::string_view entry = trimmed(list.substr(0, end));
	list.remove_prefix(std::min(end + 1, list.size()));
	Fault fault;
	const std::size_t equals = std::min(entry.find('='), entry.size());
	fault.name = entry.substr(0, equals);
	entry.remove_prefix(std::min(equals + 1, entry.size()));
	const std::size_t star = std::min(entry.find('*'), entry.size());
	fault.action = entry.substr(0, star);
	if (star < entry.size()) fault.times = std::atoi(std::string(entry.substr(star + 1)).c_str());
	return fault;
}

bool check(char **value, void **, GucSource) {
	std::string_view list = *value;
	while (!list.empty()) {
		const Fault fault = take_fault(list);
		if (is_known(fault.name) && fault.times > 0 &&
		    std::find(actions.begin(), actions.end(), fault.action) != actions.end())
			continue;
		GUC_check_errdetail("There is no such fault point, or no such action.");
		return false;
	}
	return true;
}

// Whether this process is the one that it happens to: it was first to make the file.
bool claim(const std::string &path) {
	(void) mkdir(folder, 0700);
	const int file = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (file < 0) return false;
	(void) close(file);
	return true;
}

void signal_self(int signal) {
	(void) kill(getpid(), signal);
	pg::call([] { CHECK_FOR_INTERRUPTS(); });
}

void act(const Fault &fault, const std::string &path) {
	if (fault.action == "kill") signal_self(SIGKILL);
	if (fault.action == "terminate") signal_self(SIGTERM);
	if (fault.action == "cancel") signal_self(SIGINT);
	if (fault.action == "error")
		throw pg::Error(ERRCODE_INTERNAL_ERROR, "fault point \"" + std::string(fault.name) + "\"");
	if (fault.action != "wait") return;
	const std::string go = path + ".go";
	while (access(path.c_str(), F_OK) == 0 && access(go.c_str(), F_OK) != 0)
		pg::call([] {
			CHECK_FOR_INTERRUPTS();
			pg_usleep(look_interval);
		});
}

} // namespace

void reach(std::string_view name) {
	std::string_view list = fault_point_value;
	while (!list.empty()) {
		const Fault fault = take_fault(list);
		if (fault.name != name) continue;
		for (int number = 1; number <= fault.times; ++number) {
			const std::string path =
			    std::string(folder) + "/" + std::string(name) + "." + std::to_string(number);
			if (claim(path)) return act(fault, path);
		}
	}
}

void define_settings() {
	static std::string list;
	for (const std::string_view name : names) list += (list.empty() ? "" : " ") + std::string(name);
	pg::call([] {
		DefineCustomStringVariable("playbook.fault_point", "What happens at which fault point.", nullptr,
		                           &fault_point_value, "", PGC_SUSET, 0, check, nullptr, nullptr);
		DefineCustomStringVariable("playbook.fault_points", "The names of all fault points.", nullptr,
		                           &fault_points_value, list.c_str(), PGC_INTERNAL, 0, nullptr, nullptr,
		                           nullptr);
	});
}

} // namespace playbook::fault_points

#endif
