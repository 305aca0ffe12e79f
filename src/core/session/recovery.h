// SPDX-License-Identifier: MIT OR Apache-2.0
// The client's ask machine: section 17, "Ask". It asks for keyframes only; the fields of Ask leave room for
// invalidation.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/wire/feedback.h"

namespace punktfunk::media {

// The feedback fields of one open ask.
struct Ask {
  std::uint16_t number = 0;  // from 1
  bool keyframe = true;

  void write(wire::Feedback& out) const;
};

// Pure in time; one thread. Tell it of losses before the frames polled with them: a keyframe answers what
// went missing before it, not after.
class Recovery {
 public:
  explicit Recovery(std::uint32_t refresh_hz);

  // A frame was given up or will be. Opens an ask, or a fresh one when the open ask has had time to be
  // answered: then the answer itself was probably what got lost, and waiting for kAskAgain would hold the
  // picture half a second. From the third fresh one in a row on each takes twice as long,
  // since each costs a keyframe.
  void on_frame_lost(TimePoint now);
  // Time the path takes now beyond its least: an answer is given that much longer.
  void set_queue(Duration queue);
  // The decoder refused a frame, or it was held back behind a missing one. Opens an ask unless one is open
  // already.
  void on_frame_undecodable(TimePoint now);

  // A complete frame came out of the receiver. SOF answers the open ask.
  void on_frame(std::uint32_t index, std::uint16_t flags, TimePoint now);

  // The ask to send now: at once when opened, then every frame interval until answered; nullopt = nothing to
  // send now. An ask without an answer for 500 ms is replaced by one with a new number.
  [[nodiscard]] std::optional<Ask> next(TimePoint now);

  // The open ask, for feedback datagrams that go out for another reason. Does not count as sending.
  [[nodiscard]] std::optional<Ask> open_ask() const;

  // When next() has something to send; nullopt = no ask is open.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // True while the picture waits for its keyframe: decoded output would be built on what is missing.
  [[nodiscard]] bool is_waiting() const { return open_; }
  [[nodiscard]] std::uint64_t asks_opened() const { return asks_opened_; }

 private:
  void open(TimePoint now);

  const Duration interval_;
  bool open_ = false;
  std::uint16_t number_ = 0;
  TimePoint opened_at_{};
  TimePoint send_at_{};
  Duration queue_{};
  Duration fresh_after_;
  int fresh_in_a_row_ = 0;
  std::uint64_t asks_opened_ = 0;
};

}  // namespace punktfunk::media
