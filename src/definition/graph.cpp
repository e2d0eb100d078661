#include "definition/graph.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "definition/cycle.hpp"
#include "definition/path.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

constexpr int most_rounds = 50; // of finding one cycle, taking out an edge and looking again

class Resolver {
public:
	Resolver(Built &built, const Mentions &mentions, Report &report)
	    : definition_(built.definition), steps_(built.definition.steps), written_(built.written_dependencies),
	      report_(report), all_mentions_(mentions.names), mentions_(steps_.size()),
	      referenced_(steps_.size()), edges_(steps_.size()) {
		for (const Step &step : steps_)
			if (positions_.emplace(step.id, step.position).second) ids_.push_back(step.id);
		std::sort(ids_.begin(), ids_.end());
		for (const Mention &mention : mentions.names)
			if (mention.step >= 0) mentions_[index(mention.step)].push_back(&mention);
	}

	void resolve() {
		for (Step &step : steps_) note_mentions(step);
		note_customer_fields();
		find_siblings();
		for (const Step &step : steps_) add_edges(step);
		refuse_cycles();
		for (Step &step : steps_) finish(step);
		for (const Step &step : steps_) warn_of_unordered_references(step);
	}

private:
	static std::size_t index(int position) { return static_cast<std::size_t>(position); }
	const Step &at(int position) const { return steps_[index(position)]; }
	const Lane &lane_of(const Step &step) const { return at(step.parent).lanes[index(step.lane)]; }
	bool in_definition_cancel(const Step &step) const { return step.path.starts_with("on_cancel["); }

	static const std::string *step_named(const Mention &mention) {
		return mention.name.size() > 1 && mention.name[0] == "steps" ? &mention.name[1] : nullptr;
	}
	int position_of(const std::string &id) const {
		const auto found = positions_.find(id);
		return found != positions_.end() ? found->second : -1;
	}

	bool is_ancestor(int carrier, const Step &step) const {
		for (int parent = step.parent; parent >= 0; parent = at(parent).parent)
			if (parent == carrier) return true;
		return false;
	}

	// The innermost on_cancel lane around a step, as carrier and lane; {-1, 0} for the definition's own, {-2,
	// 0} for none.
	std::pair<int, int> cancel_lane(const Step &step) const {
		const Step *inner = &step;
		while (inner->parent >= 0) {
			if (lane_of(*inner).kind == Lane::Kind::OnCancel) return {inner->parent, inner->lane};
			inner = &at(inner->parent);
		}
		return in_definition_cancel(*inner) ? std::pair{-1, 0} : std::pair{-2, 0};
	}

	// The carrier under which two steps lie in different branches, of which only one is ever taken; -1: they
	// do not.
	int exclusive_carrier(const Step &a, const Step &b) const {
		for (const Step *inner = &a; inner->parent >= 0; inner = &at(inner->parent))
			for (const Step *other = &b; other->parent >= 0; other = &at(other->parent))
				if (inner->parent == other->parent)
					return inner->lane != other->lane && lane_of(*inner).kind == Lane::Kind::Branch &&
					               lane_of(*other).kind == Lane::Kind::Branch
					           ? inner->parent
					           : -1;
		return -1;
	}

	// steps.x.status is there however x ended; steps.x and its columns only with its rows.
	static bool says_how_it_ended(const Mention &mention) {
		static const std::set<std::string> words{"status", "outcome", "attempts",   "error",
		                                         "reason", "elapsed", "started_at", "row_count"};
		return mention.name.size() > 2 && words.count(mention.name[2]) > 0;
	}

	void note_mentions(Step &step) {
		std::set<int> mentioned, inputs, &referenced = referenced_[index(step.position)];
		for (const Mention *mention : mentions_[index(step.position)]) {
			const std::string &root = mention->name[0];
			if (root == "customer" || root == "csm") step.uses_customer = true;
			if (root == "previous") step.uses_previous = true;
			const bool in_guard = mention->path == step.path + ".when" || mention->path == step.path + ".if";
			if ((root == "item" || root == "index") && in_guard) step.when_of_items = true;
			const std::string *id = step_named(*mention);
			const int target = id != nullptr ? position_of(*id) : -1;
			if (target < 0) continue;
			mentioned.insert(target);
			const bool in_config = mention->path.starts_with(step.path + ".config");
			if (target == step.position || !in_config || mention->form != Mention::Form::Reference) continue;
			referenced.insert(target);
			if (!says_how_it_ended(*mention)) inputs.insert(target);
		}
		step.mentions.assign(mentioned.begin(), mentioned.end());
		step.inputs.assign(inputs.begin(), inputs.end());
	}

	// Which fields of the customer an execution keeps the first values of.
	void note_customer_fields() {
		static const std::vector<std::string> at_start{"execution", "at_start", "customer"};
		std::set<std::string> fields;
		for (const Mention &mention : all_mentions_) {
			const std::vector<std::string> &name = mention.name;
			std::size_t field = 0; // where in the name it stands
			if (name[0] == "customer")
				field = 1;
			else if (std::equal(name.begin(), name.begin() + std::min(name.size(), at_start.size()),
			                    at_start.begin()))
				field = at_start.size();
			else
				continue;
			if (name.size() > field)
				fields.insert(name[field]);
			else
				definition_.whole_customer = true;
		}
		definition_.customer_fields.assign(fields.begin(), fields.end());
	}

