// SPDX-License-Identifier: MIT OR Apache-2.0
// The reassembler alone, without the sealing that takes most of the time in media_packet: any headers that
// keep the rules of one packet. Besides what comes out, what it holds: by its own count and by the heap's.
//
// Input: settings u8, then operations as media_packet's hostile host has them.
#include "core/media/reassembler.h"

#include <sanitizer/allocator_interface.h>

#include <array>

#include "core/media/header_rules.h"
#include "frame_model.h"
#include "fuzz_input.h"
#include "hostile_headers.h"

using namespace punktfunk;
using namespace punktfunk::media;
using fuzz::require;
using Outcome = Reassembler::Outcome;

namespace {

constexpr int kMaxOperations = 1000;
// Beyond the budget: the table of frames, and the codes' scratch memory, which follows the largest block that
// arrived, here 200 + 180 shards at most.
constexpr std::size_t kBesideBudget = 1U << 20U;

HeaderLimits limits_of(std::uint8_t settings) {
  HeaderLimits limits;
  limits.scheme = (settings & 2) != 0 ? fec::Scheme::gf8 : fec::Scheme::gf16;
  constexpr std::array<std::uint32_t, 4> kBlocks{1, 8, 60, 200};
  limits.max_data_per_block = kBlocks[(settings >> 2) & 3];
  limits.max_frame_bytes = (settings & 0x20) != 0 ? 16 * 1024 : 256 * 1024;
  return limits;
}

// A reassembler whose share of the heap is known.
class Watched {
 public:
  explicit Watched(const HeaderLimits& limits) : limits_(limits) {
    measured([&] { reassembler_.emplace(limits_); });
  }

  Outcome add(const wire::MediaHeader& header, ByteView shard, std::uint64_t capture_us) {
    Outcome outcome{};
    measured([&] { outcome = reassembler_->add(header, shard, capture_us, now); });
    return outcome;
  }

  // `keep`: the buffers do not come back.
  void poll(const fuzz::FrameModel& model, bool keep) {
    while (true) {
      std::optional<Frame> frame;
      measured([&] { frame = reassembler_->poll(now); });
      if (!frame) break;
      heap_ -= static_cast<std::ptrdiff_t>(frame->au.capacity());
      require(!last_ || static_cast<std::int32_t>(frame->index - *last_) > 0,
              "frames come in order, once each");
      last_ = frame->index;
      require(frame->au.size() <= limits_.max_frame_bytes, "a frame keeps its bound");
      model.check(*frame);
      if (keep) continue;
      heap_ += static_cast<std::ptrdiff_t>(frame->au.capacity());
      measured([&] { reassembler_->recycle(std::move(frame->au)); });
    }
    const auto deadline = reassembler_->next_deadline();
    require(!deadline || *deadline > now, "what is due was done");
  }

  TimePoint now{std::chrono::seconds(1000)};

 private:
  template <class Call>
  void measured(Call call) {
    const auto before = static_cast<std::ptrdiff_t>(__sanitizer_get_current_allocated_bytes());
    call();
    heap_ += static_cast<std::ptrdiff_t>(__sanitizer_get_current_allocated_bytes()) - before;
    require(reassembler_->memory_bytes() <= reassembler_->memory_budget(), "memory stays within the budget");
    require(heap_ <= static_cast<std::ptrdiff_t>(reassembler_->memory_bytes() + kBesideBudget),
            "what is held was counted");
  }

  const HeaderLimits limits_;
  std::optional<Reassembler> reassembler_;
  std::ptrdiff_t heap_ = 0;
  std::optional<std::uint32_t> last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t settings = input.take<std::uint8_t>();
  const HeaderLimits limits = limits_of(settings);
  const bool keep = (settings & 0x40) != 0;
  Watched reassembler(limits);
  fuzz::FrameModel model;
  fuzz::HostileHeaders host;
  std::optional<std::uint64_t> newest_us;
  Bytes shard;
  for (int i = 0; i < kMaxOperations && !input.empty(); ++i) {
    const std::uint8_t operation = input.take<std::uint8_t>();
    if ((operation & 15) == 1) {
      reassembler.now += std::chrono::milliseconds(input.take<std::uint8_t>());
      reassembler.poll(model, keep);
      continue;
    }
    // The one operation that brings an index back: the model keeps one frame an index.
    if ((operation & 15) == 3) reassembler.poll(model, keep);
    host.change(operation & 15, input);
    host.shard_bytes &= ~std::size_t{1};
    for (int packet = 0; packet < operation >> 4; ++packet, ++host.header.shard, ++host.number) {
      const wire::MediaHeader& header = host.header;
      if (!is_within_limits(header, host.shard_bytes, limits)) continue;
      const auto fill = static_cast<std::uint8_t>(host.number);
      shard.assign(host.shard_bytes, fill);
      const std::uint64_t capture_us = wire::expand_pts_us(newest_us, header.pts_us);
      newest_us = std::max(newest_us.value_or(capture_us), capture_us);
      const Outcome outcome = reassembler.add(header, shard, capture_us);
      const bool is_taken = outcome == Outcome::stored || outcome == Outcome::frame_ready;
      if (outcome != Outcome::late) model.seen(header.frame);
      if (is_taken) model.taken(header, host.shard_bytes, fill, outcome == Outcome::stored);
      if (outcome == Outcome::contradiction) model.abandoned(header.frame);
    }
    // Bit 7 of the settings: nobody looks until time passes.
    if ((settings & 0x80) == 0) reassembler.poll(model, keep);
  }
  reassembler.now += std::chrono::seconds(1);
  reassembler.poll(model, keep);
  return 0;
}
