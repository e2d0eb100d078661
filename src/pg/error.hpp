// An error of the server or of ours as a C++ value, with everything a client may see of it.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::pg {

class Error : public std::runtime_error {
public:
	Error(int sqlstate, const std::string &message, std::string fact = {}, std::string advice = {})
	    : std::runtime_error(message), detail(std::move(fact)), hint(std::move(advice)), sqlstate_(sqlstate) {
	}

	// The packed SQLSTATE, as ERRCODE_… constants are.
	int sqlstate() const { return sqlstate_; }
	// "23505"
	std::string code() const;

	std::string detail;
	std::string hint;
	std::string context; // where the server was: "SQL statement …"
	std::string schema, table, column, constraint, datatype;

private:
	int sqlstate_;
};

// Copies the error the server has just thrown into an Error, clears the server's error state, throws.
// Called by call() only, with the memory context that was current before the failed call.
[[noreturn]] void throw_current_error(MemoryContext caller);

// For std::bad_alloc and foreign exceptions: the same information as an Error.
Error to_error(const std::exception &exception);

} // namespace playbook::pg
