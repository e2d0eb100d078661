#include "result/insight.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "expression/locale.hpp"

namespace playbook::result {
namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string &name) {
	Words words;
	std::string word;
	for (const char c : name + "_") {
		if (c != '_' && c != ' ') {
			word += c;
		} else if (!word.empty()) {
			if (word == "risk" && !words.empty() && words.back() == "at")
				words.back() = "at-risk";
			else
				words.push_back(word);
			word.clear();
		}
	}
	return words;
}

std::string joined(const Words &words) {
	std::string text;
	for (const std::string &word : words) text += (text.empty() ? "" : " ") + word;
	return text;
}

// Words that are letters.
std::string for_people(const std::string &word) {
	static constexpr std::array letters = {"arr", "mrr", "csm", "nrr", "nps", "id"};
	std::string upper = word;
	for (char &c : upper)
		if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
	return std::find(letters.begin(), letters.end(), word) != letters.end() ? upper : word;
}

std::string label_of(const std::string &name) {
	Words words = words_of(name);
	for (std::string &word : words) word = for_people(word);
	std::string label = joined(words);
	if (!label.empty() && label[0] >= 'a' && label[0] <= 'z')
		label[0] = static_cast<char>(label[0] - 'a' + 'A');
	return label;
}

std::string plural(const std::string &word) {
	if (word.ends_with("s")) return word;
	if (word.ends_with("y") && word.size() > 1 &&
	    std::string("aeiou").find(word[word.size() - 2]) == std::string::npos)
		return word.substr(0, word.size() - 1) + "ies";
	return word + "s";
}

std::string singular(const std::string &word) {
	if (word.ends_with("ies") && word.size() > 4) return word.substr(0, word.size() - 3) + "y";
	if (word.ends_with("sses") || word.ends_with("uses")) return word.substr(0, word.size() - 2);
	if (word.ends_with("s") && !word.ends_with("ss") && !word.ends_with("us"))
		return word.substr(0, word.size() - 1);
	return word;
}

// How people speak of the rows of an output: "accounts at-risk", "account at-risk", "at-risk account".
struct Phrase {
	std::string many, one, title;
};

Phrase phrase_of(const std::string &output) {
	Words words = words_of(output);
	if (words.empty()) return {"rows", "row", "row"};
	const auto risk = std::find(words.begin(), words.end(), "at-risk");
	if (risk != words.end() && words.size() > 1) {
		words.erase(risk);
		Words one = words;
		one.back() = singular(one.back());
		words.back() = plural(words.back());
		return {joined(words) + " at-risk", joined(one) + " at-risk", "at-risk " + joined(one)};
	}
	const bool in_pipeline = words.size() > 1 && words.back() == "pipeline";
	if (in_pipeline) {
		words.pop_back();
		if (words.size() > 1 && words.back() == "in") words.pop_back();
	}
	Words one = words;
	one.back() = singular(one.back());
	if (!in_pipeline) return {joined(words), joined(one), joined(one)};
	words.back() = plural(words.back());
	return {joined(words) + " in pipeline", joined(one) + " in pipeline", joined(one) + " in pipeline"};
}

bool has_word(const std::string &name, const char *word) {
	const Words words = words_of(name);
	return std::find(words.begin(), words.end(), word) != words.end();
}

// What recurring amounts are called; "" for others, of which only the total is told.
std::string kind_of_money(const std::string &column) {
	for (const char *letters : {"arr", "mrr"})
		if (has_word(column, letters)) return for_people(letters);
	return has_word(column, "revenue") ? "revenue" : "";
}

class Writer {
public:
	explicit Writer(const InsightStyle &style) : style_(style) {}

	std::string write(const Value &value, const std::string &unit) {
		if (unit == "money") return money(value);
		if (unit == "percent") return number(value, "percent scale/100 .#");
		return number(value, unit == "count" ? "precision-integer" : ".##");
	}
	std::string money(const Value &value) {
		return number(value, "currency/" + style_.currency + " compact-short @##");
	}
	std::string count(std::int64_t rows) { return number(Value(rows), "precision-integer"); }
	std::string change(double before, double now) {
		if (before == 0) return "";
		const double percent = (now - before) / std::fabs(before) * 100;
		return " (" + number(Value(Number{std::to_string(percent)}), "percent .# sign-except-zero") + ")";
	}

private:
	std::string number(const Value &value, const std::string &skeleton) {
		return formatter_.number(value.as_text(), skeleton + " rounding-mode-half-up", style_.locale);
	}

