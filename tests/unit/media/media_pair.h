// SPDX-License-Identifier: MIT OR Apache-2.0
// A sender and a receiver that share keys, and what the tests put between them.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "core/session/media_receiver.h"
#include "core/session/media_sender.h"

namespace punktfunk::media {

inline Secret<32> test_secret() {
  std::array<std::uint8_t, 32> bytes;
  bytes.fill(9);
  return Secret<32>(bytes);
}

inline TimePoint at_ms(std::int64_t ms) {
  return TimePoint(std::chrono::seconds(1000) + std::chrono::milliseconds(ms));
}

inline Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// The datagrams of one frame, each on its own.
inline std::vector<Bytes> seal(MediaSender& sender, ByteView au, const MediaSender::FrameInfo& info) {
  const MutableBytes all = sender.seal_frame(au, info);
  std::vector<Bytes> datagrams;
  for (std::size_t at = 0; at < all.size(); at += sender.datagram_bytes()) {
    const MutableBytes one = all.subspan(at, sender.datagram_bytes());
    datagrams.emplace_back(one.begin(), one.end());
  }
  return datagrams;
}

}  // namespace punktfunk::media
