// SPDX-License-Identifier: MIT OR Apache-2.0
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/crypto/aead/backends.h"

namespace punktfunk::crypto::aead {
namespace {

std::vector<const Backend*> detect() {
  std::vector<const Backend*> found{&kOpensslBackend};
#if defined(PUNKTFUNK_IPSEC_MB)
  if (is_ipsec_mb_usable()) found.push_back(&kIpsecMbBackend);
#endif
  return found;
}

const Backend& choose() {
  const std::span<const Backend* const> all = available_backends();
  if (const char* const wanted = std::getenv("PUNKTFUNK_AEAD")) {
    for (const Backend* const backend : all) {
      if (std::string_view(backend->name) == wanted) return *backend;
    }
  }
  return *all.back();
}

}  // namespace

std::span<const Backend* const> available_backends() {
  static const std::vector<const Backend*> found = detect();
  return found;
}

const Backend& default_backend() {
  static const Backend& backend = choose();
  return backend;
}

}  // namespace punktfunk::crypto::aead
