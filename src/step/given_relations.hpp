// Row sets as relations that a statement names: "input", "left", "right".
#pragma once

#include "step/user_sql.hpp"

extern "C" {
#include "utils/queryenvironment.h"
}

namespace playbook::step {

// The row sets as ephemeral named relations, which hide tables of their names. Made in CurrentMemoryContext
// with the resources of the present subtransaction; the environment is null when there are none.
class GivenRelations {
public:
	explicit GivenRelations(
	    const std::vector<std::pair<std::string, std::shared_ptr<const result::RowSet>>> &relations);
	~GivenRelations();
	GivenRelations(const GivenRelations &) = delete;
	GivenRelations &operator=(const GivenRelations &) = delete;

	// What a parser outside of SPI looks names up in.
	QueryEnvironment *environment() const { return environment_; }
	// For the statements of the open SPI connection.
	void register_all() const;

private:
	std::vector<EphemeralNamedRelation> relations_;
	QueryEnvironment *environment_ = nullptr;
	const int exceptions_ = std::uncaught_exceptions();
};

} // namespace playbook::step
