#include "result/canonical.hpp"

#include "definition/export.hpp"
#include "expression/sql_lexer.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "result/column_type.hpp"
#include "result/json_form.hpp"
#include "result/row_set.hpp"
#include "value/json.hpp"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "utils/tuplesort.h"
}

namespace playbook::result {
namespace {

using execution::Execution;
using execution::StepRow;
using Piece = std::function<void(std::string_view)>;

bool orders_its_rows(const std::string &statement) {
	const expression::SqlScan scan = expression::scan_sql(statement, expression::SqlScanMode::Template);
	int depth = 0;
	for (std::size_t i = 0; i + 1 < scan.tokens.size(); ++i) {
		if (scan.tokens[i].is('(')) ++depth;
		if (scan.tokens[i].is(')')) --depth;
		if (depth == 0 && scan.tokens[i].is_word("ORDER") && scan.tokens[i + 1].is_word("BY")) return true;
	}
	return false;
}

// Many rows as texts, given back in their own order. Spills to disk beyond work_mem.
class RowSorter {
public:
	RowSorter() {
		sort_ = pg::call([] {
			return tuplesort_begin_datum(TEXTOID, TextLessOperator, C_COLLATION_OID, false, work_mem, nullptr,
			                             TUPLESORT_NONE);
		});
	}
	void add(const std::string &row) {
		pg::call([&] {
			text *copy = cstring_to_text_with_len(row.data(), static_cast<int>(row.size()));
			tuplesort_putdatum(sort_, PointerGetDatum(copy), false);
			pfree(copy);
		});
	}
	void give(const std::function<void(std::string_view)> &each) {
		pg::call([this] { tuplesort_performsort(sort_); });
		for (;;) {
			const text *row = pg::call([this]() -> const text * {
				Datum value = 0;
				bool is_null = false;
				if (!pg::compat::next_sorted(sort_, &value, &is_null)) return nullptr;
				return DatumGetTextPP(value);
			});
			if (row == nullptr) return;
			each({VARDATA_ANY(row), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(row))});
			pg::call([row] { pfree(const_cast<text *>(row)); });
		}
	}
	// After an error the rollback takes its files and its memory.
	~RowSorter() {
		if (std::uncaught_exceptions() == exceptions_) tuplesort_end(sort_);
	}
	RowSorter(const RowSorter &) = delete;
	RowSorter &operator=(const RowSorter &) = delete;

private:
	Tuplesortstate *sort_ = nullptr;
	const int exceptions_ = std::uncaught_exceptions();
};

// As SQL says it; of a type that somebody created, the name it had, whatever has become of it.
std::string type_name(const Column &column) {
	const Oid type = column.as_text ? InvalidOid : find_type(column.type);
	if (!OidIsValid(type)) return column.type;
	return pg::call([type]() -> const char * { return format_type_be(type); });
}

std::string head_of(const std::string &step, int item, const RowSet &rows) {
	std::string head = "{\"step_id\":";
	append_json_string(head, step);
	head += ",\"item\":" + std::to_string(item) + ",\"columns\":" + canonical_columns(rows);
	return head + ",\"row_count\":" + std::to_string(rows.row_count()) + ",\"rows\":[";
}

// Calls `each` with the text of every row, in the order of the row set.
void write_rows(const RowSet &rows, const std::function<void(const std::string &)> &each) {
	const pg::ContextScope memory("playbook canonical rows");
	const TupleDesc descriptor = rows.tuple_descriptor();
	std::vector<JsonForm> columns;
	for (int i = 0; i < descriptor->natts; ++i) columns.emplace_back(descriptor, i);
	pg::ContextScope row("playbook canonical row");
	std::string line;
	rows.scan([&](const Datum *values, const bool *nulls) {
		line = "[";
		for (std::size_t i = 0; i < columns.size(); ++i) {
			if (i > 0) line += ",";
			line += nulls[i] ? "null" : columns[i].text_of(values, nulls);
		}
		line += "]";
		each(line);
		row.reset();
	});
}

void write_step(const Execution &execution, const definition::Step &step, const StepRow &row,
                const CanonicalSettings &settings, const Piece &piece) {
	const std::shared_ptr<const RowSet> rows = rows_of(execution, row);
	if (rows == nullptr) return;
	piece(head_of(step.id, row.item, *rows));
	bool first = true;
	each_canonical_row(step, *rows, settings, [&](std::string_view line) {
		piece(first ? "\n" : ",\n");
		piece(line);
		first = false;
	});
	piece("]}");
}

} // namespace

bool has_canonical_rows(const definition::Step &step, const StepRow &row) {
	if (!row.has_rows || row.status != execution::StepStatus::Completed) return false;
	// What a for_each says of its items names executions, and is no data.
	if (row.item == 0 && (step.for_each || step.repeat)) return false;
	return definition::is_data(step.type) || step.type == definition::StepType::Sql;
}

bool keeps_order(const definition::Step &step) {
	for (const char *key : {"sort", "sorts"})
		if (const Value *sort = step.config.find(key); sort != nullptr && !sort->is_null()) return true;
	const Value *statement = step.config.find("template");
	return statement != nullptr && statement->is_string() && orders_its_rows(statement->string());
}

std::shared_ptr<const RowSet> rows_of(const Execution &execution, const StepRow &row) {
	if (row.rows != nullptr) return row.rows;
	pg::EngineIdentity engine;
	pg::Spi spi;
	return load_rows(execution.id, row.position, row.item);
}

std::string canonical_columns(const RowSet &rows) {
	std::string columns = "[";
	for (const Column &column : rows.columns()) {
		columns += columns.size() == 1 ? "{\"name\":" : ",{\"name\":";
		append_json_string(columns, column.name);
		columns += ",\"type\":";
		append_json_string(columns, type_name(column));
		columns += "}";
	}
	return columns + "]";
}

void each_canonical_row(const definition::Step &step, const RowSet &rows, const CanonicalSettings &,
                        const Piece &each) {
	if (keeps_order(step)) {
		write_rows(rows, each);
	} else if (rows.chunks().size() <= 1) {
		std::vector<std::string> lines;
		write_rows(rows, [&](const std::string &line) { lines.push_back(line); });
		std::sort(lines.begin(), lines.end());
		for (const std::string &line : lines) each(line);
	} else {
		const pg::ContextScope memory("playbook canonical order");
		RowSorter sorter;
		write_rows(rows, [&](const std::string &line) { sorter.add(line); });
		sorter.give(each);
	}
}

CanonicalSettings::CanonicalSettings() { zone_.set("timezone", "UTC"); }

void write_canonical(const Execution &execution, const CanonicalSettings &settings, const Piece &piece) {
	Value about = Value::object();
	about.set("playbook_id", Value(execution.playbook_id));
	about.set("customer", execution.customer_id ? Value(*execution.customer_id) : Value());
	std::string head = to_json(about);
	head.back() = ',';
	piece(head + "\"parameters\":" + definition::canonical_json(execution.parameters) + ",\"steps\":[");
	bool first = true;
	const auto write = [&](const StepRow &row) {
		const definition::Step &step = execution.definition().steps[static_cast<std::size_t>(row.position)];
		if (!has_canonical_rows(step, row)) return;
		piece(first ? "\n" : ",\n");
		first = false;
		write_step(execution, step, row, settings, piece);
	};
	for (const StepRow &row : execution.steps) {
		write(row);
		for (auto item = execution.items.lower_bound({row.position, 1});
		     item != execution.items.end() && item->first.first == row.position; ++item)
			write(item->second);
	}
	piece("]}\n");
}

} // namespace playbook::result
