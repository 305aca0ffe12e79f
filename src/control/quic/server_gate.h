// SPDX-License-Identifier: MIT OR Apache-2.0
// What a server does with a datagram that belongs to no connection, without keeping any state: Retry, version
// negotiation, stateless reset, or nothing.
#pragma once

#include <array>
#include <optional>
#include <variant>

#include "base/random.h"
#include "control/quic/quic_connection.h"

namespace punktfunk::control {

class ServerGate {
 public:
  explicit ServerGate(RandomSource& random);

  struct Drop {};
  // A datagram to send back; never larger than three times what came in.
  using Reply = Bytes;
  // The address is validated: a connection may be made.
  using Accept = QuicConnection::Acceptance;
  using Verdict = std::variant<Drop, Reply, Accept>;

  // `reset_secret` as the connections use it.
  [[nodiscard]] Verdict judge(const SocketAddress& remote, ByteView datagram, ByteView reset_secret,
                              TimePoint now);
  // CONNECTION_REFUSED, for a client that would be accepted if there were room.
  [[nodiscard]] static Verdict refuse(const ngtcp2_pkt_hd& header);

 private:
  [[nodiscard]] Verdict retry(const SocketAddress& remote, const ngtcp2_pkt_hd& header, TimePoint now);
  [[nodiscard]] Verdict stateless_reset(ByteView cid, std::size_t size, ByteView reset_secret);
  [[nodiscard]] Verdict version_negotiation(const ngtcp2_version_cid& packet);

  RandomSource& random_;
  std::array<std::uint8_t, 32> token_secret_;
};

}  // namespace punktfunk::control
