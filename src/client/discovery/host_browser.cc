// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/discovery/host_browser.h"

#include <algorithm>
#include <thread>

namespace punktfunk::client {

namespace {
constexpr Duration kPoll = std::chrono::milliseconds(50);
// A daemon that does not run is noticed at once; one that is just starting is waited for this long.
constexpr Duration kTroublePatience = std::chrono::milliseconds(500);
}  // namespace

Result<std::vector<FoundHost>> browse_hosts(const HostBrowser& browser, Duration how_long,
                                            const std::function<bool(const FoundHost&)>& enough,
                                            const std::function<bool()>& stop_requested) {
  const TimePoint started = monotonic_now();
  while (true) {
    std::vector<FoundHost> hosts = browser.hosts();
    const Duration passed = monotonic_now() - started;
    const bool is_enough = enough && std::any_of(hosts.begin(), hosts.end(), enough);
    if (is_enough || passed >= how_long || (stop_requested && stop_requested())) {
      if (hosts.empty() && !browser.trouble().empty()) return fail(browser.trouble());
      return hosts;
    }
    if (passed >= kTroublePatience && hosts.empty() && !browser.trouble().empty())
      return fail(browser.trouble());
    std::this_thread::sleep_for(std::min(kPoll, how_long - passed));
  }
}

Result<std::vector<FoundHost>> browse_hosts(Duration how_long,
                                            const std::function<bool(const FoundHost&)>& enough,
                                            const std::function<bool()>& stop_requested) {
  const auto browser = start_host_browser();
  if (!browser) return tl::unexpected(browser.error());
  return browse_hosts(**browser, how_long, enough, stop_requested);
}

}  // namespace punktfunk::client
