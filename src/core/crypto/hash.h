// SPDX-License-Identifier: MIT OR Apache-2.0
// SHA-256 and the two constructions the protocol builds on it.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace punktfunk::crypto {

using Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Digest sha256(ByteView message);

// Any key length.
[[nodiscard]] Digest hmac_sha256(ByteView key, ByteView message);

// RFC 5869 section 2.3 (expand only). `out` is at most 255·32 bytes, a property of every call site, not of
// peer input.
void hkdf_expand_sha256(ByteView prk, ByteView info, MutableBytes out);

// RFC 5869, extract and expand. An empty salt stands for 32 zero bytes, as the RFC says.
void hkdf_sha256(ByteView salt, ByteView input_key, ByteView info, MutableBytes out);

}  // namespace punktfunk::crypto
