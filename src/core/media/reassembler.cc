// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/media/reassembler.h"

#include <algorithm>
#include <utility>

namespace punktfunk::media {

namespace {

// A hole holds back what was captured within 120 ms behind it: 29 frames at 240 a second. They go out, and
// come back, together; the budget bounds them too.
constexpr std::size_t kFreeBuffers = 32;

// Positive: a is newer. Half-space order modulo 2^32.
std::int32_t distance(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b); }

}  // namespace

Reassembler::Reassembler(const HeaderLimits& limits)
    : limits_(limits),
      budget_(static_cast<std::size_t>(4 * limits.max_frame_bytes)),
      decoder_(limits.scheme) {
  free_assemblies_.reserve(kWindow);
  free_buffers_.reserve(kFreeBuffers);
}

Reassembler::Outcome Reassembler::add(const wire::MediaHeader& header, ByteView shard,
                                      std::uint64_t capture_us, TimePoint now) {
  const std::uint32_t index = header.frame;
  if (!started_) {
    started_ = true;
    // A session starts at 0; its first packets may be lost or reordered. Any other first index is taken as it
    // is.
    next_ = newest_ = index < kWindow ? 0 : index;
    newest_capture_us_ = capture_us;
  }
  if (distance(index, next_) < 0) {
    if (ledger_.on_late(header)) ++stats_.late_shards;
    return Outcome::late;
  }
  if (distance(index, newest_) > 0) advance_to(index, now);
  newest_capture_us_ = std::max(newest_capture_us_, capture_us);

  Slot& target = slot(index);
  if (target.state == Slot::State::complete || target.state == Slot::State::given_up) {
    if (ledger_.on_late(header)) ++stats_.late_shards;
    return Outcome::late;
  }
  const std::size_t ready_before = ready_size_;
  const Outcome outcome = add_to(target, header, shard, capture_us, now);
  release_if_due(now);
  // What was refused stays refused, also when giving its frame up freed those behind it: has_frame() tells.
  return outcome == Outcome::stored && ready_size_ > ready_before ? Outcome::frame_ready : outcome;
}

Reassembler::Outcome Reassembler::add_to(Slot& target, const wire::MediaHeader& header, ByteView shard,
                                         std::uint64_t capture_us, TimePoint now) {
  if (target.state == Slot::State::incomplete) {
    switch (target.assembly->check(header, shard.size())) {
      case FrameAssembly::Check::fits:
        break;
      case FrameAssembly::Check::repeated:
        return Outcome::repeated;
      case FrameAssembly::Check::contradiction:
        give_up(target, now);
        return Outcome::contradiction;
    }
  } else {
    if (free_assemblies_.empty() && !make_room(target, sizeof(FrameAssembly), now))
      return Outcome::over_budget;
    target.assembly = take_assembly();
    Bytes buffer;
    if (!free_buffers_.empty()) {
      buffer = std::move(free_buffers_.back());
      free_buffers_.pop_back();
    }
    target.assembly->start(header, shard.size(), capture_us, now, std::move(buffer));
    target.state = Slot::State::incomplete;
    looked_.reset();
  }
  if (!make_room(target, target.assembly->growth(header, limits_), now)) return Outcome::over_budget;

  FrameAssembly& assembly = *target.assembly;
  const FrameAssembly::Stored stored = assembly.store(header, shard, now, limits_, decoder_, budget_);
  stats_.recovered_shards += stored.rebuilt;
  if (stored.late) ++stats_.late_shards;
  if (stored.failed) {
    give_up(target, now);
  } else if (assembly.is_complete()) {
    complete(target, now);
  }
  return Outcome::stored;
}

// `index` is newer than newest_.
void Reassembler::advance_to(std::uint32_t index, TimePoint now) {
  looked_.reset();
  if (distance(index, next_) >= static_cast<std::int32_t>(kWindow)) give_up_before(index - kWindow + 1, now);
  for (std::uint32_t i = next_; distance(newest_, i) >= 0; ++i) {
    if (!slot(i).overtaken) slot(i).overtaken = now;
  }
  // The frames between the two were overtaken before their first packet came.
  const std::uint32_t unseen = distance(next_, newest_) > 0 ? next_ : newest_ + 1;
  for (std::uint32_t i = unseen; i != index; ++i) slot(i).overtaken = now;
  newest_ = index;
  ledger_.settle(newest_capture_us_, now, kMaxAge);
}

