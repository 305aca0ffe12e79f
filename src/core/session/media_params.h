// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

#include "core/crypto/media_aead.h"
#include "core/fec/parity.h"

namespace punktfunk::media {

// What ServerHello settled for the media path; equal at both ends for the whole session.
struct MediaParams {
  crypto::CipherSuite suite = crypto::CipherSuite::aes128_gcm;
  fec::Scheme scheme = fec::Scheme::gf16;
  std::uint8_t fec_percent = 10;  // negotiated, 0 … 90; bounds the parity of a block (section 13.2)
  std::uint32_t max_data_per_block = 4096;    // K, 1 … 65535 (at most 255 with GF(2^8))
  std::uint16_t shard_payload = 1408;         // S, even, 512 … 9170. A receiver takes any legal S
  std::uint64_t max_frame_bytes = 8u << 20u;  // section 13.5
};

}  // namespace punktfunk::media
