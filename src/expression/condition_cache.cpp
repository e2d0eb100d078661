#include "expression/condition_cache.hpp"

#include <span>

extern "C" {
#include "parser/parse_expr.h"
#include "parser/scansup.h"
#include "pgtime.h"
}

namespace playbook::expression {
namespace {

// Counted by invalidation callbacks, which may run anywhere and so do nothing else.
std::uint64_t catalog_changes = 0;
std::uint64_t kept_changes = 0;

void on_catalog_change(Datum, int, uint32) { ++catalog_changes; }

// Settings that decide what a literal or an operator of the text becomes when it is analyzed.
struct Settings {
	int date_style, date_order, interval_style, backslash_quotes;
	bool conforming_strings, null_equals;
	const pg_tz *time_zone;
	bool operator==(const Settings &) const = default;
};

Settings current_settings() {
	return {DateStyle,
	        DateOrder,
	        IntervalStyle,
	        backslash_quote,
	        standard_conforming_strings,
	        Transform_null_equals,
	        session_timezone};
}

Settings kept_settings{};

} // namespace

ConditionCache &ConditionCache::instance() {
	// Never destroyed: at the end of the process the server's memory goes before static objects do.
	static ConditionCache &cache = *new ConditionCache();
	return cache;
}

ConditionCache::ConditionCache() {
	pg::call([] {
		static const int watched[] = {PROCOID,          OPEROID, TYPEOID, NAMESPACEOID,
		                              CASTSOURCETARGET, COLLOID, AUTHOID, AUTHMEMMEMROLE};
		for (const int catalog : watched)
			CacheRegisterSyscacheCallback(catalog, on_catalog_change, static_cast<Datum>(0));
	});
	kept_settings = current_settings();
}

void ConditionCache::drop_outdated() {
	const Settings settings = current_settings();
	if (catalog_changes == kept_changes && settings == kept_settings) return;
	kept_changes = catalog_changes;
	kept_settings = settings;
	by_text_.clear();
	entries_.clear();
}

ConditionCache::Entry &ConditionCache::entry(const std::string &text) {
	drop_outdated();
	const auto found = by_text_.find(text);
	if (found != by_text_.end()) {
		entries_.splice(entries_.begin(), entries_, found->second);
		return entries_.front();
	}
	auto parsed = std::make_shared<const ParsedCondition>(parse_condition(text));
	if (entries_.size() >= max_texts) {
		by_text_.erase(by_text_.find(*entries_.back().text));
		entries_.pop_back();
	}
	std::list<Entry> added;
	added.push_front(Entry{nullptr, std::move(parsed), {}});
	added.front().text = &by_text_.emplace(text, added.begin()).first->first;
	entries_.splice(entries_.begin(), added);
	return entries_.front();
}

std::shared_ptr<const ParsedCondition> ConditionCache::parsed(const std::string &text) {
	return entry(text).parsed;
}

std::shared_ptr<ConditionPlan> ConditionCache::plan(const std::string &text, const std::vector<Oid> &types,
                                                    ResultForm form) {
	std::array<Oid, 32> path{};
	const int count =
	    pg::call([&path] { return fetch_search_path_array(path.data(), static_cast<int>(path.size())); });
	const bool whole_path = count <= static_cast<int>(path.size());
	const std::span<const Oid> namespaces(path.data(), whole_path ? static_cast<std::size_t>(count) : 0);
	const auto are_now = [&](const Circumstances &then) {
		return then.types == types && then.form == form && then.user == GetUserId() &&
		       then.search_path == namespace_search_path &&
		       std::equal(then.namespaces.begin(), then.namespaces.end(), namespaces.begin(),
		                  namespaces.end());
	};

	Entry &kept = entry(text);
	const bool reads_clock = kept.parsed->reads_clock;
	for (auto one = kept.plans.begin(); one != kept.plans.end(); ++one) {
		if (!are_now(one->circumstances)) continue;
		if (one->plan->busy()) break;
		kept.plans.splice(kept.plans.begin(), kept.plans, one);
		return kept.plans.front().plan;
	}
	const std::uint64_t changes = catalog_changes;
	auto made = std::make_shared<ConditionPlan>(text, types, form);
	if (reads_clock || !whole_path || !made->keepable() || catalog_changes != changes) return made;
	// Folding may have run functions that evaluated conditions: look again.
	Entry &target = entry(text);
	for (const Kept &one : target.plans)
		if (are_now(one.circumstances)) return made; // that one is busy
	if (target.plans.size() >= max_plans) target.plans.pop_back();
	target.plans.push_front(Kept{
	    {types, form, GetUserId(), namespace_search_path, {namespaces.begin(), namespaces.end()}}, made});
	return made;
}

void ConditionCache::forget(const ConditionPlan *plan) {
	for (Entry &entry : entries_)
		entry.plans.remove_if([plan](const Kept &kept) { return kept.plan.get() == plan; });
}

std::size_t ConditionCache::plans() const {
	std::size_t count = 0;
	for (const Entry &entry : entries_) count += entry.plans.size();
	return count;
}

} // namespace playbook::expression
