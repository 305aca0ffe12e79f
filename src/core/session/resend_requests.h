// SPDX-License-Identifier: MIT OR Apache-2.0
// When the client asks for shards again: section 17, "Resend". Policy of this client, not protocol.
//
// A frame that parity cannot complete is asked for again before it counts as lost, as long as what is sent
// again can come in time. On a short path that heals a burst within some milliseconds and costs no keyframe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "core/media/reassembler.h"

namespace punktfunk::media {

// One per session, one thread. Pure in time.
class ResendRequests {
 public:
  // On longer paths an ask for recovery is answered as soon as a resend, and does not gamble.
  static constexpr Duration kLongestPath = std::chrono::milliseconds(40);
  static constexpr int kMostTries = 3;            // for a frame
  static constexpr std::size_t kMostShards = 64;  // of a frame at a time
  // Hosts may ignore requests: after so many frames in a row that did not come, none are made for kRest.
  static constexpr int kFutile = 4;
  static constexpr Duration kRest = std::chrono::seconds(10);

  struct Request {
    std::uint32_t frame = 0;
    std::vector<std::uint16_t> shards;  // at most wire::kMaxResendShards
  };

  // Round trip to the host, its queues included; nullopt: not known yet.
  void set_path(std::optional<Duration> rtt) { rtt_ = rtt; }

  // The size of a frame that came: one of which nothing came is taken to be like the largest of late.
  void set_usual_bytes(std::size_t bytes);

  // `holes` as they stand. `broken`: pictures cannot be shown anyway before a keyframe or an anchor, so only
  // those are worth it. Adds the requests to make now.
  void look(const std::vector<Reassembler::Hole>& holes, bool broken, TimePoint now,
            std::vector<Request>& out);
  // What is sent again may still complete `hole`: too early to call it lost.
  [[nodiscard]] bool is_hopeful(const Reassembler::Hole& hole, TimePoint now) const;
  // When look() has to be called even if nothing arrives.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const { return deadline_; }

  // The frame came out whole, or never will.
  void on_frame_done(std::uint32_t frame, bool complete, TimePoint now);

  [[nodiscard]] std::uint64_t shards_asked() const { return shards_asked_; }
  [[nodiscard]] std::uint64_t frames_healed() const { return frames_healed_; }

 private:
  struct Tried {
    std::uint32_t frame = 0;
    int tries = 0;
    TimePoint next{};
  };
  [[nodiscard]] bool is_resting(TimePoint now) const { return rest_until_ && now < *rest_until_; }
  [[nodiscard]] Duration patience() const;
  [[nodiscard]] const Tried* find(std::uint32_t frame) const;

  std::optional<Duration> rtt_;
  std::vector<Tried> tried_;  // at most Reassembler::kWindow
  std::optional<TimePoint> deadline_;
  std::optional<TimePoint> rest_until_;
  int futile_ = 0;
  double usual_bytes_ = 0;
  std::uint64_t shards_asked_ = 0;
  std::uint64_t frames_healed_ = 0;
};

}  // namespace punktfunk::media
