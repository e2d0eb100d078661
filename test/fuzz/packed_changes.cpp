// Changes as they are stored: bytes that storage may have damaged.
#include "notification/packed_changes.hpp"
#include "property.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	notification::ChangeReader reader(fuzz::text_of(data, size));
	try {
		notification::ChangePacker packer;
		std::vector<notification::PackedChange> changes;
		for (notification::PackedChange change; reader.next(change);) {
			changes.push_back(change);
			packer.add(change);
		}
		notification::ChangeReader again(packer.content());
		for (const notification::PackedChange &change : changes) {
			notification::PackedChange read;
			fuzz::require(again.next(read) && read == change, "changes read as they were packed");
		}
		notification::PackedChange none;
		fuzz::require(!again.next(none), "no change comes to them");
	} catch (const notification::BrokenChanges &broken) {
		fuzz::require(broken.what()[0] != '\0', "a refusal says why");
	}
	return 0;
}
