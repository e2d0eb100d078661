// SHA-256, fed piece by piece.
#pragma once

#include <string>
#include <string_view>

struct pg_cryptohash_ctx;

namespace playbook::pg {

class Sha256 {
public:
	Sha256();
	void add(std::string_view bytes);
	std::string finish(); // its 32 bytes; nothing can be added any more
	~Sha256();
	Sha256(const Sha256 &) = delete;
	Sha256 &operator=(const Sha256 &) = delete;

	static std::string of(std::string_view bytes);

private:
	pg_cryptohash_ctx *context_ = nullptr;
};

// Lower-case hexadecimal digits, as sha256sum prints them.
std::string hex_of(std::string_view bytes);

} // namespace playbook::pg
