// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/auth_messages.h"

#include <string_view>

#include "core/wire/fields.h"
#include "core/wire/pairing_messages.h"

namespace punktfunk::wire {

Bytes AuthChallenge::encode() const { return FieldWriter().bytes(1, nonce).take(); }

std::optional<AuthChallenge> AuthChallenge::decode(ByteView body) {
  AuthChallenge message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->has(1) || !in->get(1, message.nonce)) return std::nullopt;
  return message;
}

Bytes AuthResponse::encode() const { return FieldWriter().bytes(1, device_key).bytes(2, signature).take(); }

std::optional<AuthResponse> AuthResponse::decode(ByteView body) {
  AuthResponse message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.device_key, kMaxDeviceKeyBytes) ||
      !in->get(2, message.signature, kMaxAuthSignatureBytes)) {
    return std::nullopt;
  }
  if (message.device_key.empty() || message.signature.empty()) return std::nullopt;
  return message;
}

Bytes auth_signed_bytes(const AuthBinding& binding, const AuthNonce& nonce) {
  constexpr std::string_view kLabel = "punktfunk-device-auth-v1:";
  Bytes out(kLabel.begin(), kLabel.end());
  out.reserve(kLabel.size() + binding.size() + nonce.size());
  append(out, binding);
  append(out, nonce);
  return out;
}

}  // namespace punktfunk::wire
