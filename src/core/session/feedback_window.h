// SPDX-License-Identifier: MIT OR Apache-2.0
// The client's loss window: section 17, "Window".
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/session/media_receiver.h"
#include "core/wire/feedback.h"

namespace punktfunk::media {

// 1 000 000 · (recovered − late) / (received + recovered − late), 0 … 1 000 000. More late than recovered
// counts as no loss.
[[nodiscard]] std::uint32_t loss_ppm(std::uint64_t received, std::uint64_t recovered, std::uint64_t late);

// One per session, client side, one thread.
class FeedbackWindow {
 public:
  static constexpr Duration kLength = std::chrono::milliseconds(750);

  explicit FeedbackWindow(TimePoint start) : opened_(start) {}

  // Closes the window when it is due and returns true: time for a feedback datagram. `client_drops`: packets
  // the client itself dropped since the session began (socket and queue overflow).
  [[nodiscard]] bool update(const MediaReceiver::Stats& stats, std::uint64_t client_drops, TimePoint now);

  // The last closed window's fields, for every feedback datagram; nothing is written before the first has
  // closed.
  void write(wire::Feedback& out) const;

  [[nodiscard]] TimePoint due() const { return opened_ + kLength; }

 private:
  struct Closed {
    std::uint32_t number = 0;
    std::uint32_t loss_ppm = 0;
    std::uint64_t packets_received = 0;
    std::uint32_t head = 0, mid = 0, tail = 0, client_drops = 0;
  };

  TimePoint opened_;
  MediaReceiver::Stats before_{};
  std::uint64_t drops_before_ = 0;
  std::optional<Closed> closed_;
};

}  // namespace punktfunk::media