	// For each step the one before it in its own list, or -1.
	void find_siblings() {
		before_.assign(steps_.size(), -1);
		std::unordered_map<std::string, int> last;
		for (const Step &step : steps_) {
			const std::string list(parent_path(step.path));
			const auto [found, first] = last.emplace(list, step.position);
			if (first) continue;
			before_[index(step.position)] = found->second;
			found->second = step.position;
		}
	}

	void refuse(const Mention &mention, std::string message, std::string hint) {
		report_.error_within("PB033", mention.path, *mention.text, mention.offset, std::move(message),
		                     std::move(hint));
	}

	// Whether a step may wait for the target; says why not when `mention` names it.
	bool may_wait_for(const Step &step, int target, const Mention *mention, const std::string &path) {
		const Step &other = at(target);
		const auto complain = [&](std::string message, std::string hint) {
			if (mention != nullptr)
				refuse(*mention, std::move(message), std::move(hint));
			else
				report_.error("PB033", path, std::move(message), std::move(hint));
			return false;
		};
		const std::string from =
		    "step " + quoted(step.id) + (mention != nullptr ? " refers to " : " depends on ");
		if (const auto theirs = cancel_lane(other); theirs.first != -2 && theirs != cancel_lane(step))
			return complain(from + quoted(other.id) + ", which runs only when the execution is cancelled",
			                "");
		if (cancel_lane(step).first != -2 && cancel_lane(other).first == -2) {
			if (mention != nullptr || is_ancestor(target, step))
				return false; // it may look, but there is nothing to wait for
			return complain(from + quoted(other.id) + ", but steps of on_cancel wait only for each other",
			                "");
		}
		if (const int carrier = exclusive_carrier(step, other); carrier >= 0)
			return complain(from + quoted(other.id) + ", which lies in another branch of " +
			                    quoted(at(carrier).id),
			                "Only one branch of a condition runs.");
		return true;
	}

	void add_edge(const Step &step, int target, Edge::Kind kind, const Mention *mention = nullptr) {
		std::vector<Edge> &list = edges_[index(step.position)];
		if (std::any_of(list.begin(), list.end(), [&](const Edge &edge) { return edge.target == target; }))
			return;
		list.push_back({target, kind, mention});
	}

	void add_edges(const Step &step) {
		if (const auto &dependencies = written_[index(step.position)]) {
			add_written(step, *dependencies);
		} else {
			bool refers = false;
			for (const Mention *mention : mentions_[index(step.position)])
				refers |= add_mentioned(step, *mention);
			if (!is_data(step.type) && !refers) {
				const int before =
				    before_[index(step.position)] >= 0 ? before_[index(step.position)] : step.parent;
				if (before >= 0) add_edge(step, before, Edge::Kind::Order);
			}
		}
	}

	void add_written(const Step &step, const std::vector<std::string> &dependencies) {
		const std::string list = child_path(step.path, "depends_on");
		for (std::size_t i = 0; i < dependencies.size(); ++i) {
			const std::string path = child_path(list, i);
			const int target = position_of(dependencies[i]);
			if (target < 0)
				report_.error("PB032", path, "there is no step " + quoted(dependencies[i]),
				              report_.suggestion(dependencies[i], ids_, "The steps are"));
			else if (target == step.position)
				report_.error("PB034", path,
				              "step " + quoted(step.id) + " depends on itself: " + step.id + " -> " +
				                  step.id);
			else if (may_wait_for(step, target, nullptr, path))
				add_edge(step, target, Edge::Kind::Written);
		}
	}

	// True for a ${steps.…} reference (or a query's placeholder) to another step, which then stands for the
	// step's order.
	bool add_mentioned(const Step &step, const Mention &mention) {
		const std::string *id = step_named(mention);
		const int target = id != nullptr ? position_of(*id) : -1;
		if (target < 0) return false;
		if (target == step.position) {
			if (mention.path.find(".repeat.until", step.path.size()) == std::string::npos)
				refuse(mention, "step " + quoted(step.id) + " refers to itself", "");
			return false;
		}
		if (may_wait_for(step, target, &mention, "")) {
			const bool hard =
			    mention.form == Mention::Form::Reference || mention.form == Mention::Form::Query;
			add_edge(step, target, Edge::Kind::Mentioned, &mention);
			return hard;
		}
		return false;
	}

	void add_branches(int carrier, std::vector<int> &out) const {
		for (const Lane &lane : at(carrier).lanes) {
			if (lane.kind == Lane::Kind::OnCancel) continue;
			for (const int step : lane.steps) {
				out.push_back(step);
				add_branches(step, out); // as deep as branches go, which is bounded
			}
		}
	}

