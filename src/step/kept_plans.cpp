#include "step/kept_plans.hpp"

#include <list>

namespace playbook::step {
namespace {

constexpr std::size_t most_plans = 64;

struct Entry {
	std::string key;
	std::shared_ptr<const KeptPlan> plan;
};

struct Shelf {
	std::list<Entry> entries; // the most recently used first
	std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;
};

// Never destroyed: at exit the server has taken down what a plan's end would touch.
Shelf &shelf() {
	static Shelf *const the_shelf = new Shelf();
	return *the_shelf;
}

void drop(std::list<Entry>::iterator entry) {
	shelf().by_key.erase(entry->key);
	shelf().entries.erase(entry);
}

} // namespace

KeptPlan::~KeptPlan() {
	if (plan != nullptr) SPI_freeplan(plan);
}

std::shared_ptr<const KeptPlan> find_plan(const std::string &key) {
	Shelf &kept = shelf();
	const auto found = kept.by_key.find(key);
	if (found == kept.by_key.end()) return nullptr;
	kept.entries.splice(kept.entries.begin(), kept.entries, found->second);
	return found->second->plan;
}

void keep_plan(const std::string &key, std::shared_ptr<const KeptPlan> plan) {
	forget_plan(key);
	Shelf &kept = shelf();
	kept.entries.push_front({key, std::move(plan)});
	kept.by_key.emplace(kept.entries.front().key, kept.entries.begin());
	if (kept.entries.size() > most_plans) drop(std::prev(kept.entries.end()));
}

void forget_plan(const std::string &key) {
	const auto found = shelf().by_key.find(key);
	if (found != shelf().by_key.end()) drop(found->second);
}

} // namespace playbook::step
