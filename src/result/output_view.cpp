#include "result/output_view.hpp"

#include "definition/store.hpp"
#include "execution/plan_cache.hpp"
#include "execution/store.hpp"
#include "expression/sql_name.hpp"
#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "pg/sha256.hpp"
#include "result/column_type.hpp"
#include "result/output.hpp"
#include "settings.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "commands/comment.h"
}

namespace playbook::result {
namespace {

using execution::Execution;

constexpr std::size_t longest_name = NAMEDATALEN - 1;
constexpr std::string_view history_suffix = "_history";

struct ViewColumn {
	std::string name;
	std::string type; // as SQL writes it
};

Oid output_schema() {
	const std::string name = settings::output_schema();
	return pg::call([&name] { return get_namespace_oid(name.c_str(), true); });
}

bool may_create_in(Oid schema, Oid owner) {
	return pg::call([=] { return pg::compat::may_create_in(schema, owner); });
}

Oid relation_of(Oid schema, const std::string &name) {
	return pg::call([&] { return get_relname_relid(name.c_str(), schema); });
}

// Marks a view as ours. Whoever changes the comment takes the view over.
std::string mark(const std::string &playbook, const std::string &output, bool history) {
	return "Output " + output + " of playbook " + playbook +
	       (history ? ": the rows of all executions." : ": the rows of the latest execution.");
}

std::string comment_of(Oid relation) {
	const char *comment = pg::call([relation] { return GetComment(relation, RelationRelationId, 0); });
	return comment != nullptr ? comment : "";
}

std::string type_text(Oid type, std::int32_t typmod) {
	return pg::call([=]() -> const char * { return format_type_with_typemod(type, typmod); });
}

std::vector<ViewColumn> columns_of_relation(Oid relation) {
	std::vector<ViewColumn> columns;
	const int count = pg::call([relation] {
		HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
		if (!HeapTupleIsValid(tuple)) return 0;
		const int number = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
		ReleaseSysCache(tuple);
		return number;
	});
	for (int i = 1; i <= count; ++i) {
		const auto number = static_cast<AttrNumber>(i);
		const char *name = pg::call([=] { return get_attname(relation, number, true); });
		if (name == nullptr) continue;
		Oid type = InvalidOid, collation = InvalidOid;
		std::int32_t typmod = -1;
		pg::call([&] { get_atttypetypmodcoll(relation, number, &type, &typmod, &collation); });
		columns.push_back({name, type_text(type, typmod)});
	}
	return columns;
}

const ViewColumn *find(const std::vector<ViewColumn> &columns, const std::string &name) {
	for (const ViewColumn &column : columns)
		if (column.name == name) return &column;
	return nullptr;
}

// What the rows have now; of two columns of one name the first, and none that would hide the view's own.
std::vector<ViewColumn> columns_of_rows(const RowSet &rows) {
	std::vector<ViewColumn> columns = {{"run_id", "text"}, {"as_of", "timestamp with time zone"}};
	const TupleDesc descriptor = rows.tuple_descriptor();
	for (int i = 0; i < descriptor->natts; ++i) {
		const Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
		const std::string name = NameStr(attribute->attname);
		if (find(columns, name) == nullptr)
			columns.push_back({name, type_text(attribute->atttypid, attribute->atttypmod)});
	}
	return columns;
}

void execute(const std::string &sql) {
	pg::Spi spi;
	const int code = pg::call([&sql] { return SPI_execute(sql.c_str(), false, 0); });
	if (code < 0) throw pg::Error(ERRCODE_INTERNAL_ERROR, "could not make a view");
}

std::string literal(const std::string &text) {
	return pg::call([&text]() -> const char * { return quote_literal_cstr(text.c_str()); });
}

struct Place {
	std::string playbook, output;
	Oid schema, owner;
};

std::string qualified(const std::string &view) {
	const std::string schema = settings::output_schema();
	return pg::call(
	    [&]() -> const char * { return quote_qualified_identifier(schema.c_str(), view.c_str()); });
}

void write_view(const Place &place, const std::string &view, const std::vector<ViewColumn> &columns,
                bool history) {
	std::string list;
	for (const ViewColumn &column : columns)
		list += (list.empty() ? "" : ", ") + expression::quote_sql_name(column.name) + " " + column.type;
	const std::string name = qualified(view);
	const pg::OwnerIdentity owner(place.owner, GetSessionUserId() != place.owner);
	execute("CREATE OR REPLACE VIEW " + name + " WITH (security_invoker = true) AS SELECT * FROM " +
	        pg::qualified("@playbook_output_rows") + "(" + literal(place.playbook) + ", " +
	        literal(place.output) + (history ? ", true" : ", false") + ") AS output (" + list + ")");
	execute("COMMENT ON VIEW " + name + " IS " + literal(mark(place.playbook, place.output, history)));
	execute("GRANT SELECT ON " + name + " TO playbook_user");
}

std::string changes_of(const std::vector<ViewColumn> &before, const std::vector<ViewColumn> &now) {
	std::string changes;
	for (const ViewColumn &column : before) {
		const ViewColumn *present = find(now, column.name);
		if (present != nullptr && present->type == column.type) continue;
		changes += (changes.empty() ? "" : " ") + std::string("Column \"") + column.name + "\" ";
		changes += present == nullptr ? "is gone and null in the view."
		                              : "is " + present->type + " now and stays " + column.type +
		                                    " in the view: cast, or null.";
	}
	return changes;
}

// One of the two views of an output.
OutputView make_view(const Place &place, const std::string &view, const std::vector<ViewColumn> &now,
                     bool history) {
	OutputView made{place.output, qualified(view), "unchanged", {}};
	const Oid relation = relation_of(place.schema, view);
	if (!OidIsValid(relation)) {
		write_view(place, view, now, history);
		made.status = "created";
		return made;
	}
	if (comment_of(relation) != mark(place.playbook, place.output, history)) {
		made.status = "refused";
		made.detail = "There is another relation of that name.";
		return made;
	}
	std::vector<ViewColumn> columns = columns_of_relation(relation);
	made.detail = changes_of(columns, now);
	const std::size_t before = columns.size();
	for (const ViewColumn &column : now)
		if (find(columns, column.name) == nullptr) columns.push_back(column);
	if (columns.size() > before) {
		write_view(place, view, columns, history);
		made.status = "extended";
	}
	if (!made.detail.empty()) made.status = "changed";
	return made;
}

// The latest execution that an output can be made from, with the rows of it.
std::shared_ptr<const RowSet> latest_rows(const std::string &playbook, const std::string &output) {
	std::vector<std::int64_t> ids;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		ids = saved_executions(playbook, INT64_MAX, 20);
	}
	for (const std::int64_t id : ids) {
		std::optional<Execution> execution;
		{
			pg::EngineIdentity engine;
			pg::Spi spi;
			execution = execution::find_execution(id);
			if (execution) execution::load_steps({&*execution});
		}
		if (!execution || !is_shown(*execution)) continue;
		for (const definition::Output &declared : execution->definition().outputs) {
			if (declared.name != output) continue;
			const OutputRows made = rows_of_output(*execution, declared);
			if (made.rows != nullptr) return made.rows;
		}
	}
	return nullptr;
}

std::string why_not(Oid schema, Oid owner) {
	if (!OidIsValid(schema))
		return "There is no schema \"" + settings::output_schema() + "\" (playbook.output_schema).";
	if (!may_create_in(schema, owner))
		return "Role \"" + pg::role_name(owner) + "\" may not create in schema \"" +
		       settings::output_schema() + "\".";
	return {};
}

} // namespace

