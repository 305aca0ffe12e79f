// SPDX-License-Identifier: MIT OR Apache-2.0
// The window of frames under way: which exist, which is due, which is given up. Sections 13.5 and 13.6.
//
// Indices run from `next_`, the frame to hand over next, to the newest one seen; giving up whatever is 64
// indices behind keeps that window at 64 slots. A complete frame waits for its predecessors, because they are
// what it was predicted from, and moves to the ready queue as soon as each of them is complete or given up. A
// complete keyframe needs no predecessor, nor does a recovery anchor, which is coded only from what the
// client said it has: they wait for reordered packets only (kReorderGrace). Memory is granted by a budget,
// and always after the bytes that ask for it have arrived.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "core/media/frame.h"
#include "core/media/frame_assembly.h"
#include "core/media/header_rules.h"
#include "core/media/loss_ledger.h"
#include "core/media/memory_budget.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

// One stream. One thread.
class Reassembler {
 public:
  // Section 13.6: a frame is given up when a newer one was captured this much later …
  static constexpr Duration kMaxAge = std::chrono::milliseconds(120);
  // … or is this many indices ahead.
  static constexpr std::uint32_t kWindow = 64;
  // Reordering on one path stays far below this; a frame still short of packets then has most likely lost
  // them.
  static constexpr Duration kReorderGrace = std::chrono::milliseconds(10);

  explicit Reassembler(const HeaderLimits& limits);

  // frame_ready: stored, and it made a frame ready. Any packet may: has_frame() says whether there is one.
  enum class Outcome : std::uint8_t { stored, frame_ready, late, repeated, contradiction, over_budget };

  // `header` satisfies is_within_limits(). `capture_us`: expanded capture time since the clock origin.
  Outcome add(const wire::MediaHeader& header, ByteView shard, std::uint64_t capture_us, TimePoint now);

  // Gives up what is due and returns the next frame in order, if there is one. Frame::capture_ns holds ns
  // since the clock origin here; the receiver adds the origin.
  [[nodiscard]] std::optional<Frame> poll(TimePoint now);
  [[nodiscard]] bool has_frame() const { return ready_size_ > 0; }
  void recycle(Bytes&& buffer);

  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // One of the frames due that still lacks packets although a later frame began to arrive kReorderGrace ago
  // or more.
  struct Hole {
    std::uint32_t frame = 0;
    TimePoint overtaken{};
    std::uint16_t flags = 0;   // of its packets; 0 while none came
    std::uint32_t needed = 0;  // shards that would complete it; 0: not known, since nothing of it came
    // Data shards to ask for again, by their place in the access unit (section 17); one more than needed for
    // each eight, since what is sent again gets lost as well.
    std::vector<std::uint16_t> shards;
  };
  // The holes that stand now, oldest first; `out` is overwritten, and its memory reused.
  void find_holes(TimePoint now, std::vector<Hole>& out) const;
  // When the next one turns up, if nothing comes until then.
  [[nodiscard]] std::optional<TimePoint> next_hole(TimePoint now) const;
  // The oldest frame not handed on nor given up; nothing before the first packet.
  [[nodiscard]] std::optional<std::uint32_t> next_index() const;

  struct Stats {
    std::uint64_t frames_complete = 0;
    std::uint64_t frames_lost = 0;
    std::uint64_t recovered_shards = 0;
    std::uint64_t late_shards = 0;
    LossCounts lost;
  };
  [[nodiscard]] Stats stats() const;

  [[nodiscard]] std::size_t memory_bytes() const { return budget_.used(); }
  [[nodiscard]] std::size_t memory_budget() const { return budget_.limit(); }

 private:
  struct Slot {
    enum class State : std::uint8_t { unseen, incomplete, complete, given_up };
    State state = State::unseen;
    std::unique_ptr<FrameAssembly> assembly;
    Frame frame;                         // when complete
    std::optional<TimePoint> overtaken;  // when a packet of a newer frame first arrived
  };

  [[nodiscard]] Slot& slot(std::uint32_t index) { return slots_[index % kWindow]; }
  [[nodiscard]] const Slot& slot(std::uint32_t index) const { return slots_[index % kWindow]; }
  [[nodiscard]] std::uint32_t window_size() const { return started_ ? newest_ - next_ + 1 : 0; }

  void advance_to(std::uint32_t index, TimePoint now);
  Outcome add_to(Slot& slot, const wire::MediaHeader& header, ByteView shard, std::uint64_t capture_us,
                 TimePoint now);
  void complete(Slot& slot, TimePoint now);
  void give_up(Slot& slot, TimePoint now);
  void give_up_before(std::uint32_t index, TimePoint now);
  void release(TimePoint now);
  void release_if_due(TimePoint now);
  void push_ready(Frame&& frame);
  [[nodiscard]] std::optional<TimePoint> deadline_of(std::uint32_t index) const;
  [[nodiscard]] bool is_too_old(std::uint32_t index) const;
  [[nodiscard]] bool make_room(const Slot& keep, std::size_t bytes, TimePoint now);

  [[nodiscard]] std::unique_ptr<FrameAssembly> take_assembly();
  void put_back(std::unique_ptr<FrameAssembly> assembly);

  const HeaderLimits limits_;
  MemoryBudget budget_;
  FrameDecoder decoder_;
  std::array<Slot, kWindow> slots_;
  bool started_ = false;
  std::uint32_t next_ = 0;
  std::uint32_t newest_ = 0;
  std::uint64_t newest_capture_us_ = 0;
  std::optional<std::uint32_t> keyframe_;  // newest complete keyframe or anchor that still waits
  // What release() looked at last; as long as none of it changes, it has nothing to do. Most packets change
  // none.
  struct Looked {
    TimePoint now{};
    std::uint64_t newest_capture_us = 0;
  };
  std::optional<Looked> looked_;  // none: a frame began, ended or was overtaken since

  std::array<Frame, kWindow> ready_;
  std::size_t ready_head_ = 0;
  std::size_t ready_size_ = 0;

  std::vector<std::unique_ptr<FrameAssembly>> free_assemblies_;
  std::vector<Bytes> free_buffers_;
  LossLedger ledger_;
  Stats stats_;
};

}  // namespace punktfunk::media
