#include "step/given_relations.hpp"

#include "pg/transaction.hpp"

extern "C" {
#include "utils/tuplestore.h"
}

namespace playbook::step {
namespace {

EphemeralNamedRelation make_relation(const std::string &name, const result::RowSet &rows) {
	const TupleDesc descriptor = rows.tuple_descriptor();
	Tuplestorestate *store = pg::call([] { return tuplestore_begin_heap(false, false, work_mem); });
	{
		pg::ContextScope row("playbook row of a relation");
		rows.scan([&](const Datum *values, const bool *nulls) {
			pg::call([&] {
				tuplestore_putvalues(store, descriptor, const_cast<Datum *>(values),
				                     const_cast<bool *>(nulls));
			});
			row.reset();
		});
	}
	return pg::call([&] {
		EphemeralNamedRelation relation =
		    static_cast<EphemeralNamedRelation>(palloc0(sizeof(EphemeralNamedRelationData)));
		relation->md.name = pstrdup(name.c_str());
		relation->md.reliddesc = InvalidOid;
		relation->md.tupdesc = descriptor;
		relation->md.enrtype = ENR_NAMED_TUPLESTORE;
		relation->md.enrtuples = static_cast<double>(rows.row_count());
		relation->reldata = store;
		return relation;
	});
}

} // namespace

GivenRelations::GivenRelations(
    const std::vector<std::pair<std::string, std::shared_ptr<const result::RowSet>>> &relations) {
	if (relations.empty()) return;
	environment_ = pg::call([] { return create_queryEnv(); });
	for (const auto &[name, rows] : relations) {
		const EphemeralNamedRelation relation = make_relation(name, *rows);
		pg::call([&] { register_ENR(environment_, relation); });
		relations_.push_back(relation);
	}
}

GivenRelations::~GivenRelations() {
	// After an error the rollback takes the files, and whoever still reads them is gone by then.
	if (std::uncaught_exceptions() > exceptions_) return;
	for (const EphemeralNamedRelation relation : relations_)
		tuplestore_end(static_cast<Tuplestorestate *>(relation->reldata));
}

void GivenRelations::register_all() const {
	for (const EphemeralNamedRelation relation : relations_) {
		const int result = pg::call([relation] { return SPI_register_relation(relation); });
		if (result != SPI_OK_REL_REGISTER)
			throw pg::Error(ERRCODE_INTERNAL_ERROR,
			                std::string("could not register a relation: ") + SPI_result_code_string(result));
	}
}

} // namespace playbook::step
