// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/quic/server_gate.h"

namespace punktfunk::control {
namespace {

// RFC 9000 section 14.1: an Initial arrives in at least 1200 bytes, or is not worth an answer.
constexpr std::size_t kMinInitialBytes = 1200;
// A client answers a Retry at once; a lossy path may need a few retransmissions.
constexpr ngtcp2_duration kTokenLifetime = 10 * NGTCP2_SECONDS;
// RFC 9000 section 10.3: a reset looks like a packet of ordinary size, and is smaller than what it answers,
// so that two ends cannot go on resetting each other.
constexpr std::size_t kMaxResetBytes = 43;
constexpr std::size_t kMinResetBytes = NGTCP2_MIN_STATELESS_RESET_RANDLEN + NGTCP2_STATELESS_RESET_TOKENLEN;
constexpr std::size_t kMaxReplyBytes = 512;

ServerGate::Verdict reply_or_drop(Bytes& packet, ngtcp2_ssize size) {
  if (size <= 0) return ServerGate::Drop{};
  packet.resize(static_cast<std::size_t>(size));
  return std::move(packet);
}

ServerGate::Verdict close_unopened(const ngtcp2_pkt_hd& header, std::uint64_t code) {
  Bytes packet(NGTCP2_MAX_UDP_PAYLOAD_SIZE);
  const ngtcp2_ssize size = ngtcp2_crypto_write_connection_close(
      packet.data(), packet.size(), header.version, &header.scid, &header.dcid, code, nullptr, 0);
  return reply_or_drop(packet, size);
}

}  // namespace

ServerGate::ServerGate(RandomSource& random) : random_(random), token_secret_(random.bytes<32>()) {}

ServerGate::Verdict ServerGate::judge(const SocketAddress& remote, ByteView datagram, ByteView reset_secret,
                                      TimePoint now) {
  ngtcp2_version_cid packet{};
  const int decoded = ngtcp2_pkt_decode_version_cid(&packet, datagram.data(), datagram.size(), kCidBytes);
  if (decoded != 0 && decoded != NGTCP2_ERR_VERSION_NEGOTIATION) return Drop{};
  const bool long_header = (datagram[0] & 0x80) != 0;
  if (!long_header) return stateless_reset({packet.dcid, packet.dcidlen}, datagram.size(), reset_secret);
  if (datagram.size() < kMinInitialBytes) return Drop{};
  if (packet.version != NGTCP2_PROTO_VER_V1) {
    // Version 0 is itself a version negotiation packet, which must not be answered.
    return packet.version == 0 ? Verdict(Drop{}) : version_negotiation(packet);
  }

  Accept accept{};
  if (ngtcp2_accept(&accept.header, datagram.data(), datagram.size()) != 0) return Drop{};
  const ngtcp2_pkt_hd& header = accept.header;
  if (header.type != NGTCP2_PKT_INITIAL) return Drop{};
  const ByteView token = compat::token_of(header);
  if (token.empty() || token[0] != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) return retry(remote, header, now);
  const int verified = ngtcp2_crypto_verify_retry_token(
      &accept.original_dcid, token.data(), token.size(), token_secret_.data(), token_secret_.size(),
      header.version, remote.data(), remote.size(), &header.dcid, kTokenLifetime, to_ngtcp2(now));
  // A client takes only one Retry (RFC 9000 section 17.2.5.2), so a second would not help it.
  if (verified != 0) return close_unopened(header, NGTCP2_INVALID_TOKEN);
  return accept;
}

ServerGate::Verdict ServerGate::refuse(const ngtcp2_pkt_hd& header) {
  return close_unopened(header, NGTCP2_CONNECTION_REFUSED);
}

ServerGate::Verdict ServerGate::retry(const SocketAddress& remote, const ngtcp2_pkt_hd& header,
                                      TimePoint now) {
  ngtcp2_cid retry_scid{};
  retry_scid.datalen = kCidBytes;
  random_.fill({retry_scid.data, retry_scid.datalen});
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN> token{};
  const ngtcp2_ssize token_size = ngtcp2_crypto_generate_retry_token(
      token.data(), token_secret_.data(), token_secret_.size(), header.version, remote.data(), remote.size(),
      &retry_scid, &header.dcid, to_ngtcp2(now));
  if (token_size < 0) return Drop{};
  Bytes packet(kMaxReplyBytes);
  const ngtcp2_ssize size =
      ngtcp2_crypto_write_retry(packet.data(), packet.size(), header.version, &header.scid, &retry_scid,
                                &header.dcid, token.data(), static_cast<std::size_t>(token_size));
  return reply_or_drop(packet, size);
}

ServerGate::Verdict ServerGate::stateless_reset(ByteView cid, std::size_t size, ByteView reset_secret) {
  if (size <= kMinResetBytes) return Drop{};
  ngtcp2_cid unknown{};
  ngtcp2_cid_init(&unknown, cid.data(), cid.size());
  std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> token{};
  if (ngtcp2_crypto_generate_stateless_reset_token(token.data(), reset_secret.data(), reset_secret.size(),
                                                   &unknown) != 0) {
    return Drop{};
  }
  Bytes packet(std::min(size - 1, kMaxResetBytes));
  std::array<std::uint8_t, kMaxResetBytes> noise{};
  const std::size_t noise_size = packet.size() - token.size();
  random_.fill({noise.data(), noise_size});
  const ngtcp2_ssize written =
      ngtcp2_pkt_write_stateless_reset(packet.data(), packet.size(), token.data(), noise.data(), noise_size);
  return reply_or_drop(packet, written);
}

ServerGate::Verdict ServerGate::version_negotiation(const ngtcp2_version_cid& packet) {
  constexpr std::uint32_t kServed[] = {NGTCP2_PROTO_VER_V1};
  Bytes reply(kMaxReplyBytes +
              2 * 255);  // a foreign version's ids may take 255 bytes each (RFC 8999 section 5.1)
  const ngtcp2_ssize size = ngtcp2_pkt_write_version_negotiation(
      reply.data(), reply.size(), random_.bytes<1>()[0], packet.scid, packet.scidlen, packet.dcid,
      packet.dcidlen, kServed, std::size(kServed));
  return reply_or_drop(reply, size);
}

}  // namespace punktfunk::control