std::string output_view_name(const std::string &playbook, const std::string &output) {
	std::string name = "playbook_output_" + playbook + "_" + output;
	const std::size_t longest = longest_name - history_suffix.size();
	if (name.size() <= longest) return name;
	const std::string digits = pg::hex_of(pg::Sha256::of(playbook + "." + output)).substr(0, 8);
	name.resize(longest - 9);
	return name + "_" + digits;
}

std::vector<std::int64_t> saved_executions(const std::string &playbook, std::int64_t below, int limit) {
	static pg::Statement find(
	    "SELECT execution_id FROM @playbook_artifacts WHERE playbook_id = $1 AND status = "
	    "'completed' AND execution_id < $2 ORDER BY execution_id DESC LIMIT $3",
	    {TEXTOID, INT8OID, INT4OID});
	const pg::Rows rows = find.query({pg::text(playbook), pg::int8(below), pg::int4(limit)});
	std::vector<std::int64_t> ids;
	for (std::size_t i = 0; i < rows.size(); ++i) ids.push_back(rows.int8(i, 0));
	return ids;
}

bool is_shown(const Execution &execution) {
	return execution.options.find("draft") == nullptr && is_released(execution);
}

std::vector<OutputView> make_output_views(const std::string &playbook) {
	std::optional<definition::Stored> stored;
	std::shared_ptr<const execution::Plan> plan;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		stored = definition::find_playbook(playbook);
		if (stored && stored->snapshot) plan = execution::plan_of(*stored->snapshot);
	}
	std::vector<OutputView> views;
	if (plan == nullptr) return views;
	pg::SettingScope settings;
	settings.set("search_path", "pg_catalog, pg_temp");
	const Oid schema = output_schema();
	const std::string obstacle = why_not(schema, stored->owner);
	for (const definition::Output &output : plan->definition->outputs) {
		const Place place{playbook, output.name, schema, stored->owner};
		const std::string name = output_view_name(playbook, output.name);
		const std::shared_ptr<const RowSet> rows =
		    obstacle.empty() ? latest_rows(playbook, output.name) : nullptr;
		for (const bool history : {false, true}) {
			const std::string view = history ? name + std::string(history_suffix) : name;
			if (!obstacle.empty())
				views.push_back({output.name, qualified(view), "refused", obstacle});
			else if (rows == nullptr)
				views.push_back(
				    {output.name, qualified(view), "waiting",
				     "No saved execution has finished with this output, so its columns are not known."});
			else
				views.push_back(make_view(place, view, columns_of_rows(*rows), history));
		}
	}
	return views;
}

