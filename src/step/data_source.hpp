// Whether what a playbook reads from is there: data_sources of the definition, resolved through options and
// settings.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

struct UnresolvedSource {
	std::string reason; // what is missing
	std::string remedy; // what to create, or which setting names it
};

// Why a data source cannot be used now: the server it names, or the schema of the local CRM, does not exist.
// Nothing when it can be, and for `api`, which stands for no connection in particular. `chosen` is what was
// named at start.
std::optional<UnresolvedSource> unresolved_source(const std::string &kind,
                                                  const std::optional<std::string> &chosen);

// The same for the source of a step that the playbook declares and can do without; "" for every other step.
std::string absent_source(const Context &context);

// The connection that the step uses: the one it names, or that its general source (crm, say) resolves to; ""
// when that is this database.
std::string connection_of(const Context &context);

} // namespace playbook::step
