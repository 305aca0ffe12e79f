// SPDX-License-Identifier: MIT OR Apache-2.0
// Of builds without Avahi.
#include "client/discovery/host_browser.h"

namespace punktfunk::client {

Result<std::unique_ptr<HostBrowser>> start_host_browser() {
  return fail(
      "Hosts on this network cannot be listed, because this program was built without Avahi; give a host's "
      "address, or build it with the Avahi client library.");
}

}  // namespace punktfunk::client
