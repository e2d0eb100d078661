// What the entry points of this module throw, by the name of its kind, and the objects that must not be left
// behind.
//
// One thing is not among them: an error in a destructor. A destructor that throws ends the process by the
// rules of C++, and a server error in one would jump over the frames that are being unwound. So destructors
// of src/pg call only what cannot fail (restoring a pointer, resetting memory) or what the server itself
// calls while it handles an error (rolling a subtransaction back); thrower.cpp asserts that none of them may
// throw.
#pragma once

#include "pg/guard.hpp"

namespace fence {

// An object with a destructor, as every frame of the engine has them: counted.
class Witness {
public:
	Witness() : held_(64, 'x') {
		++made;
		++alive;
	}
	~Witness() { --alive; }
	Witness(const Witness &) = delete;
	Witness &operator=(const Witness &) = delete;

	static inline long made = 0;
	static inline long alive = 0;

private:
	std::string held_; // beyond the small-string buffer: memory that a missed destructor leaks
};

// Throws what `kind` names, with witnesses on its frame; returns for "nothing". fence.sql lists the kinds and
// what the client must see of each.
void throw_kind(const std::string &kind);

// The kind that a hook or callback will throw when it runs next; it takes it, so that it throws once.
class Pending {
public:
	void arm(std::string kind) { kind_ = std::move(kind); }
	void fire() {
		if (!kind_.empty()) throw_kind(std::exchange(kind_, {}));
	}

private:
	std::string kind_;
};

} // namespace fence
