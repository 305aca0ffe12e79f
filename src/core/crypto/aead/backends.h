// SPDX-License-Identifier: MIT OR Apache-2.0
// What registry.cc chooses from.
#pragma once

#include "core/crypto/aead/aead_backend.h"

namespace punktfunk::crypto::aead {

extern const Backend kOpensslBackend;
#if defined(PUNKTFUNK_IPSEC_MB)
extern const Backend kIpsecMbBackend;
// False where the CPU lacks AVX or the AES and carry-less multiplication instructions: OpenSSL is as fast
// there.
[[nodiscard]] bool is_ipsec_mb_usable();
#endif

}  // namespace punktfunk::crypto::aead
