// A file of the server that appears under its name whole or not at all: written beside it, flushed, renamed.
#pragma once

#include <string>
#include <string_view>

namespace playbook::pg {

class NewFile {
public:
	// `folder` and `name` are single names. The folder is made where it is missing, and refused when it is a
	// symbolic link; whatever has the file's name is replaced, a link itself and not what it leads to. So
	// nothing is written outside of `directory`, whoever else may write there.
	NewFile(const std::string &directory, std::string folder, std::string name);
	~NewFile(); // unless it was published, nothing stays
	NewFile(const NewFile &) = delete;
	NewFile &operator=(const NewFile &) = delete;

	void write(std::string_view bytes);
	// Flushes what is buffered to the disk and gives the file its name.
	void publish();

private:
	// An open file or directory, counted among the server's.
	class Descriptor {
	public:
		Descriptor() = default;
		~Descriptor();
		Descriptor(const Descriptor &) = delete;
		Descriptor &operator=(const Descriptor &) = delete;
		// Takes over what `open` returns, unless it is negative.
		template <typename Open> bool take(Open open);
		int get() const { return number_; }

	private:
		int number_ = -1;
		bool counted_ = false;
	};

	void flush();
	[[noreturn]] void refuse(const char *what, int error) const;

	std::string path_, name_, temporary_, buffer_;
	Descriptor folder_, file_;
	bool written_ = false; // the temporary file is there
};

} // namespace playbook::pg
