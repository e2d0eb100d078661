// Executions of which something was noted in the present transaction: a batch may hold them in memory as they
// were before. Forgotten with the transaction, not with a subtransaction: to look again costs little.
#pragma once

#include <set>

#include "pg/postgres.hpp"

namespace playbook::execution {

class NotedExecutions {
public:
	void add(std::int64_t execution) { present().insert(execution); }
	void remove(std::int64_t execution) { present().erase(execution); }
	bool contains(std::int64_t execution) { return present().contains(execution); }

private:
	std::set<std::int64_t> &present() {
		if (const LocalTransactionId now = pg::compat::local_transaction(); now != transaction_) {
			transaction_ = now;
			executions_.clear();
		}
		return executions_;
	}

	LocalTransactionId transaction_ = InvalidLocalTransactionId;
	std::set<std::int64_t> executions_;
};

} // namespace playbook::execution
