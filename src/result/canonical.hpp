// The canonical form of what an execution's data steps found: one JSON text, the same for the same data.
//
//   {"playbook_id":"churn_risk","customer":null,"parameters":{"limit":100},"steps":[
//   {"step_id":"accounts","item":0,"columns":[{"name":"id","type":"integer"},…],"row_count":2,"rows":[
//   [1,"Acme"],
//   [2,"Bolt"]]}]}
//
// Steps are in the order of the definition, parameters are sorted by name. A row is an array of its values as
// to_json writes them, in UTC and with fixed settings. Rows stand in the order of their own text, byte by
// byte, so that it does not matter in which order the server found them; the rows of a step that sorts keep
// their order. Neither the run id nor any time is in it. Described for people in doc/operations.md.
#pragma once

#include <functional>

#include "execution/model.hpp"
#include "result/column_type.hpp"
#include "result/row_set.hpp"

namespace playbook::result {

// The steps whose rows belong to it: completed data steps and statements.
bool has_canonical_rows(const definition::Step &step, const execution::StepRow &row);
// Whether the order of the step's rows means something.
bool keeps_order(const definition::Step &step);

// The settings under which every value has one text.
class CanonicalSettings {
public:
	CanonicalSettings();

private:
	const TextForm text_form_;
	pg::SettingScope zone_;
};

// The rows of a step or an item, loaded where they are not in memory; null when there are none.
std::shared_ptr<const RowSet> rows_of(const execution::Execution &execution, const execution::StepRow &row);
// [{"name":"id","type":"integer"},…]
std::string canonical_columns(const RowSet &rows);
// Calls `each` with the text of every row, in canonical order.
void each_canonical_row(const definition::Step &step, const RowSet &rows, const CanonicalSettings &settings,
                        const std::function<void(std::string_view)> &each);

// Calls `piece` with the text, from its beginning to its end. Loads row sets that are not in memory; code of
// types that somebody created runs as the execution's owner.
void write_canonical(const execution::Execution &execution, const CanonicalSettings &settings,
                     const std::function<void(std::string_view)> &piece);

} // namespace playbook::result
