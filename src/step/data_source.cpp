#include "step/data_source.hpp"

#include "pg/guard.hpp"
#include "settings.hpp"

namespace playbook::step {

namespace {

bool is_general(const std::string &kind) { return kind == "data_warehouse" || kind == "crm"; }

// What the general source stands for; "" for this database.
std::string server_of(const std::string &kind, const std::optional<std::string> &chosen) {
	const std::string server = chosen.value_or(kind == "crm" ? settings::crm() : settings::data_warehouse());
	return server == "local" ? std::string() : server;
}

// The source as written, or as the type implies it.
std::string kind_of(const Context &context) {
	const definition::Step &step = context.step;
	if (!step.source.empty()) return step.source;
	if (step.type == definition::StepType::Query) return "data_warehouse";
	if (step.type == definition::StepType::Search) return "crm";
	return step.type == definition::StepType::Request ? "api" : "";
}

std::optional<std::string> chosen_at_start(const Context &context, const std::string &kind) {
	const Value *chosen = context.execution.options.find(kind);
	return chosen != nullptr ? std::optional(chosen->as_text()) : std::nullopt;
}

} // namespace

std::optional<UnresolvedSource> unresolved_source(const std::string &kind,
                                                  const std::optional<std::string> &chosen) {
	if (kind == "transform") return std::nullopt; // this database, always
	if (kind == "api")
		return UnresolvedSource{
		    "data source \"api\" does not resolve: this version makes no connections to an API",
		    "Declare it with required: false, and the steps that ask an API are skipped."};
	const std::string beginning = "data source \"" + kind + "\" does not resolve: there is no ";
	const std::string server = is_general(kind) ? server_of(kind, chosen) : kind;
	if (!server.empty()) {
		const Oid found = pg::call(
		    [&server] { return GetSysCacheOid1(FOREIGNSERVERNAME, 1, CStringGetDatum(server.c_str())); });
		if (OidIsValid(found)) return std::nullopt;
		return UnresolvedSource{beginning + "server \"" + server + "\"",
		                        is_general(kind) ? "Create the server, or set playbook." + kind +
		                                               " to '' for this database."
		                                         : "Create the server, or name one that exists."};
	}
	if (kind != "crm") return std::nullopt;
	const std::string schema = settings::crm_schema();
	if (OidIsValid(pg::call([&schema] { return get_namespace_oid(schema.c_str(), true); })))
		return std::nullopt;
	return UnresolvedSource{
	    beginning + "schema \"" + schema + "\"",
	    "Set playbook.crm_schema to the schema that holds deals, contacts and companies."};
}

std::string absent_source(const Context &context, Declared which) {
	const definition::Definition &definition = context.execution.definition();
	if (definition.data_sources.empty()) return {};
	const std::string kind = kind_of(context);
	const bool declared =
	    std::any_of(definition.data_sources.begin(), definition.data_sources.end(),
	                [&](const definition::DataSource &source) {
		                return source.type == kind && (which == Declared::Any || !source.required);
	                });
	if (!declared) return {};
	const std::optional<UnresolvedSource> unresolved =
	    unresolved_source(kind, chosen_at_start(context, kind));
	return unresolved ? unresolved->reason : std::string();
}

std::string connection_of(const Context &context) {
	const std::string kind = kind_of(context);
	if (is_general(kind)) return server_of(kind, chosen_at_start(context, kind));
	return kind == "transform" || kind == "api" ? std::string() : kind;
}

} // namespace playbook::step
