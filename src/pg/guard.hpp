// The fence. call(): a server error becomes a C++ exception. entry(): a C++ exception becomes a server error.
//
// ereport(ERROR) is a siglongjmp and runs no destructor; a C++ exception cannot pass the server's C frames.
// So:
//  - every server call that can fail goes through call(lambda); the lambda has only trivially destructible
//  locals,
//    captures by reference and returns a pointer, a number or a Datum;
//  - every function the server calls is one line around entry(lambda) or entry_void(lambda).
// A caught server error is not finished: let it travel to entry, or swallow it only after the Subtransaction
// or Transaction it happened in was rolled back.
#pragma once

#include "pg/error.hpp"

namespace playbook::pg {

// Restores the server's handler chain on every exit.
struct ErrorStackScope {
	sigjmp_buf *const jump = PG_exception_stack;
	ErrorContextCallback *const context = error_context_stack;
	~ErrorStackScope() {
		PG_exception_stack = jump;
		error_context_stack = context;
	}
};

template <typename Fn> bool completes(Fn &fn) {
	ErrorStackScope saved;
	sigjmp_buf landing;
	if (sigsetjmp(landing, 0) != 0) return false; // an ereport(ERROR) in fn() lands here
	PG_exception_stack = &landing;
	fn();
	return true;
}

template <typename Fn> auto call(Fn &&fn) -> std::invoke_result_t<Fn> {
	using Result = std::invoke_result_t<Fn>;
	const MemoryContext caller = CurrentMemoryContext;
	if constexpr (std::is_void_v<Result>) {
		if (!completes(fn)) throw_current_error(caller);
	} else {
		static_assert(std::is_trivially_copyable_v<Result>, "return a plain value");
		Result result{};
		auto run = [&] { result = fn(); };
		if (!completes(run)) throw_current_error(caller);
		return result;
	}
}

// What is left of an exception when every C++ object is gone: plain pointers into palloc'd memory.
struct Report {
	int sqlstate;
	char *message, *detail, *hint, *context;
	char *schema, *table, *column, *constraint, *datatype;
};

Report report_of(const Error &error) noexcept;
Report report_of_foreign(const std::exception &exception) noexcept;
[[noreturn]] void raise(const Report &report);

template <typename Fn> auto entry(Fn &&fn) -> std::invoke_result_t<Fn> {
	Report report{};
	try {
		return fn();
	} catch (const Error &error) {
		report = report_of(error);
	} catch (const std::bad_alloc &) {
		report.sqlstate = ERRCODE_OUT_OF_MEMORY;
	} catch (const std::exception &exception) {
		report = report_of_foreign(exception);
	} catch (...) {
		report.sqlstate = ERRCODE_INTERNAL_ERROR;
	}
	// Every C++ object of this call is gone by now; only here may control jump.
	raise(report);
}

} // namespace playbook::pg
