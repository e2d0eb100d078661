// Whether what a playbook reads from is there: data_sources of the definition, resolved through options and
// settings.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

struct UnresolvedSource {
	std::string reason; // what is missing
	std::string remedy; // what to create, or which setting names it
};

// Why a data source cannot be used now: the server it names, or the schema of the local CRM, does not exist,
// or it is an API, which nothing in this database stands for. Nothing when it can be. `chosen` is what was
// named at start.
std::optional<UnresolvedSource> unresolved_source(const std::string &kind,
                                                  const std::optional<std::string> &chosen);

// The same for the source of a step that the playbook declares: one that it can do without, or any; "" for
// every other step.
enum class Declared { Optional, Any };
std::string absent_source(const Context &context, Declared which = Declared::Optional);

// The connection that the step uses: the one it names, or that its general source (crm, say) resolves to; ""
// when that is this database.
std::string connection_of(const Context &context);

} // namespace playbook::step
