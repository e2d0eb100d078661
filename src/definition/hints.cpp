#include "definition/hints.hpp"

namespace playbook::definition {
namespace {

struct CodeHint {
	std::string_view code, hint;
};

constexpr CodeHint hints[] = {
    {"PB001", "Begin with id:, name: and steps:."},
    {"PB002", "Move parts of it into playbooks of their own, and long texts into tables."},
    {"PB003", "Remove the character, or write the text in another way; the file must be UTF-8."},
    {"PB004", "Correct the text there; a list, text or mapping before that place may not be closed."},
    {"PB005", "Move inner parts into playbooks of their own."},
    {"PB006", "Split it into several playbooks, and keep lists of data in tables."},
    {"PB007", "Keep one of them."},
    {"PB008", "Create one playbook at a time."},
    {"PB009", "Write keys and values as plain texts, quoted where they begin with a special character."},
    {"PB010", "Begin with id:, name: and steps:."},
    {"PB011", "Quote it: \"{{customer.email}}\"."},
    {"PB012", "An anchor, written &name, must stand before its alias, *name."},
    {"PB013", "Quote it if its leading zeros matter."},
    {"PB014", "Quote it if it is meant as text."},
    {"PB015", "Correct those that are listed first."},
    {"PB020", "Remove it, or correct the key; doc/definition.md lists the keys of each place."},
    {"PB021", "Add it; doc/definition.md describes the keys of each place."},
    {"PB022", "Write a value of that kind; doc/definition.md has an example of each key."},
    {"PB023", "Write one of the words that doc/definition.md lists for this key."},
    {"PB024", "Write a value within the limits; doc/definition.md lists them for each key."},
    {"PB025", "Write it in the form that doc/definition.md describes for this key."},
    {"PB026", "Write it as in \"3 days\", \"2 hours 30 minutes\" or \"P1DT2H\"."},
    {"PB027", "Write minute, hour, day of month, month and day of week, as in \"0 9 * * mon\"."},
    {"PB028", "Write it as in \"09:00\"."},
    {"PB029", "Remove the source, or choose a type that goes with it."},
    {"PB030", "Ids are unique over all branches: rename one of the steps."},
    {"PB031", "Rename the step, and what refers to it."},
    {"PB032", "Correct the id; it must be one of this definition."},
    {"PB033", "Refer to a step that comes before on the same way, or move the step."},
    {"PB034", "Take one of them out of depends_on, or the reference out of its text."},
    {"PB035", "Add the step to depends_on, or leave depends_on out."},
    {"PB036", "Split it into several playbooks."},
    {"PB037", "Move inner branches into a playbook of their own."},
    {"PB038", "Compare with an outcome or status that the step can have."},
    {"PB039", "Keep one of them."},
    {"PB040", "Correct the template; doc/templates.md describes its language."},
    {"PB041", "Write it as in ${steps.accounts} or ${parameters.limit}."},
    {"PB042", "Let the placeholder stand where a value can, without quotes around it."},
    {"PB043", "Write one SQL expression, as in customer.health_score < 50."},
    {"PB044", "Names begin with customer, csm, parameters, steps, previous, event, execution or playbook."},
    {"PB045", "Declare it under parameters."},
    {"PB046", "Secrets belong to the connection; give anything else as a parameter."},
    {"PB047", "Give it a value under parameters of the step."},
    {"PB050", "Rename one of them."},
    {"PB051", "Change the value, or what the parameter allows."},
    {"PB052", "Give it a source such as \"${steps.accounts}\"."},
    {"PB053", "Name a step that yields rows, such as a query."},
    {"PB054", "Remove the key, or change the trigger's type."},
    {"PB055", "Keep one of them, or let them agree."},
    {"PB056", "Say in one way how long it waits."},
    {"PB057", "Let as many people decide as are needed, and say it once."},
    {"PB058", "Give the step for_each."},
    {"PB090", "Correct the expression; playbook_check_condition judges one by itself."},
};

} // namespace

std::string_view general_hint(std::string_view code) {
	for (const CodeHint &known : hints)
		if (known.code == code) return known.hint;
	return {};
}

} // namespace playbook::definition
