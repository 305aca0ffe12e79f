// SPDX-License-Identifier: MIT OR Apache-2.0
// "Allocation on the frame path after warm-up: none."
#include <gtest/gtest.h>

#include "heap_watch.h"
#include "media_pair.h"

namespace punktfunk::media {
namespace {

TEST(FramePath, AllocatesNothingAfterWarmUp) {
  const std::uint64_t seed = 5;
  SCOPED_TRACE("seed 5");
  std::mt19937_64 random(seed);
  MediaSender sender(test_secret(), {});
  MediaReceiver receiver(test_secret(), {}, 0);
  const Bytes picture = random_bytes(random, 300'000);
  std::uint64_t received = 0;

  const auto stream = [&](int frames) {
    for (int i = 0; i < frames; ++i) {
      const std::size_t size = i % 10 == 0 ? picture.size() : 1000 + random() % 100'000;
      MediaSender::FrameInfo info;
      info.pts_us = sender.next_frame_index() * 16'667;
      info.parity_percent = 20;
      const MutableBytes all = sender.seal_frame(ByteView(picture).first(size), info);
      const TimePoint now = at_ms(sender.next_frame_index() * 16);
      for (std::size_t at = 0; at < all.size(); at += sender.datagram_bytes()) {
        receiver.receive(all.subspan(at, sender.datagram_bytes()), now);
      }
      while (auto frame = receiver.poll_frame(now)) {
        ++received;
        receiver.recycle(std::move(frame->au));
      }
    }
  };
  stream(100);
  const std::uint64_t before = heap_allocations();
  stream(500);
  EXPECT_EQ(heap_allocations(), before);
  EXPECT_EQ(received, 600u);
  EXPECT_GT(before, 0u) << "the count works";
}

}  // namespace
}  // namespace punktfunk::media
