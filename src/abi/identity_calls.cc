// SPDX-License-Identifier: MIT OR Apache-2.0
#include <punktfunk_core.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "abi/failure.h"
#include "abi/handles.h"
#include "abi/structs.h"
#include "control/identity/identity.h"

namespace {

using namespace punktfunk;
using namespace punktfunk::abi;

constexpr std::size_t kMostPath = 4096;    // PATH_MAX
constexpr std::size_t kMostName = 64;      // ub-common-name of RFC 5280
constexpr std::size_t kMostPem = 1 << 16;  // key and certificate take about 1 KiB
constexpr const char* kDefaultName = "punktfunk-client";
constexpr const char* kNoIdentity = "No identity was given.";

punktfunk_result hand_out(Result<control::Identity>&& made, punktfunk_identity** out) {
  if (!made) return failed(PUNKTFUNK_ERROR_IDENTITY, made.error().message);
  auto handle = std::make_unique<punktfunk_identity>();
  handle->identity = std::make_shared<const control::Identity>(std::move(*made));
  *out = handle.release();
  return PUNKTFUNK_OK;
}

}  // namespace

extern "C" {

punktfunk_result punktfunk_identity_load(const char* folder, const char* name,
                                         punktfunk_identity** identity) {
  return guarded([&]() -> punktfunk_result {
    std::string path, common_name;
    if (folder == nullptr || folder[0] == '\0' || identity == nullptr) {
      return bad_argument("The folder of the identity or the place for its handle is missing.");
    }
    if (!read_text(folder, kMostPath, "", path) || !read_text(name, kMostName, kDefaultName, common_name)) {
      return bad_argument("The folder or the name of the identity is too long.");
    }
    return hand_out(control::Identity::load_or_create(path, common_name), identity);
  });
}

punktfunk_result punktfunk_identity_create(const char* name, punktfunk_identity** identity) {
  return guarded([&]() -> punktfunk_result {
    std::string common_name;
    if (identity == nullptr) return bad_argument("The place for the handle is missing.");
    if (!read_text(name, kMostName, kDefaultName, common_name)) {
      return bad_argument("The name of the identity has more than 64 bytes.");
    }
    return hand_out(control::Identity::create_ephemeral(common_name), identity);
  });
}

punktfunk_result punktfunk_identity_from_pem(const char* pem, size_t pem_bytes,
                                             punktfunk_identity** identity) {
  return guarded([&]() -> punktfunk_result {
    if (pem == nullptr || identity == nullptr)
      return bad_argument("The PEM text or the place for the handle is missing.");
    if (pem_bytes > kMostPem) return bad_argument("The PEM text is larger than any identity.");
    return hand_out(control::Identity::from_pem(as_bytes({pem, pem_bytes})), identity);
  });
}

punktfunk_result punktfunk_identity_pem(const punktfunk_identity* identity, char* pem, size_t* bytes) {
  return guarded([&]() -> punktfunk_result {
    if (identity == nullptr) return bad_argument(kNoIdentity);
    if (bytes == nullptr || (pem == nullptr && *bytes != 0)) {
      return bad_argument("The buffer for the PEM text or its size is missing.");
    }
    auto text = identity->identity->to_pem();
    if (!text) return failed(PUNKTFUNK_ERROR_IDENTITY, text.error().message);
    const std::size_t needed = text->size() + 1;
    const bool fits = std::exchange(*bytes, needed) >= needed;
    if (fits) {
      std::copy(text->begin(), text->end(), pem);
      pem[needed - 1] = '\0';
    }
    explicit_bzero(text->data(), text->size());
    if (!fits) return failed(PUNKTFUNK_ERROR_BUFFER);
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_identity_fingerprint(const punktfunk_identity* identity, uint8_t* fingerprint) {
  if (identity == nullptr) return bad_argument(kNoIdentity);
  if (fingerprint == nullptr) return bad_argument("The place for the fingerprint is missing.");
  const control::Fingerprint& from = identity->identity->fingerprint();
  std::copy(from.begin(), from.end(), fingerprint);
  return PUNKTFUNK_OK;
}

void punktfunk_identity_destroy(punktfunk_identity* identity) { delete identity; }

punktfunk_result punktfunk_fingerprint_from_text(const char* text, uint8_t* fingerprint) {
  return guarded([&]() -> punktfunk_result {
    std::string given;
    // 32 bytes with two digits each and as many separators as anybody writes between them.
    constexpr std::size_t kMost = 256;
    if (text == nullptr || fingerprint == nullptr)
      return bad_argument("The text or the place for the fingerprint is missing.");
    const bool fits = read_text(text, kMost, "", given);
    const auto read = fits ? control::parse_fingerprint(given) : std::nullopt;
    if (!read) return bad_argument("This is no fingerprint: 64 hexadecimal digits were expected.");
    std::copy(read->begin(), read->end(), fingerprint);
    return PUNKTFUNK_OK;
  });
}

punktfunk_result punktfunk_fingerprint_to_text(const uint8_t* fingerprint, char* text) {
  return guarded([&]() -> punktfunk_result {
    if (text == nullptr || fingerprint == nullptr)
      return bad_argument("The fingerprint or the place for its text is missing.");
    control::Fingerprint from;
    std::copy_n(fingerprint, from.size(), from.begin());
    copy_text(control::fingerprint_hex(from), text, PUNKTFUNK_FINGERPRINT_TEXT_BYTES);
    return PUNKTFUNK_OK;
  });
}

}  // extern "C"
