// Templates for authors: render one against a context, as a step would.
#include "expression/template.hpp"
#include "pg/datum.hpp"
#include "settings.hpp"

extern "C" {
#include "pgtime.h"
}

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_render);
PLAYBOOK_EXPORT_END

namespace {

expression::RenderOptions options_of_session() {
	expression::RenderOptions options;
	options.time_zone = settings::time_zone();
	if (options.time_zone.empty()) options.time_zone = pg_get_timezone_name(session_timezone);
	options.locale = settings::locale();
	options.currency = settings::currency();
	options.now_microseconds = GetCurrentTransactionStartTimestamp() +
	                           (std::int64_t{POSTGRES_EPOCH_JDATE} - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
	return options;
}

std::string render(const std::string &source, const Value &context) {
	const expression::Template parsed = expression::Template::parse(source);
	if (!parsed.errors().empty()) {
		const expression::SyntaxError &error = parsed.errors().front();
		const int before =
		    pg::call([&] { return pg_mbstrlen_with_len(source.c_str(), static_cast<int>(error.offset)); });
		throw pg::Error(ERRCODE_SYNTAX_ERROR, "template cannot be read: " + error.message,
		                "The error is at character " + std::to_string(before + 1) + " of the template.",
		                error.hint);
	}
	try {
		return parsed.render(context, options_of_session()).text;
	} catch (const expression::TemplateError &error) {
		throw pg::Error(ERRCODE_DATA_EXCEPTION, std::string("template failed: ") + error.what());
	}
}

} // namespace

Datum playbook_render(PG_FUNCTION_ARGS) {
	return pg::entry([&] {
		const std::string source = pg::text_from(PG_GETARG_DATUM(0));
		const Value context = pg::value_from_jsonb(PG_GETARG_DATUM(1));
		if (!context.is_object())
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                std::string("context must be a JSON object, not ") + context.kind_name(), "",
			                "Write it as in '{\"customer\": {\"name\": \"Acme\"}}'.");
		return pg::text_datum(render(source, context));
	});
}