void Reassembler::complete(Slot& target, TimePoint now) {
  looked_.reset();
  ledger_.close(target.assembly->loss(now));
  target.frame = target.assembly->take_frame();
  target.state = Slot::State::complete;
  put_back(std::move(target.assembly));
  ++stats_.frames_complete;
  if ((target.frame.flags & (wire::kFlagKeyframe | wire::kFlagRecoveryAnchor)) != 0 &&
      (!keyframe_ || distance(target.frame.index, *keyframe_) > 0)) {
    keyframe_ = target.frame.index;
  }
}

void Reassembler::give_up(Slot& target, TimePoint now) {
  looked_.reset();
  ++stats_.frames_lost;
  if (target.assembly) {
    ledger_.close(target.assembly->loss(now));
    Bytes buffer = target.assembly->drop();
    put_back(std::move(target.assembly));
    budget_.give(buffer.capacity());
    recycle(std::move(buffer));
  }
  target.state = Slot::State::given_up;
}

// Ends everything older than `index`, complete frames by handing them on.
void Reassembler::give_up_before(std::uint32_t index, TimePoint now) {
  while (distance(index, next_) > 0 && distance(newest_, next_) >= 0) {
    Slot& oldest = slot(next_);
    if (oldest.state == Slot::State::complete) {
      push_ready(std::move(oldest.frame));
    } else if (oldest.state != Slot::State::given_up) {
      give_up(oldest, now);
    }
    oldest = Slot{};
    ++next_;
  }
  // Indices that no packet and no window ever showed.
  if (distance(index, next_) > 0) {
    stats_.frames_lost += index - next_;
    next_ = index;
  }
  if (keyframe_ && distance(next_, *keyframe_) > 0) keyframe_.reset();
}

// Hands on what is complete and in order, and gives up what is due.
void Reassembler::release(TimePoint now) {
  while (window_size() > 0) {
    Slot& oldest = slot(next_);
    if (oldest.state == Slot::State::unseen || oldest.state == Slot::State::incomplete) {
      const std::optional<TimePoint> deadline = deadline_of(next_);
      if (!is_too_old(next_) && (!deadline || now < *deadline)) return;
    }
    give_up_before(next_ + 1, now);
  }
}

// For every packet: the packets that one read brought carry the same time, and most of them change nothing
// here.
void Reassembler::release_if_due(TimePoint now) {
  if (looked_ && looked_->now == now && looked_->newest_capture_us == newest_capture_us_) return;
  release(now);
  looked_ = {now, newest_capture_us_};
}

// By capture time; the index rule is advance_to()'s.
bool Reassembler::is_too_old(std::uint32_t index) const {
  if (index == newest_) return false;
  // A frame of which nothing arrived was captured no later than the first one after it that did.
  for (std::uint32_t i = index; i != newest_; ++i) {
    const Slot& candidate = slot(i);
    std::uint64_t captured_us = 0;
    if (candidate.assembly) {
      captured_us = candidate.assembly->capture_us();
    } else if (candidate.state == Slot::State::complete) {
      captured_us = candidate.frame.capture_ns / 1000;
    } else {
      continue;
    }
    return newest_capture_us_ >
           captured_us + static_cast<std::uint64_t>(kMaxAge / std::chrono::microseconds(1));
  }
  return false;
}

// The stream may pause after a frame, so that no newer capture time ever comes: then the clock decides. An
// incomplete frame is given up 120 ms after a newer one showed up, or after its last packet when there is
// none.
std::optional<TimePoint> Reassembler::deadline_of(std::uint32_t index) const {
  const Slot& target = slot(index);
  if (target.overtaken) {
    const bool keyframe_waits = keyframe_ && distance(*keyframe_, index) > 0;
    return *target.overtaken + (keyframe_waits ? kReorderGrace : kMaxAge);
  }
  if (target.assembly) return target.assembly->last_packet() + kMaxAge;
  return std::nullopt;
}

std::optional<TimePoint> Reassembler::next_deadline() const {
  return window_size() > 0 ? deadline_of(next_) : std::nullopt;
}

