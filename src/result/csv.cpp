#include "result/csv.hpp"

#include "pg/transaction.hpp"
#include "result/column_type.hpp"

namespace playbook::result {
namespace {

void append_field(std::string &line, std::string_view value) {
	if (!value.empty() && value.find_first_of("\",\r\n") == value.npos && value != "\\.") {
		line += value;
		return;
	}
	line += '"';
	for (const char c : value) {
		if (c == '"') line += '"';
		line += c;
	}
	line += '"';
}

} // namespace

void write_csv(const RowSet &rows, const std::function<void(std::string_view)> &piece) {
	const TextForm text_form;
	pg::SettingScope zone;
	zone.set("timezone", "UTC");
	const pg::ContextScope memory("playbook rows as CSV");
	std::string line;
	for (std::size_t i = 0; i < rows.columns().size(); ++i) {
		if (i > 0) line += ',';
		append_field(line, rows.columns()[i].name);
	}
	piece(line + "\n");
	const TupleDesc descriptor = rows.tuple_descriptor();
	std::vector<FmgrInfo> outputs(static_cast<std::size_t>(descriptor->natts));
	pg::call([&] {
		for (std::size_t i = 0; i < outputs.size(); ++i) {
			Oid function = InvalidOid;
			bool is_varlena = false;
			getTypeOutputInfo(TupleDescAttr(descriptor, static_cast<int>(i))->atttypid, &function,
			                  &is_varlena);
			fmgr_info(function, &outputs[i]);
		}
	});
	pg::ContextScope row("playbook row as CSV");
	rows.scan([&](const Datum *values, const bool *nulls) {
		line.clear();
		for (std::size_t i = 0; i < outputs.size(); ++i) {
			if (i > 0) line += ',';
			if (nulls[i]) continue;
			FmgrInfo &output = outputs[i];
			const Datum value = values[i];
			append_field(line, pg::call([&output, value]() -> const char * {
				             return OutputFunctionCall(&output, value);
			             }));
		}
		line += '\n';
		piece(line);
		row.reset();
	});
}

} // namespace playbook::result