void publish_output_views(const std::string &playbook) {
	if (!OidIsValid(output_schema())) return;
	std::vector<OutputView> views;
	std::optional<pg::Error> failed;
	try {
		pg::Subtransaction guarded;
		views = make_output_views(playbook);
		guarded.commit();
	} catch (const pg::Error &error) {
		failed = error;
	}
	if (failed) views.push_back({"", "playbook " + playbook, "refused", failed->what()});
	for (const OutputView &view : views) {
		if (view.status != "changed" && view.status != "refused") continue;
		const char *what =
		    view.status == "changed" ? "view %s differs from its output" : "view %s was not made";
		pg::call([&] {
			ereport(WARNING, (errcode(ERRCODE_WARNING), errmsg(what, view.view.c_str()),
			                  errdetail_internal("%s", view.detail.c_str())));
		});
	}
}

void show_first_outputs(const std::set<std::string> &playbooks) {
	for (const std::string &playbook : playbooks) {
		try {
			pg::Subtransaction guarded;
			(void) make_output_views(playbook);
			guarded.commit();
		} catch (const pg::Error &) {
			// playbook_create_output_views() says why to whoever asks.
		}
	}
}

bool lacks_output_views(const Execution &execution) {
	const std::vector<definition::Output> &outputs = execution.definition().outputs;
	if (outputs.empty() || execution.status != execution::Status::Completed) return false;
	const Oid schema = output_schema();
	if (!OidIsValid(schema) || !may_create_in(schema, execution.owner)) return false;
	return std::any_of(outputs.begin(), outputs.end(), [&](const definition::Output &output) {
		return !OidIsValid(relation_of(schema, output_view_name(execution.playbook_id, output.name)));
	});
}

} // namespace playbook::result
