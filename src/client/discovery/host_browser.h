// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/discovery/found_host.h"

namespace punktfunk::client {

// Watches the network for hosts that announce themselves, on a thread of its own, until it is destroyed. Any
// thread may call.
class HostBrowser {
 public:
  virtual ~HostBrowser() = default;

  // Those announced now.
  [[nodiscard]] virtual std::vector<FoundHost> hosts() const = 0;
  // A sentence while nothing can be seen (no daemon); empty otherwise. Watching goes on by itself once the
  // trouble is over.
  [[nodiscard]] virtual std::string trouble() const = 0;
};

// The system's. An error where this build has none.
[[nodiscard]] Result<std::unique_ptr<HostBrowser>> start_host_browser();

// Blocks for `how_long`, or until one of them is `enough`, or the user stops it (asked every 50 ms). An error
// when nothing could be seen all the time. Either function may be empty.
[[nodiscard]] Result<std::vector<FoundHost>> browse_hosts(Duration how_long,
                                                          const std::function<bool(const FoundHost&)>& enough,
                                                          const std::function<bool()>& stop_requested);
// The same with a browser of the caller's.
[[nodiscard]] Result<std::vector<FoundHost>> browse_hosts(const HostBrowser& browser, Duration how_long,
                                                          const std::function<bool(const FoundHost&)>& enough,
                                                          const std::function<bool()>& stop_requested);

}  // namespace punktfunk::client
