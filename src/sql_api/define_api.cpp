// SQL-callable: playbook_create, playbook_update, playbook_apply, playbook_publish, playbook_archive,
// playbook_validate, playbook_export, playbook_duplicate, playbook_digest, playbook_diff, playbook_schema
// (sql/playbook/40_definition_functions.sql).
#include "definition/diff.hpp"
#include "definition/export.hpp"
#include "definition/schema.hpp"
#include "definition/store.hpp"
#include "pg/function.hpp"
#include "result/output_view.hpp"
#include "value/json.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_create);
PG_FUNCTION_INFO_V1(playbook_update);
PG_FUNCTION_INFO_V1(playbook_apply);
PG_FUNCTION_INFO_V1(playbook_restore);
PG_FUNCTION_INFO_V1(playbook_publish);
PG_FUNCTION_INFO_V1(playbook_archive);
PG_FUNCTION_INFO_V1(playbook_validate);
PG_FUNCTION_INFO_V1(playbook_export);
PG_FUNCTION_INFO_V1(playbook_duplicate);
PG_FUNCTION_INFO_V1(playbook_digest);
PG_FUNCTION_INFO_V1(playbook_diff);
PG_FUNCTION_INFO_V1(playbook_schema);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace {

const char *word_of(definition::Saved::Change change) {
	switch (change) {
	case definition::Saved::Change::Created: return "created";
	case definition::Saved::Change::Updated: return "updated";
	case definition::Saved::Change::Unchanged: return "unchanged";
	}
	return "";
}

definition::Saved shown(definition::Saved saved, bool publish) {
	if (publish && saved.change != definition::Saved::Change::Unchanged)
		result::publish_output_views(saved.id);
	return saved;
}

// A definition that is given by its text or, on one line and without a mark of YAML or JSON, by a playbook's
// id.
Value document_of(const std::string &id_or_text) {
	if (id_or_text.find_first_of("\n:{") != std::string::npos)
		return definition::accepted(id_or_text).definition->document;
	const definition::Stored stored = definition::readable_playbook(id_or_text);
	return stored.published.is_null() ? stored.draft : stored.published;
}

pg::Argument json_or_null(const std::optional<Value> &value) {
	return value ? pg::jsonb(*value) : pg::null();
}

} // namespace

Datum playbook_create(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const bool publish = args.boolean(1, "publish");
		return pg::text_datum(shown(definition::create(args.text(0, "definition"), publish), publish).id);
	});
}

Datum playbook_update(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const bool publish = args.boolean(2, "publish");
		const definition::Saved saved =
		    shown(definition::update(args.text(0, "playbook"), args.text(1, "definition"), publish,
		                             args.text_or_null(3)),
		          publish);
		return pg::text_datum(word_of(saved.change));
	});
}

Datum playbook_apply(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const bool publish = args.boolean(1, "publish");
		return pg::text_datum(
		    word_of(shown(definition::apply(args.text(0, "definition"), publish), publish).change));
	});
}

Datum playbook_restore(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return pg::text_datum(word_of(
		    definition::restore(args.text(0, "playbook"), args.int8(1, "history"), args.boolean(2, "publish"))
		        .change));
	});
}

Datum playbook_publish(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const std::string playbook = pg::Arguments(fcinfo).text(0, "playbook");
		definition::publish(playbook);
		result::publish_output_views(playbook);
		return (Datum) 0;
	});
}

Datum playbook_archive(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		definition::archive(pg::Arguments(fcinfo).text(0, "playbook"));
		return (Datum) 0;
	});
}

Datum playbook_validate(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const definition::ParseResult parsed = definition::judge(pg::Arguments(fcinfo).text(0, "definition"));
		pg::ResultSet rows(fcinfo);
		for (const definition::Problem &problem : parsed.problems)
			rows.row(
			    {pg::text(problem.path), problem.line > 0 ? pg::int4(problem.line) : pg::null(),
			     problem.column > 0 ? pg::int4(problem.column) : pg::null(), pg::text(problem.message),
			     problem.hint.empty() ? pg::null() : pg::text(problem.hint),
			     pg::text(problem.severity == definition::Problem::Severity::Error ? "error" : "warning"),
			     pg::text(problem.code)});
		return rows.done(fcinfo);
	});
}

Datum playbook_export(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string format = args.text(1, "format");
		const definition::Stored stored = definition::readable_playbook(args.text(0, "playbook"));
		const Value &document = stored.published.is_null() ? stored.draft : stored.published;
		Value outer = Value::object();
		outer.set("playbook", document);
		if (format == "yaml") return pg::text_datum(definition::to_yaml(outer));
		if (format == "json") return pg::text_datum(to_json(outer));
		if (format == "source")
			return pg::text_datum(stored.published.is_null() ? stored.draft_source : stored.source);
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown format \"" + format + "\"", "",
		                "Use yaml, json or source (the text as it was saved).");
	});
}

Datum playbook_duplicate(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return pg::text_datum(
		    definition::duplicate(args.text(0, "playbook"), args.text(1, "new_id"), args.text_or_null(2)));
	});
}

Datum playbook_digest(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const definition::Stored stored =
		    definition::readable_playbook(pg::Arguments(fcinfo).text(0, "playbook"));
		return pg::text_datum(
		    definition::digest_of(stored.draft.is_null() ? stored.published : stored.draft));
	});
}

Datum playbook_diff(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const Value before = document_of(args.text(0, "a")), after = document_of(args.text(1, "b"));
		pg::ResultSet rows(fcinfo);
		for (const definition::Difference &difference : definition::diff_definitions(before, after))
			rows.row({difference.step.empty() ? pg::null() : pg::text(difference.step),
			          pg::text(definition::to_string(difference.kind)), pg::text(difference.path),
			          json_or_null(difference.before), json_or_null(difference.after)});
		return rows.done(fcinfo);
	});
}

Datum playbook_schema(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::optional<std::string> word = args.text_or_null(0);
		if (!word) return pg::jsonb_datum(definition::definition_schema());
		const std::optional<definition::StepType> type = definition::step_type(*word);
		if (!type)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown step type \"" + *word + "\"", "",
			                "Valid are " + definition::step_type_words() + ".");
		const std::optional<Value> schema = definition::step_schema(*type);
		if (!schema) return pg::return_null(fcinfo);
		return pg::jsonb_datum(*schema);
	});
}
