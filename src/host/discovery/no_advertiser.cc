// SPDX-License-Identifier: MIT OR Apache-2.0
// Of builds without Avahi.
#include "host/discovery/advertiser.h"

namespace punktfunk::host {

Result<std::unique_ptr<Advertiser>> start_advertiser(std::function<Advertisement()>) {
  return fail(
      "This host is not announced on its network, because it was built without Avahi; clients reach it "
      "by its address.");
}

}  // namespace punktfunk::host
