// SPDX-License-Identifier: MIT OR Apache-2.0
// "Allocation on the frame path after warm-up: none."
#include <gtest/gtest.h>

#include "heap_watch.h"
#include "media_pair.h"

namespace punktfunk::media {
namespace {

// Frames of changing size, sent whole, run by run or streamed, over a network that loses some packets.
class FramePath : public ::testing::Test {
 protected:
  enum class Sizes { mixed, largest };
  // `loss` in per cent of the packets.
  void stream(int frames, unsigned loss, Sizes sizes = Sizes::mixed) {
    for (int i = 0; i < frames; ++i) {
      const bool large = i % 10 == 0 || sizes == Sizes::largest;
      const std::size_t size = large ? picture_.size() : 1000 + random_() % 100'000;
      const ByteView au = ByteView(picture_).first(size);
      MediaSender::FrameInfo info;
      info.pts_us = sender_.next_frame_index() * 16'667;
      info.parity_percent = 20;
      now_ = at_ms(sender_.next_frame_index() * 16);
      if (i % 3 == 0) {
        give(sender_.seal_frame(au, info), loss);
      } else if (i % 3 == 1) {
        ASSERT_TRUE(sender_.begin_frame(au, info));
        give_ready(loss);
      } else {
        sender_.begin_stream(info);
        ASSERT_TRUE(sender_.append(au.first(size / 3), true));
        give_ready(loss);
        ASSERT_TRUE(sender_.append(au.subspan(size / 3, size / 3), true));
        give_ready(loss);
        ASSERT_TRUE(sender_.finish(au.subspan(size / 3 * 2)));
        give_ready(loss);
      }
      while (auto frame = receiver_.poll_frame(now_)) {
        ++received_;
        receiver_.recycle(std::move(frame->au));
      }
    }
  }

  std::uint64_t received_ = 0;
  std::mt19937_64 random_{5};
  MediaSender sender_{test_secret(), params()};
  MediaReceiver receiver_{test_secret(), params(), 0};

 private:
  static MediaParams params() {
    MediaParams params;
    params.fec_percent = 20;
    return params;
  }
  void give_ready(unsigned loss) {
    while (sender_.datagrams_ready() > 0) give(sender_.seal_next(45), loss);
  }
  void give(MutableBytes all, unsigned loss) {
    for (std::size_t at = 0; at < all.size(); at += sender_.datagram_bytes()) {
      if (random_() % 100 < loss) continue;
      receiver_.receive(all.subspan(at, sender_.datagram_bytes()), now_);
    }
  }

  TimePoint now_{};
  const Bytes picture_ = random_bytes(random_, 300'000);
};

TEST_F(FramePath, AllocatesNothingAfterWarmUp) {
  SCOPED_TRACE("seed 5");
  stream(100, 0);
  const std::uint64_t before = heap_allocations();
  stream(500, 0);
  EXPECT_EQ(heap_allocations(), before);
  EXPECT_EQ(received_, 600u);
  EXPECT_GT(before, 0u) << "the count works";
}

// Recovery from parity, frames given up, late and missing packets: nothing of that allocates either, once the
// worst of it has been seen.
TEST_F(FramePath, AllocatesNothingUnderLossAfterWarmUp) {
  SCOPED_TRACE("seed 5");
  stream(600, 12);
  stream(300, 25, Sizes::largest);
  for (unsigned loss = 1; loss <= 20; ++loss) stream(10, loss, Sizes::largest);
  const std::uint64_t before = heap_allocations();
  const std::uint64_t received = received_;
  stream(600, 5);
  EXPECT_EQ(heap_allocations(), before);
  const MediaReceiver::Stats stats = receiver_.stats();
  EXPECT_GT(stats.recovered_shards, 1000u);
  EXPECT_GT(stats.frames_lost, 10u);
  EXPECT_GT(received_ - received, 500u);
}

}  // namespace
}  // namespace punktfunk::media
