// Whether what a playbook reads from is there: data_sources of the definition, resolved through options and
// settings.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

// Why a data source cannot be used now: the server it names does not exist. "" when it can, and for kinds of
// sources that are no setting's. `chosen` is what was named at start, if anything.
std::string unresolved_source(const std::string &kind, const std::optional<std::string> &chosen);

// The same for the source of a step that the playbook declares and can do without; "" for every other step.
std::string absent_source(const Context &context);

// The connection that the step uses: the one it names, or that its general source (crm, say) resolves to; ""
// when that is this database.
std::string connection_of(const Context &context);

} // namespace playbook::step
