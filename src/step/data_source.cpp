#include "step/data_source.hpp"

#include "pg/guard.hpp"
#include "settings.hpp"

namespace playbook::step {

std::string unresolved_source(const std::string &kind, const std::optional<std::string> &chosen) {
	if (kind != "data_warehouse" && kind != "crm") return {};
	const std::string server = chosen.value_or(kind == "crm" ? settings::crm() : settings::data_warehouse());
	if (server.empty() || server == "local") return {};
	const Oid found = pg::call(
	    [&server] { return GetSysCacheOid1(FOREIGNSERVERNAME, 1, CStringGetDatum(server.c_str())); });
	if (OidIsValid(found)) return {};
	return "data source \"" + kind + "\" does not resolve: there is no server \"" + server + "\"";
}

std::string absent_source(const Context &context) {
	const definition::Definition &definition = context.execution.definition();
	if (definition.data_sources.empty()) return {};
	std::string kind = context.step.source;
	if (kind.empty() && context.step.type == definition::StepType::Query) kind = "data_warehouse";
	if (kind.empty() && context.step.type == definition::StepType::Search) kind = "crm";
	const bool optional = std::any_of(
	    definition.data_sources.begin(), definition.data_sources.end(),
	    [&kind](const definition::DataSource &source) { return source.type == kind && !source.required; });
	if (!optional) return {};
	const Value *chosen = context.execution.options.find(kind);
	return unresolved_source(kind, chosen != nullptr ? std::optional(chosen->as_text()) : std::nullopt);
}

} // namespace playbook::step