	const InsightStyle &style_;
	expression::Formatter formatter_;
};

std::string unit_of(const Figure &figure) {
	if (!figure.unit.empty()) return figure.unit;
	return is_money_name(figure.metric) ? "money" : "number";
}

std::string sentence_of_rows(const OutputFacts &facts, Writer &writer) {
	const Phrase phrase = phrase_of(facts.output);
	std::string sentence = writer.count(*facts.rows) + " " + (*facts.rows == 1 ? phrase.one : phrase.many);
	if (facts.money.empty() || !facts.sum.as_double()) return sentence;
	const std::string kind = kind_of_money(facts.money);
	return sentence + (kind.empty() ? " totaling " : " with combined " + kind + " of ") +
	       writer.money(facts.sum);
}

std::string sentence_of_top(const OutputFacts &facts, Writer &writer) {
	const std::string kind = kind_of_money(facts.money);
	return "Top " + phrase_of(facts.output).title + ": " + facts.top + " (" + writer.money(facts.top_amount) +
	       (kind.empty() ? "" : " " + kind) + ")";
}

void add_change(std::vector<std::string> &sentences, const std::string &what, const Value &before,
                const Value &now, const std::string &unit, Writer &writer) {
	const std::optional<double> from = before.as_double(), to = now.as_double();
	if (!from || !to || *from == *to) return;
	std::string first = writer.write(before, unit), second = writer.write(now, unit);
	if (first == second) { // apart by less than is written
		if (std::fabs(*to - *from) < std::fabs(*from) / 1000) return;
		first = writer.write(before, "number");
		second = writer.write(now, "number");
	}
	sentences.push_back(what + (*to > *from ? " rose from " : " fell from ") + first + " to " + second +
	                    writer.change(*from, *to) + " since the previous execution");
}

void add_changes(std::vector<std::string> &sentences, const OutputFacts &now, const OutputFacts &before,
                 Writer &writer) {
	if (now.rows && before.rows) {
		std::string what = phrase_of(now.output).many;
		if (what[0] >= 'a' && what[0] <= 'z') what[0] = static_cast<char>(what[0] - 'a' + 'A');
		add_change(sentences, what, Value(*before.rows), Value(*now.rows), "count", writer);
	}
	for (const Figure &figure : now.figures)
		for (const Figure &former : before.figures)
			if (former.metric == figure.metric)
				add_change(sentences, label_of(figure.metric), former.value, figure.value, unit_of(figure),
				           writer);
}

} // namespace

bool is_money_name(const std::string &name) {
	static constexpr std::array money = {"arr", "mrr", "amount", "revenue", "pipeline"};
	return std::any_of(money.begin(), money.end(), [&](const char *word) { return has_word(name, word); });
}

std::vector<std::string> insights_of(const std::vector<OutputFacts> &now,
                                     const std::vector<OutputFacts> &before, const InsightStyle &style) {
	Writer writer(style);
	std::vector<std::string> sentences;
	for (const OutputFacts &facts : now) {
		if (facts.rows) sentences.push_back(sentence_of_rows(facts, writer));
		for (const Figure &figure : facts.figures)
			if (figure.value.as_double())
				sentences.push_back(label_of(figure.metric) + ": " +
				                    writer.write(figure.value, unit_of(figure)));
	}
	const auto with_top =
	    std::find_if(now.begin(), now.end(), [](const OutputFacts &facts) { return !facts.top.empty(); });
	if (with_top != now.end()) sentences.push_back(sentence_of_top(*with_top, writer));
	for (const OutputFacts &facts : now)
		for (const OutputFacts &former : before)
			if (former.output == facts.output) add_changes(sentences, facts, former, writer);
	return sentences;
}

} // namespace playbook::result
