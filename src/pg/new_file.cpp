#include "pg/new_file.hpp"

#include "pg/error.hpp"
#include "pg/guard.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

extern "C" {
#include "common/file_perm.h"
#include "storage/fd.h"
}

namespace playbook::pg {
namespace {

constexpr std::size_t buffer_size = 65536;

int sqlstate_of(int error) {
	switch (error) {
	case ENOENT: return ERRCODE_UNDEFINED_FILE;
	case ENOSPC:
	case EDQUOT: return ERRCODE_DISK_FULL;
	default: return ERRCODE_IO_ERROR;
	}
}

} // namespace

NewFile::Descriptor::~Descriptor() {
	if (number_ >= 0) ::close(number_);
	if (counted_) ReleaseExternalFD();
}

template <typename Open> bool NewFile::Descriptor::take(Open open) {
	if (!counted_) counted_ = call([] { return AcquireExternalFD(); });
	if (!counted_) return false; // errno says that there are too many
	number_ = open();
	return number_ >= 0;
}

NewFile::NewFile(const std::string &directory, std::string folder, std::string name)
    : path_(directory + "/" + folder + "/" + name), name_(std::move(name)),
      temporary_("." + name_ + "." + std::to_string(MyProcPid)) {
	Descriptor top;
	if (!top.take([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }))
		refuse("open the directory of", errno);
	if (::mkdirat(top.get(), folder.c_str(), static_cast<mode_t>(pg_dir_create_mode)) != 0 && errno != EEXIST)
		refuse("make the folder of", errno);
	if (!folder_.take([&] {
		    return ::openat(top.get(), folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	    }))
		refuse("open the folder of", errno);
	// One that a process of this number left when it was killed.
	(void) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
	if (!file_.take([&] {
		    return ::openat(folder_.get(), temporary_.c_str(),
		                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		                    static_cast<mode_t>(pg_file_create_mode));
	    }))
		refuse("create", errno);
	written_ = true;
}

NewFile::~NewFile() {
	if (written_) (void) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
}

void NewFile::write(std::string_view bytes) {
	buffer_ += bytes;
	if (buffer_.size() >= buffer_size) flush();
}

void NewFile::flush() {
	std::string_view left = buffer_;
	while (!left.empty()) {
		call([] { CHECK_FOR_INTERRUPTS(); });
		const ssize_t done = ::write(file_.get(), left.data(), left.size());
		if (done < 0 && errno == EINTR) continue;
		if (done <= 0) refuse("write", done == 0 ? ENOSPC : errno);
		left.remove_prefix(static_cast<std::size_t>(done));
	}
	buffer_.clear();
}

void NewFile::publish() {
	flush();
	if (pg_fsync(file_.get()) != 0) refuse("flush", errno);
	if (::renameat(folder_.get(), temporary_.c_str(), folder_.get(), name_.c_str()) != 0)
		refuse("rename", errno);
	written_ = false;
	if (pg_fsync(folder_.get()) != 0) refuse("flush the folder of", errno);
}

void NewFile::refuse(const char *what, int error) const {
	throw Error(sqlstate_of(error), std::string("could not ") + what + " \"" + path_ +
	                                    "\": " + std::generic_category().message(error));
}

} // namespace playbook::pg
