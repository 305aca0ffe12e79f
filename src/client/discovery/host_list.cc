// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/discovery/host_list.h"

namespace punktfunk::client {

std::vector<ListedHost> list_hosts(const std::vector<SavedHost>& saved, const std::vector<FoundHost>& found) {
  std::vector<ListedHost> list;
  std::vector<bool> is_listed(found.size(), false);
  const auto take = [&](ListedHost& host, std::size_t at, HostTrust trust) {
    host.found = found[at];
    host.trust = trust;
    is_listed[at] = true;
  };
  for (const SavedHost& known : saved) {
    ListedHost host{known.name, HostTrust::paired, known, std::nullopt};
    for (std::size_t i = 0; i < found.size() && !host.found; ++i) {
      if (!is_listed[i] && found[i].fingerprint == known.fingerprint) take(host, i, HostTrust::paired);
    }
    for (std::size_t i = 0; i < found.size() && !host.found; ++i) {
      const bool same_id = !known.id.empty() && found[i].id == known.id;
      if (!is_listed[i] && same_id && found[i].fingerprint) take(host, i, HostTrust::changed);
    }
    list.push_back(std::move(host));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!is_listed[i]) list.push_back({found[i].name, HostTrust::unknown, std::nullopt, found[i]});
  }
  return list;
}

}  // namespace punktfunk::client
