// Steps whose config is {template, parameters}: query reads, sql writes.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

class StatementHandler : public Handler {
public:
	explicit StatementHandler(bool read_only) : read_only_(read_only) {}
	// {"template": …, "parameters": {…}}: the values that will be bound or pasted, of their own types.
	Value prepare(const Context &context, std::vector<std::string> *missing) const override;
	bool runs_user_sql() const override { return true; }

protected:
	Result run(const Context &context, const Value &input) const;

private:
	const bool read_only_;
};

} // namespace playbook::step
