// SPDX-License-Identifier: MIT OR Apache-2.0
// What the client does about missing packets: it asks for them again where that can come in time, else for
// recovery, and tells the host which frames were decoded clean. The receiver's holes in, feedback fields out.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.h"
#include "core/session/media_receiver.h"
#include "core/session/recovery.h"
#include "core/session/resend_requests.h"
#include "core/wire/feedback.h"

namespace punktfunk::media {

// One per session, client side, one thread. Pure in time.
class LossResponse {
 public:
  // `invalidates`: the decoder goes on with a recovery anchor.
  LossResponse(std::uint32_t refresh_hz, bool invalidates) : recovery_(refresh_hz, invalidates) {}

  // After each batch of datagrams, and at next_deadline().
  void look(const MediaReceiver& receiver, TimePoint now);
  // receiver.poll_frame(), with an eye on what it leaves out. Call until nullopt.
  [[nodiscard]] std::optional<Frame> poll(MediaReceiver& receiver, TimePoint now);

  // Recovery::on_frame_undecodable().
  void on_undecodable(std::optional<std::uint32_t> index, TimePoint now);
  // The decoder took this frame, and the picture is good.
  void on_clean(std::uint32_t index);
  // Round trip to the host without queues, nullopt while unknown; and what queues add now.
  void set_path(std::optional<Duration> rtt, Duration queue);

  // The next feedback datagram due, if any: its fields about losses. Call until nullopt.
  [[nodiscard]] std::optional<wire::Feedback> next(TimePoint now);
  // For a datagram that goes out for another reason.
  void write(wire::Feedback& out) const;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  [[nodiscard]] const Recovery& recovery() const { return recovery_; }
  [[nodiscard]] const ResendRequests& resends() const { return resends_; }

 private:
  void write_clean(wire::Feedback& out) const;

  Recovery recovery_;
  ResendRequests resends_;
  std::vector<Reassembler::Hole> holes_;
  std::vector<ResendRequests::Request> fresh_;
  std::deque<ResendRequests::Request> requests_;  // to send
  std::optional<TimePoint> look_at_;              // a hole turns up, or hope for one ends
  std::optional<std::uint32_t> next_frame_;       // to come out of the receiver
  std::optional<std::uint32_t> clean_;            // newest frame decoded clean
  std::uint16_t clean_before_ = 0;
  bool ack_due_ = false;
  std::optional<TimePoint> lossy_until_;  // until then each clean frame is acknowledged at once
};

}  // namespace punktfunk::media