void Reassembler::find_holes(TimePoint now, std::vector<Hole>& out) const {
  std::size_t found = 0;
  for (std::uint32_t i = next_; window_size() > 0 && distance(newest_, i) > 0; ++i) {
    const Slot& candidate = slot(i);
    // Overtaken in the order of their indices, so nothing behind is due either.
    if (!candidate.overtaken || now - *candidate.overtaken < kReorderGrace) break;
    if (candidate.state != Slot::State::unseen && candidate.state != Slot::State::incomplete) continue;
    if (out.size() == found) out.emplace_back();
    Hole& hole = out[found++];
    hole.frame = i;
    hole.overtaken = *candidate.overtaken;
    hole.flags = candidate.assembly ? candidate.assembly->flags() : std::uint16_t{0};
    hole.needed = candidate.assembly ? candidate.assembly->find_missing(hole.shards) : 0;
    if (!candidate.assembly) hole.shards.clear();
  }
  out.resize(found);
}

std::optional<TimePoint> Reassembler::next_hole(TimePoint now) const {
  for (std::uint32_t i = next_; window_size() > 0 && distance(newest_, i) > 0; ++i) {
    const Slot& candidate = slot(i);
    if (candidate.state != Slot::State::unseen && candidate.state != Slot::State::incomplete) continue;
    if (candidate.overtaken && *candidate.overtaken + kReorderGrace > now)
      return *candidate.overtaken + kReorderGrace;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Reassembler::next_index() const {
  return started_ ? std::optional(next_) : std::nullopt;
}

std::optional<Frame> Reassembler::poll(TimePoint now) {
  release(now);
  ledger_.settle(newest_capture_us_, now, kMaxAge);
  if (ready_size_ == 0) return std::nullopt;
  std::optional<Frame> frame(std::move(ready_[ready_head_]));
  ready_head_ = (ready_head_ + 1) % ready_.size();
  --ready_size_;
  budget_.give(frame->au.capacity());
  return frame;
}

void Reassembler::push_ready(Frame&& frame) {
  if (ready_size_ == ready_.size()) {
    // Nobody polled for 64 frames: the oldest makes room.
    Bytes buffer = std::move(ready_[ready_head_].au);
    budget_.give(buffer.capacity());
    recycle(std::move(buffer));
    ready_head_ = (ready_head_ + 1) % ready_.size();
    --ready_size_;
    --stats_.frames_complete;
    ++stats_.frames_lost;
  }
  ready_[(ready_head_ + ready_size_) % ready_.size()] = std::move(frame);
  ++ready_size_;
}

void Reassembler::recycle(Bytes&& buffer) {
  if (buffer.capacity() == 0 || free_buffers_.size() >= kFreeBuffers || !budget_.fits(buffer.capacity())) {
    Bytes().swap(buffer);
    return;
  }
  budget_.take(buffer.capacity());
  free_buffers_.push_back(std::move(buffer));
}

std::unique_ptr<FrameAssembly> Reassembler::take_assembly() {
  if (free_assemblies_.empty()) {
    budget_.take(sizeof(FrameAssembly));
    return std::make_unique<FrameAssembly>();
  }
  std::unique_ptr<FrameAssembly> assembly = std::move(free_assemblies_.back());
  free_assemblies_.pop_back();
  return assembly;
}

void Reassembler::put_back(std::unique_ptr<FrameAssembly> assembly) {
  free_assemblies_.push_back(std::move(assembly));
}

// What is kept only for speed goes first, then the oldest other frame under way.
bool Reassembler::make_room(const Slot& keep, std::size_t bytes, TimePoint now) {
  while (!budget_.fits(bytes)) {
    if (!free_buffers_.empty()) {
      budget_.give(free_buffers_.back().capacity());
      free_buffers_.pop_back();
      continue;
    }
    if (!free_assemblies_.empty()) {
      budget_.give(free_assemblies_.back()->bookkeeping_bytes() + sizeof(FrameAssembly));
      free_assemblies_.pop_back();
      continue;
    }
    bool found = false;
    for (std::uint32_t i = next_; !found && distance(newest_, i) >= 0; ++i) {
      Slot& candidate = slot(i);
      if (&candidate == &keep || !candidate.assembly) continue;
      give_up(candidate, now);
      found = true;
    }
    if (!found) return false;
  }
  return true;
}

Reassembler::Stats Reassembler::stats() const {
  Stats stats = stats_;
  stats.lost = ledger_.lost();
  return stats;
}

}  // namespace punktfunk::media
