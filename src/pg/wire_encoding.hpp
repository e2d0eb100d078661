// Encoding of what typsend writes and typreceive reads.
//
// Both speak the client's encoding, so a character that the client cannot show would be an error, and what
// was kept under one client could not be read under another. While a WireEncoding lives they speak the
// encoding it was given, usually the database's own, in which nothing is converted at all. No client may be
// written to meanwhile.
#pragma once

#include "pg/guard.hpp"

namespace playbook::pg {

class WireEncoding {
public:
	explicit WireEncoding(int encoding = GetDatabaseEncoding()) : before_(pg_get_client_encoding()) {
		if (encoding == before_) return;
		call([encoding] {
			// For the database's own encoding neither call looks anything up, and neither can fail.
			if (PrepareClientEncoding(encoding) < 0 || SetClientEncoding(encoding) < 0)
				ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
				                errmsg("no conversion between encodings \"%s\" and \"%s\"",
				                       pg_encoding_to_char(encoding), GetDatabaseEncodingName())));
		});
		changed_ = true;
	}
	// The former encoding is prepared already, so going back cannot fail.
	~WireEncoding() {
		if (changed_) (void) SetClientEncoding(before_);
	}
	WireEncoding(const WireEncoding &) = delete;
	WireEncoding &operator=(const WireEncoding &) = delete;

private:
	const int before_;
	bool changed_ = false;
};

} // namespace playbook::pg
