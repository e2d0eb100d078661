#include "step/signals.hpp"

#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::step {

std::vector<Signal> waiting_signals(const Context &context, const std::vector<std::string> &names) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement find(
	    "SELECT id, name, payload FROM @playbook_signals "
	    "WHERE execution_id = $1 AND name = ANY ($2) AND consumed_by IS NULL ORDER BY id",
	    {INT8OID, TEXTARRAYOID});
	const pg::Rows rows = find.query({pg::int8(context.execution.id), pg::datum(pg::array_of(names))});
	std::vector<Signal> signals;
	for (std::size_t row = 0; row < rows.size(); ++row)
		signals.push_back({rows.int8(row, 0), rows.text(row, 1), rows.jsonb(row, 2)});
	return signals;
}

void consume_signal(const Context &context, const Signal &signal) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement consume(
	    "UPDATE @playbook_signals SET consumed_by = $3 WHERE execution_id = $1 AND id = $2",
	    {INT8OID, INT8OID, INT4OID});
	consume.execute({pg::int8(context.execution.id), pg::int8(signal.id), pg::int4(context.row.position)});
}

} // namespace playbook::step
