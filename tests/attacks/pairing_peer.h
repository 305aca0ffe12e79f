// SPDX-License-Identifier: MIT OR Apache-2.0
// A pairing client taken apart, so that a test can say its lines in any order.
#pragma once

#include <optional>
#include <string>

#include "core/crypto/spake2.h"
#include "core/wire/pairing_messages.h"
#include "node_world.h"

namespace punktfunk::endpoint {

class PairingPeer {
 public:
  // `device` outlives it; `pin` is what its user, or its guess, says.
  PairingPeer(NodeWorld& world, const control::Identity& device, const std::string& pin,
              const std::string& ip = "10.0.0.2")
      : peer(world.connect_as(&device, ip)),
        device_(device),
        host_(world.host_identity.fingerprint()),
        exchange_(crypto::Spake2::Role::client, as_bytes(pin), device.fingerprint(), host_, world.random) {}

  [[nodiscard]] Bytes request(const std::string& name = "Attacker") const {
    wire::PairRequest request;
    request.name = name;
    request.spake_a = exchange_.message();
    return frame_of(FrameType::pair_request, request.encode());
  }
  // The right one as soon as the host's challenge is there; made up before.
  [[nodiscard]] Bytes proof() const {
    wire::PairProof proof;
    if (const auto key = this->key())
      proof.client_confirm = crypto::confirm_client(*key, device_.fingerprint(), host_);
    return frame_of(FrameType::pair_proof, proof.encode());
  }
  [[nodiscard]] bool is_challenged() const { return peer.count(FrameType::pair_challenge) == 1; }
  // The host's own confirmation shows whether the PIN was right.
  [[nodiscard]] bool sees_right_pin() const {
    const auto challenge = this->challenge();
    const auto key = this->key();
    return key && challenge->host_confirm == crypto::confirm_host(*key, device_.fingerprint(), host_);
  }
  [[nodiscard]] std::optional<CloseCode> closed() const {
    if (!peer.closed) return std::nullopt;
    return static_cast<CloseCode>(peer.closed->code);
  }
  [[nodiscard]] std::optional<bool> result() const {
    for (const auto& frame : peer.frames) {
      if (!frame.is(FrameType::pair_result)) continue;
      const auto result = wire::PairResult::decode(frame.body);
      return result && result->ok;
    }
    return std::nullopt;
  }
  // The stream's type and the first frame.
  void begin(ByteView first) {
    Bytes bytes = {0x00};
    append(bytes, first);
    peer.open(bytes);
  }

  RawPeer& peer;

 private:
  [[nodiscard]] std::optional<wire::PairChallenge> challenge() const {
    for (const auto& frame : peer.frames) {
      if (frame.is(FrameType::pair_challenge)) return wire::PairChallenge::decode(frame.body);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<crypto::Spake2Key> key() const {
    const auto challenge = this->challenge();
    return challenge ? exchange_.finish(challenge->spake_b) : std::nullopt;
  }

  const control::Identity& device_;
  const control::Fingerprint host_;
  crypto::Spake2 exchange_;
};

}  // namespace punktfunk::endpoint
