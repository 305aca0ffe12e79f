// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/pairing_messages.h"

#include "core/wire/fields.h"

namespace punktfunk::wire {

Bytes PairRequest::encode() const {
  return FieldWriter().text(1, name).bytes(2, spake_a).bytes(3, device_key).take();
}

std::optional<PairRequest> PairRequest::decode(ByteView body) {
  PairRequest message;
  const auto in = FieldTable::read(body, 3);
  if (!in || !in->has(2)) return std::nullopt;
  if (!in->get(1, message.name, kMaxPairNameBytes) || !in->get(2, message.spake_a) ||
      !in->get(3, message.device_key, kMaxDeviceKeyBytes)) {
    return std::nullopt;
  }
  return message;
}

Bytes PairChallenge::encode() const { return FieldWriter().bytes(1, spake_b).bytes(2, host_confirm).take(); }

std::optional<PairChallenge> PairChallenge::decode(ByteView body) {
  PairChallenge message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->has(1) || !in->has(2)) return std::nullopt;
  if (!in->get(1, message.spake_b) || !in->get(2, message.host_confirm)) return std::nullopt;
  return message;
}

Bytes PairProof::encode() const { return FieldWriter().bytes(1, client_confirm).take(); }

std::optional<PairProof> PairProof::decode(ByteView body) {
  PairProof message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->has(1) || !in->get(1, message.client_confirm)) return std::nullopt;
  return message;
}

Bytes PairResult::encode() const { return FieldWriter().boolean(1, ok).take(); }

std::optional<PairResult> PairResult::decode(ByteView body) {
  PairResult message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.ok)) return std::nullopt;
  return message;
}

}  // namespace punktfunk::wire
