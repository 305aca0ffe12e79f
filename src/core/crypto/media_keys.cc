// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/media_keys.h"

#include <algorithm>
#include <string_view>

#include "core/crypto/hash.h"

namespace punktfunk::crypto {
namespace {

void expand_indexed(const Secret<32>& secret, std::string_view label, std::uint64_t index, MutableBytes out) {
  Bytes info(as_bytes(label).begin(), as_bytes(label).end());
  info.resize(label.size() + sizeof index);
  store_be(info.data() + label.size(), index);
  hkdf_expand_sha256(secret.view(), info, out);
}

}  // namespace

DirectionSecrets derive_direction_secrets(ByteView exporter) {
  DirectionSecrets secrets;
  hkdf_expand_sha256(exporter, as_bytes("pf2 media h2c"), secrets.host_to_client.writable());
  hkdf_expand_sha256(exporter, as_bytes("pf2 media c2h"), secrets.client_to_host.writable());
  return secrets;
}

MediaKey derive_media_key(const Secret<32>& direction_secret, CipherSuite suite, std::uint64_t index) {
  MediaKey derived;
  expand_indexed(direction_secret, "pf2 key", index, derived.key.writable().first(key_bytes(suite)));
  expand_indexed(direction_secret, "pf2 iv", index, derived.iv.writable());
  return derived;
}

std::array<std::uint8_t, 12> packet_nonce(const Secret<12>& iv, std::uint64_t packet_number) {
  std::array<std::uint8_t, 12> nonce;
  std::copy(iv.view().begin(), iv.view().end(), nonce.begin());
  std::array<std::uint8_t, 8> number;
  store_be(number.data(), packet_number);
  for (std::size_t i = 0; i < number.size(); ++i)
    nonce[4 + i] = static_cast<std::uint8_t>(nonce[4 + i] ^ number[i]);
  return nonce;
}

}  // namespace punktfunk::crypto
