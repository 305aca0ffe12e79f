// SPDX-License-Identifier: MIT OR Apache-2.0
// Access unit → headers, data shards and parity, each written once at its final place in one buffer of equal
// datagrams. Sections 13.1 to 13.3 of the protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf8_code.h"
#include "core/fec/parity.h"

namespace punktfunk::media {

struct PacketizerParams {
  fec::Scheme scheme = fec::Scheme::gf16;
  std::uint8_t fec_percent = 10;            // negotiated
  std::uint32_t max_data_per_block = 4096;  // K ≥ 1; at most 255 with GF(2^8)
  std::uint16_t shard_payload = 1408;       // S, even, nonzero
};

// One thread. Its buffers grow to the largest frame and stay.
class Packetizer {
 public:
  explicit Packetizer(const PacketizerParams& params);

  struct FrameFields {
    std::uint8_t stream = 0;
    std::uint32_t frame = 0;
    std::uint32_t pts_us = 0;
    std::uint8_t epoch = 0;
    std::uint16_t flags = 0;  // LAST_BLOCK is set on the final block
    std::uint8_t parity_percent = 10;
  };

  // Datagram i at i * datagram_bytes(): 30-byte header with the low half of first_number + i, shard, 16 bytes
  // left free for the tag. Order: all data of all blocks, then all parity of all blocks. Valid until the next
  // call. Empty when the frame needs more than the 65535 blocks a receiver takes (section 13.5).
  [[nodiscard]] MutableBytes packetize(ByteView au, const FrameFields& fields, std::uint64_t first_number);

  [[nodiscard]] std::size_t datagram_bytes() const { return datagram_bytes_; }
  [[nodiscard]] const PacketizerParams& params() const { return params_; }

 private:
  void encode_block(std::uint32_t k, std::uint32_t m, std::uint8_t* data, std::uint8_t* parity);
  [[nodiscard]] std::uint32_t parity_shards(std::uint32_t k, std::uint8_t percent) const;

  const PacketizerParams params_;
  const std::size_t datagram_bytes_;
  fec::Gf16Code gf16_;
  fec::Gf8Code gf8_;
  Bytes buffer_;
  std::vector<const std::uint8_t*> data_;
  std::vector<std::uint8_t*> parity_;
};

}  // namespace punktfunk::media
