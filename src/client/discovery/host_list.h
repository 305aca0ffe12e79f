// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/discovery/found_host.h"
#include "client/hosts/saved_hosts.h"

namespace punktfunk::client {

enum class HostTrust : std::uint8_t {
  unknown,  // announced, but this device does not know it
  paired,   // saved; where it is announced, under the saved fingerprint
  changed,  // announced under the saved id, but with another fingerprint
};

// What a list of hosts shows: a saved one, one that is announced, or both in one.
struct ListedHost {
  std::string name;
  HostTrust trust = HostTrust::unknown;
  std::optional<SavedHost> saved;
  std::optional<FoundHost> found;  // absent: not announced now
};

// The saved ones first, in their order, then those that are only announced. Pure.
[[nodiscard]] std::vector<ListedHost> list_hosts(const std::vector<SavedHost>& saved,
                                                 const std::vector<FoundHost>& found);

}  // namespace punktfunk::client