	// Every step that must be final before this one starts, each with the edge it comes from.
	std::vector<Wait> waits_of(const Step &step) const {
		std::vector<Wait> waits;
		std::vector<bool> seen(steps_.size(), false); // carriers within carriers have the same branches
		const auto wait_for = [&](int target, const Edge *edge) {
			if (seen[index(target)]) return;
			seen[index(target)] = true;
			waits.push_back({target, edge});
		};
		if (step.parent >= 0) wait_for(step.parent, nullptr);
		for (const Edge &edge : edges_[index(step.position)]) {
			if (edge.removed) continue;
			wait_for(edge.target, &edge);
			if (is_ancestor(edge.target, step)) continue; // its branches are where this step is
			std::vector<int> branches;
			add_branches(edge.target, branches);
			for (const int branch : branches)
				if (branch != step.position) wait_for(branch, &edge);
		}
		return waits;
	}

	void refuse_cycles() {
		for (int round = 0; round < most_rounds; ++round) {
			std::vector<std::vector<Wait>> graph;
			graph.reserve(steps_.size());
			for (const Step &step : steps_) graph.push_back(waits_of(step));
			const std::vector<Turn> cycle = find_cycle(graph);
			if (cycle.empty()) return;
			report_cycle(cycle);
		}
	}

	void report_cycle(const std::vector<Turn> &cycle) {
		const Turn *mentioned = nullptr, *written = nullptr, *implied = nullptr;
		std::string chain;
		for (const Turn &turn : cycle) {
			chain += at(turn.step).id + " -> ";
			if (turn.wait.edge == nullptr || turn.wait.edge->kind == Edge::Kind::Order ||
			    turn.wait.edge->target != turn.wait.target)
				implied = &turn;
			if (turn.wait.edge == nullptr) continue;
			if (turn.wait.edge->kind == Edge::Kind::Mentioned) mentioned = &turn;
			if (turn.wait.edge->kind == Edge::Kind::Written) written = &turn;
		}
		chain += at(cycle.front().step).id;
		const Turn &blamed = mentioned != nullptr ? *mentioned
		                     : written != nullptr ? *written
		                                          : cycle.front();
		const Step &step = at(blamed.step);
		if (mentioned != nullptr && implied != nullptr) {
			refuse(*mentioned->wait.edge->mention,
			       "step " + quoted(step.id) + " refers to " + quoted(at(mentioned->wait.edge->target).id) +
			           ", which runs after it",
			       "The order is " + chain + ".");
		} else {
			const std::string hint =
			    implied == nullptr
			        ? ""
			        : "A step without depends_on follows the step before it, and a step in a branch "
			          "follows the branch's condition.";
			const std::string path = blamed.wait.edge != nullptr && blamed.wait.edge->mention != nullptr
			                             ? blamed.wait.edge->mention->path
			                             : child_path(step.path, "depends_on");
			report_.error("PB034", path, "steps wait for each other in a circle: " + chain, hint);
		}
		for (Edge &edge : edges_[index(blamed.step)])
			if (blamed.wait.edge == &edge) edge.removed = true;
	}

	void finish(Step &step) {
		std::set<int> direct, all;
		for (const Edge &edge : edges_[index(step.position)])
			if (!edge.removed) direct.insert(edge.target);
		for (const Wait &wait : waits_of(step)) all.insert(wait.target);
		step.depends_on.assign(direct.begin(), direct.end());
		step.waits_for.assign(all.begin(), all.end());
	}

	// depends_on wins over what a step reads, so say when it reads a step that may not have ended.
	void warn_of_unordered_references(const Step &step) {
		const std::set<int> &referenced = referenced_[index(step.position)];
		if (!written_[index(step.position)] || referenced.empty()) return;
		std::vector<bool> reached(steps_.size(), false);
		std::vector<int> open{step.position};
		while (!open.empty()) {
			const int next = open.back();
			open.pop_back();
			for (const int target : at(next).waits_for)
				if (!reached[index(target)]) {
					reached[index(target)] = true;
					open.push_back(target);
				}
		}
		for (const int other : referenced)
			if (!reached[index(other)])
				report_.warning("PB035", child_path(step.path, "depends_on"),
				                "step " + quoted(step.id) + " reads " + quoted(at(other).id) +
				                    " without waiting for it",
				                "Add " + quoted(at(other).id) + " to depends_on, or leave depends_on out.");
	}

	Definition &definition_;
	std::vector<Step> &steps_;
	const std::vector<std::optional<std::vector<std::string>>> &written_;
	Report &report_;
	const std::vector<Mention> &all_mentions_;
	std::unordered_map<std::string, int> positions_;
	std::vector<std::string> ids_; // sorted
	std::vector<std::vector<const Mention *>> mentions_;
	std::vector<std::set<int>> referenced_; // by each step's config, with ${…}
	std::vector<std::vector<Edge>> edges_;
	std::vector<int> before_;
};

} // namespace

void resolve_order(Built &built, const Mentions &mentions, Report &report) {
	Resolver(built, mentions, report).resolve();
}

} // namespace playbook::definition
