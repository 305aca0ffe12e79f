// SPDX-License-Identifier: MIT OR Apache-2.0
// Access unit in, sealed datagrams out. Sections 12 and 13 of the protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "core/crypto/media_aead.h"
#include "core/media/packetizer.h"
#include "core/session/media_params.h"

namespace punktfunk::media {

// Owns the packet numbers and the frame indices of one session's video. One thread. After the largest frame
// has been seen once, nothing is allocated.
class MediaSender {
 public:
  MediaSender(const Secret<32>& host_to_client, const MediaParams& params);

  struct FrameInfo {
    std::uint32_t pts_us = 0;
    std::uint8_t epoch = 0;
    std::uint16_t flags = 0;           // PIC is added
    std::uint8_t parity_percent = 10;  // 0 … 90, larger reads as 90
  };

  // The frame's datagrams one after the other, each datagram_bytes() long, in sending order: datagram i
  // starts at i * datagram_bytes(), ready for GSO. Valid until the next call. Empty, and no index is used up,
  // when `au` is larger than max_frame_bytes: a receiver would refuse it (count it and ask the encoder for a
  // smaller keyframe).
  [[nodiscard]] std::span<std::uint8_t> seal_frame(ByteView au, const FrameInfo& info);

  [[nodiscard]] std::size_t datagram_bytes() const { return packetizer_.datagram_bytes(); }
  // The index the next frame will carry.
  [[nodiscard]] std::uint32_t next_frame_index() const { return next_frame_; }
  // Packets sealed so far.
  [[nodiscard]] std::uint64_t packets_sealed() const { return next_number_; }
  // Data shards an access unit of `bytes` takes; at least 1. For ParityControl::percent_for.
  [[nodiscard]] std::uint32_t data_shards(std::uint64_t bytes) const;

 private:
  const std::uint64_t max_frame_bytes_;
  Packetizer packetizer_;
  crypto::MediaSealer sealer_;
  std::vector<crypto::MediaSealer::Item> items_;
  std::uint64_t next_number_ = 0;
  std::uint32_t next_frame_ = 0;
};

}  // namespace punktfunk::media
