#include "identity/coverage.hpp"

#include "identity/customer.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::identity {
namespace {

// One customer is looked up by its key; a statement that asks for more of them reads all of the person's at
// once.
constexpr std::size_t single_look_ups = 16;

std::string lower(std::string address) {
	for (char &c : address)
		if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
	return address;
}

// pg::query_once() expands @names; the application's own names may hold an "@".
std::string verbatim(const std::string &sql) {
	std::string result;
	for (const char c : sql) result.append(c == '@' ? 2 : 1, c);
	return result;
}

// The source as its relation's owner sees it.
struct AsSourceOwner {
	explicit AsSourceOwner(const CustomerSource &source) : owner(source.relation_owner, true) {
		settings.set("search_path", "pg_catalog, pg_temp");
	}
	pg::SettingScope settings;
	pg::OwnerIdentity owner;
};

} // namespace

Coverage::Coverage(const std::string &person) {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement find(
	    "WITH RECURSIVE below AS ("
	    " SELECT id, email FROM @playbook_people WHERE id = $1"
	    " UNION SELECT p.id, p.email FROM @playbook_people p JOIN below b ON p.manager = b.id)"
	    " SELECT id, email FROM below",
	    {TEXTOID});
	const pg::Rows rows = find.query({pg::text(person)});
	ids_.insert(person);
	for (std::size_t i = 0; i < rows.size(); ++i) {
		ids_.insert(rows.text(i, 0));
		if (const auto address = rows.text_or_null(i, 1)) addresses_.insert(lower(*address));
	}
}

bool Coverage::is_covered(const std::string &csm) const {
	return ids_.contains(csm) || addresses_.contains(lower(csm));
}

bool Coverage::covers(const std::string &customer) {
	if (all_) return all_->contains(customer);
	if (const auto found = asked_.find(customer); found != asked_.end()) return found->second;
	if (asked_.size() >= single_look_ups) {
		load_all();
		return all_->contains(customer);
	}
	const bool verdict = look_up(customer);
	asked_.emplace(customer, verdict);
	return verdict;
}

bool Coverage::look_up(const std::string &customer) {
	const std::shared_ptr<const CustomerSource> source = customer_source();
	if (!source || source->csm_column.empty()) return false;
	const KeyComparison comparison = key_comparison(*source);
	const std::optional<Datum> key = key_datum(*source, customer);
	if (!key) return false;
	const std::string sql = "SELECT s." + quoted(source->csm_column) + "::pg_catalog.text FROM " +
	                        source->relation_name + " s WHERE " + comparison.condition + " AND s." +
	                        quoted(source->csm_column) + " IS NOT NULL";
	const pg::Spi connection;
	const AsSourceOwner owner(*source);
	const pg::Rows rows = pg::query_once(verbatim(sql), {{comparison.parameter, pg::datum(*key)}}, true);
	for (std::size_t i = 0; i < rows.size(); ++i)
		if (is_covered(rows.text(i, 0))) return true;
	return false;
}

void Coverage::load_all() {
	std::unordered_set<std::string> customers;
	const std::shared_ptr<const CustomerSource> source = customer_source();
	if (source && !source->csm_column.empty()) {
		const std::string csm = "s." + quoted(source->csm_column) + "::pg_catalog.text";
		const std::string sql =
		    "SELECT s." + quoted(source->key_column) + "::pg_catalog.text FROM " + source->relation_name +
		    " s WHERE (" + csm + " OPERATOR(pg_catalog.=) ANY ($1) OR pg_catalog.lower(" + csm +
		    ") OPERATOR(pg_catalog.=) ANY ($2)) AND s." + quoted(source->key_column) + " IS NOT NULL";
		const pg::Argument ids = pg::datum(pg::array_of(std::vector<std::string>(ids_.begin(), ids_.end())));
		const pg::Argument addresses =
		    pg::datum(pg::array_of(std::vector<std::string>(addresses_.begin(), addresses_.end())));
		const pg::Spi connection;
		const AsSourceOwner owner(*source);
		const pg::Rows rows =
		    pg::query_once(verbatim(sql), {{TEXTARRAYOID, ids}, {TEXTARRAYOID, addresses}}, true);
		for (std::size_t i = 0; i < rows.size(); ++i) customers.insert(rows.text(i, 0));
	}
	all_ = std::move(customers);
}

} // namespace playbook::identity
