#include "result/declared_insights.hpp"

#include "expression/template.hpp"
#include "pg/transaction.hpp"
#include "settings.hpp"
#include "step/handler.hpp"

namespace playbook::result {
namespace {

// outputs.summary.total_arr, {{#each outputs.accounts}}: figures are members, rows a list.
Value values_of(const definition::Output &output, const RowSet &rows) {
	std::vector<Value> lines = rows.objects(std::max<std::int64_t>(1, settings::result_rows()));
	if (output.type == "aggregate" && rows.row_count() == 1) return std::move(lines.front());
	return Value(std::move(lines));
}

class Speaker {
public:
	Speaker(execution::Execution &execution, const std::vector<OutputRows> &outputs)
	    : step_(mentioning_all(execution.definition())), context_{execution, step_, execution.steps.front(),
	                                                              GetCurrentTimestamp(),
	                                                              step::Mode::Session} {
		const std::vector<definition::Output> &declared = execution.definition().outputs;
		for (std::size_t i = 0; i < declared.size() && i < outputs.size(); ++i)
			if (outputs[i].rows != nullptr) take(declared[i], *outputs[i].rows);
		options_.time_zone = settings::time_zone();
		if (options_.time_zone.empty()) options_.time_zone = pg_get_timezone_name(session_timezone);
		options_.locale = settings::locale();
		options_.currency = settings::currency();
		options_.now_microseconds = context_.now + (std::int64_t{POSTGRES_EPOCH_JDATE} - UNIX_EPOCH_JDATE) *
		                                               SECS_PER_DAY * USECS_PER_SEC;
	}

	std::optional<std::string> say(const Value &insight) {
		const Value *text = insight.is_object() ? insight.find("text") : &insight;
		if (text == nullptr || !text->is_string()) return std::nullopt;
		std::optional<std::string> sentence;
		try {
			pg::Subtransaction guarded;
			if (holds(insight)) sentence = rendered(text->string());
			guarded.commit();
		} catch (const pg::Error &) {
			return std::nullopt;
		} catch (const expression::TemplateError &) {
			return std::nullopt;
		}
		return sentence;
	}

private:
	// An output whose rows cannot be written as JSON is one that is not there.
	void take(const definition::Output &output, const RowSet &rows) {
		try {
			pg::Subtransaction guarded;
			outputs_.set(output.name, values_of(output, rows));
			guarded.commit();
		} catch (const pg::Error &) {
			outputs_.erase(output.name);
		}
	}

	bool holds(const Value &insight) {
		for (const char *key : {"when", "if"})
			if (const Value *condition = insight.is_object() ? insight.find(key) : nullptr;
			    condition != nullptr)
				return context_.holds(condition->as_text());
		return true;
	}

	std::optional<std::string> rendered(const std::string &text) {
		const expression::Template parsed = expression::Template::parse(text);
		if (!parsed.errors().empty()) return std::nullopt;
		Value values = context_.values_for(parsed.paths());
		values.set("outputs", outputs_);
		expression::Rendered made = parsed.render(values, options_);
		if (!made.missing.empty()) return std::nullopt;
		return std::move(made.text);
	}

	// Conditions see what their step mentions: a sentence may mention every step.
	static definition::Step mentioning_all(const definition::Definition &definition) {
		definition::Step step = definition.steps.front();
		step.mentions.clear();
		for (const definition::Step &other : definition.steps) step.mentions.push_back(other.position);
		step.uses_previous = true;
		return step;
	}

	const definition::Step step_;
	step::Context context_;
	Value outputs_ = Value::object();
	expression::RenderOptions options_;
};

} // namespace

std::optional<std::vector<std::string>> declared_insights(execution::Execution &execution,
                                                          const std::vector<OutputRows> &outputs) {
	const Value *declared = execution.definition().document.find("insights");
	if (declared == nullptr || !declared->is_array() || declared->size() == 0 || execution.steps.empty())
		return std::nullopt;
	Speaker speaker(execution, outputs);
	std::vector<std::string> sentences;
	for (const Value &insight : declared->items())
		if (std::optional<std::string> sentence = speaker.say(insight))
			sentences.push_back(std::move(*sentence));
	return sentences;
}

} // namespace playbook::result
