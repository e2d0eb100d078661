// Starting executions: what is checked before anything is stored, and the one row that is.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

struct StartRequest {
	std::string playbook;
	std::optional<std::string> customer;
	Value parameters = Value::object();
	std::string idempotency_key;
	int priority = 0;
	std::optional<TimestampTz> start_at;
	std::optional<std::string> conflict;
	Value labels = Value::object();
	bool save_artifacts = true;
	std::optional<std::string> data_warehouse, crm;
	bool draft = false;
	// Set by a playbook step: the child belongs to it, runs as the child playbook's owner and was started by
	// its own.
	const Execution *parent = nullptr;
	int parent_position = 0, parent_item = 0;
};

struct Started {
	Execution execution;
	bool repeated = false; // the idempotency key was known: `execution` is the first one
};

// Checks the request as the caller and prepares the execution: rights, parameters, customer, conflict, key.
// Places in playbook_idempotency and playbook_active_customers are taken; the execution itself is not written
// yet. Opens its own identity and connection. Errors: 42704 unknown playbook (with the valid ids), 55000 not
// published, 42501, 22023 parameters, P0002 customer, 23505 conflict.
Started prepare_start(const StartRequest &request);

// What a start needs to know of its playbook.
struct Startable {
	std::shared_ptr<const Plan> plan;
	Oid owner = InvalidOid;
	bool library = false;
};

// The starts of one statement: the playbook is looked up once, and the executions are written many at a time.
class StartList {
public:
	// Before the request's own subtransaction: what a former start of its customer left to be written is
	// written, since the request may have to wait for it or to replace it.
	void make_way(const StartRequest &request);
	// As prepare_start(), of requests for the same playbook; what is prepared is then either kept or
	// forgotten.
	Started prepare(const StartRequest &request);
	void keep(Started started);
	// Writes what was kept, and wakes executors at commit.
	void write();

private:
	std::optional<Startable> playbook_;
	std::vector<Execution> kept_;
	std::set<std::string> customers_; // of what is kept
};

// Writes the prepared execution and wakes an executor at commit. Returns its id.
std::int64_t commit_start(Execution &execution);

// Throws 42501 for a superuser while executions of such owners are switched off.
void require_usable_owner(Oid owner);

// Fills in defaults and checks types; throws 22023 with the expected form of every parameter.
Value checked_parameters(const definition::Definition &definition, const Value &given);

} // namespace playbook::execution
