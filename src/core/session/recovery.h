// SPDX-License-Identifier: MIT OR Apache-2.0
// The client's ask machine: section 17, "Ask".
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/wire/feedback.h"

namespace punktfunk::media {

// Frame indices, both included; they wrap.
struct FrameRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// The feedback fields of one open ask.
struct Ask {
  std::uint16_t number = 0;              // from 1
  bool keyframe = true;                  // else invalidation of …
  std::optional<FrameRange> invalidate;  // set iff not keyframe

  void write(wire::Feedback& out) const;
};

// Asks for the lost frames to be invalidated where the decoder can go on from an older one, and for a
// keyframe where it cannot, where the lost are too many, or where nothing came of it for half a second. A
// host that cannot invalidate answers with a keyframe by itself. Pure in time; one thread. Tell it of losses
// before the frames polled with them: a frame answers what went missing before it, not after.
class Recovery {
 public:
  static constexpr std::uint32_t kMostInvalidated = 256;
  static constexpr Duration kInvalidateEvery = std::chrono::milliseconds(100);

  // `invalidates`: the decoder goes on with a recovery anchor. Without it all asks are for keyframes.
  explicit Recovery(std::uint32_t refresh_hz, bool invalidates = false);

  // Frames were given up or will be; may be told of again and again. Opens an ask. While one is open: frames
  // newer than those asked for are asked for as well, 100 ms after the last time; and a keyframe that was
  // asked for and has had time to come is asked for afresh, because it was probably lost itself, and waiting
  // for kAskAgain would hold the picture half a second. From the third fresh one in a row on each takes twice
  // as long, since each costs a keyframe.
  void on_frames_lost(FrameRange frames, TimePoint now);
  // Time the path takes now beyond its least: an answer is given that much longer.
  void set_queue(Duration queue);
  // The decoder refused this frame, or it hangs on one that the client itself dropped: only a keyframe helps.
  // Ignored when a newer frame has answered meanwhile; nullopt: whatever came meanwhile.
  void on_frame_undecodable(std::optional<std::uint32_t> index, TimePoint now);

  // A complete frame came out of the receiver. SOF answers any ask; RECOVERY_ANCHOR and RECOVERY_POINT answer
  // an invalidation, and an anchor also a keyframe asked for only because the invalidation took long.
  void on_frame(std::uint32_t index, std::uint16_t flags, TimePoint now);

  // The ask to send now: at once when opened, then every frame interval until answered; nullopt = nothing to
  // send now.
  [[nodiscard]] std::optional<Ask> next(TimePoint now);

  // The open ask, once sent, for feedback datagrams that go out for another reason. Does not count as
  // sending.
  [[nodiscard]] std::optional<Ask> open_ask() const;
  // A number for a resend request, out of the same sequence.
  [[nodiscard]] std::uint16_t take_number();

  // When next() has something to send; nullopt = no ask is open.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // True while the picture waits for its answer: decoded output would be built on what is missing.
  [[nodiscard]] bool is_waiting() const { return open_; }
  [[nodiscard]] std::uint64_t asks_opened() const { return asks_opened_; }
  [[nodiscard]] std::uint64_t invalidations() const { return invalidations_; }

 private:
  void open(TimePoint now);
  void close();
  [[nodiscard]] bool has_more_to_invalidate() const;
  [[nodiscard]] bool can_invalidate() const;

  const Duration interval_;
  const bool invalidates_;
  bool open_ = false;
  bool sent_ = false;                      // the open ask, at least once
  bool keyframe_ = true;                   // of the open ask
  bool needs_keyframe_ = false;            // no anchor helps
  std::uint16_t number_ = 0;               // the last one taken
  std::uint16_t ask_number_ = 0;           // of the open ask
  std::optional<FrameRange> lost_;         // since the last frame that answered
  FrameRange asked_;                       // of the open invalidation
  std::optional<std::uint32_t> answered_;  // the frame
  TimePoint waiting_since_{};              // when the first of the asks that are not answered was opened
  TimePoint opened_at_{};
  TimePoint send_at_{};
  std::optional<TimePoint> invalidated_at_;
  Duration queue_{};
  Duration fresh_after_;
  int fresh_in_a_row_ = 0;
  std::uint64_t asks_opened_ = 0;
  std::uint64_t invalidations_ = 0;
};

}  // namespace punktfunk::media
