// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>

#include "base/time.h"
#include "endpoint/client_node.h"

namespace punktfunk::client {

struct ReconnectSettings {
  bool enabled = true;
  Duration first_wait = std::chrono::milliseconds(250);
  Duration longest_wait = std::chrono::seconds(10);
  // From the loss of the connection on; zero = for ever.
  Duration give_up_after = std::chrono::minutes(5);
};

// Whether a stream that ended is to be dialled again, and when. Pure: time and ends in, waits out. The waits
// double from the first to the longest and start over once a session was open again.
class ReconnectPolicy {
 public:
  explicit ReconnectPolicy(const ReconnectSettings& settings) : settings_(settings) {}

  void on_connected();
  // How long to wait before the next attempt; nullopt: this end is final.
  [[nodiscard]] std::optional<Duration> on_ended(const endpoint::ClientEnd& end, TimePoint now);

 private:
  [[nodiscard]] static bool may_pass(const endpoint::ClientEnd& end);

  ReconnectSettings settings_;
  bool was_connected_ = false;
  std::optional<TimePoint> lost_at_;
  Duration next_wait_{};
};

}  // namespace punktfunk::client
