#include "pg/sha256.hpp"

#include "pg/guard.hpp"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha2.h"
}

namespace playbook::pg {

Sha256::Sha256() {
	context_ = call([] {
		pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
		if (context == nullptr || pg_cryptohash_init(context) < 0) elog(ERROR, "could not begin a SHA-256");
		return context;
	});
}

void Sha256::add(std::string_view bytes) {
	call([&] {
		if (pg_cryptohash_update(context_, reinterpret_cast<const uint8 *>(bytes.data()), bytes.size()) < 0)
			elog(ERROR, "could not compute a SHA-256");
	});
}

std::string Sha256::finish() {
	std::string digest(PG_SHA256_DIGEST_LENGTH, '\0');
	call([&] {
		if (pg_cryptohash_final(context_, reinterpret_cast<uint8 *>(digest.data()), digest.size()) < 0)
			elog(ERROR, "could not compute a SHA-256");
	});
	return digest;
}

Sha256::~Sha256() { pg_cryptohash_free(context_); }

std::string Sha256::of(std::string_view bytes) {
	Sha256 digest;
	digest.add(bytes);
	return digest.finish();
}

std::string hex_of(std::string_view bytes) {
	static constexpr char digits[] = "0123456789abcdef";
	std::string hex;
	for (const char byte : bytes) {
		hex += digits[(static_cast<unsigned char>(byte) >> 4) & 15];
		hex += digits[static_cast<unsigned char>(byte) & 15];
	}
	return hex;
}

} // namespace playbook::pg
