// SPDX-License-Identifier: MIT OR Apache-2.0
// Media headers, packet numbers, the replay window, keys, sealing and whole packets.
#include <algorithm>

#include "core/crypto/hash.h"
#include "core/crypto/media_aead.h"
#include "core/crypto/media_keys.h"
#include "core/crypto/packet_number.h"
#include "core/wire/media_header.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

using wire::MediaHeader;

void check_header(Run& run) {
  const Object& in = run.inputs;
  MediaHeader header;
  header.stream = static_cast<std::uint8_t>(in.number("stream", 15));
  header.seq_low = static_cast<std::uint32_t>(in.number("seq"));
  header.epoch = in.get<std::uint8_t>("epoch");
  header.flags = in.get<std::uint16_t>("flags");
  header.frame = in.get<std::uint32_t>("frame");
  header.pts_us = in.get<std::uint32_t>("pts_us");
  header.block = in.get<std::uint16_t>("block");
  header.base = in.get<std::uint32_t>("base");
  header.shard = in.get<std::uint16_t>("shard");
  header.k = in.get<std::uint16_t>("k");
  header.m = in.get<std::uint16_t>("m");
  header.pad = in.get<std::uint16_t>("pad");
  std::array<std::uint8_t, wire::kHeaderBytes> out{};
  header.write(out);
  run.expect_hex("hex", out);
  run.expect_true("read back", MediaHeader::read(run.expected.array<wire::kHeaderBytes>("hex")) == header);
}

// The receiver's view of one header: every rule that needs nothing but the packet, and the time expansion.
void check_header_decode(Run& run) {
  const auto bytes = run.inputs.array<wire::kHeaderBytes>("header");
  const std::uint64_t shard_bytes = run.inputs.number("shard_len", wire::kMaxDatagram);
  const bool known_stream = wire::is_media_tag(bytes[0]);
  const MediaHeader header = MediaHeader::read(bytes);
  const auto geometry = known_stream ? wire::check_geometry(header, shard_bytes) : std::nullopt;
  std::optional<std::uint64_t> reference;
  if (run.inputs.has("pts_reference_us")) reference = run.inputs.number("pts_reference_us");
  if (run.expected.has("result")) return run.expect_result(geometry ? "accepted" : "drop");
  run.expect_true("accepted", geometry.has_value());
  if (!geometry) return;

  const std::uint64_t pts_us = wire::expand_pts_us(reference, header.pts_us);

  const Object want(run.expected.at("decoded"), "decoded values");
  const auto compare = [&](const char* key, std::uint64_t got) {
    if (want.has(key)) run.expect(key, want.number(key), got);
  };
  // LAST_BLOCK is stated as "last" and not among the flags; PROBE comes from the stream, whatever the field
  // says.
  auto flags = static_cast<std::uint16_t>(header.flags & ~(wire::kFlagLastBlock | wire::kFlagProbe));
  if (header.stream == wire::kStreamProbe) flags |= wire::kFlagProbe;
  compare("stream", header.stream);
  compare("seq_low", header.seq_low);
  compare("epoch", header.epoch);
  compare("flags", flags);
  compare("frame", header.frame);
  compare("pts_us", pts_us);
  if (want.has("last")) run.expect_bool("last", want.boolean("last"), header.last_block());
  run.expect("frame_bytes", want.has("frame_bytes") ? std::to_string(want.number("frame_bytes")) : "unknown",
             geometry->frame_bytes ? std::to_string(*geometry->frame_bytes) : "unknown");
  compare("byte_offset_of_block", geometry->byte_offset);
  compare("block", header.block);
  compare("shard", header.shard);
  compare("k", header.k);
  compare("m", header.m);
  compare("shard_bytes", shard_bytes);
  if (run.expected.has("new_pts_reference_us")) {
    run.expect("new_pts_reference_us", run.expected.number("new_pts_reference_us"),
               std::max(reference.value_or(0), pts_us));
  }
}

void check_expansion(Run& run) {
  const auto number =
      crypto::expand_packet_number(run.inputs.number("reference"), run.inputs.get<std::uint32_t>("low"));
  run.expect("seq", run.expected.number("seq"), number);
}

void check_plausible(Run& run) {
  const bool tried = crypto::is_plausible(run.inputs.number("seq"), run.inputs.number("reference"));
  run.expect_bool("tried", run.expected.boolean("tried"), tried);
}

void check_replay(Run& run) {
  crypto::ReplayWindow window;
  Json accepted = Json::array();
  for (const std::uint64_t number : run.inputs.numbers("opened_in_order")) {
    const bool fresh = window.is_fresh(number);
    if (fresh) window.accept(number);
    accepted.push_back(fresh);
  }
  run.expect("accepted", run.expected.at("accepted").dump(), accepted.dump());
}

crypto::DirectionSecrets secrets(const Run& run) {
  return crypto::derive_direction_secrets(run.inputs.array<32>("exporter"));
}

Secret<32> direction_secret(const Run& run) {
  const std::string direction = run.inputs.text("direction", "h2c");
  if (direction != "h2c" && direction != "c2h") throw BadVector("\"direction\" is neither h2c nor c2h");
  return direction == "h2c" ? secrets(run).host_to_client : secrets(run).client_to_host;
}

crypto::CipherSuite suite(const Run& run) {
  return static_cast<crypto::CipherSuite>(run.inputs.number("suite", 1));
}

void check_direction_secrets(Run& run) {
  run.expect_hex("h2c", secrets(run).host_to_client.view());
  run.expect_hex("c2h", secrets(run).client_to_host.view());
}

void check_keys(Run& run) {
  const auto key = crypto::derive_media_key(direction_secret(run), suite(run), run.inputs.number("index"));
  run.expect_hex("key", ByteView(key.key.view()).first(crypto::key_bytes(suite(run))));
  run.expect_hex("iv", key.iv.view());
}

// RFC 8446 section 7.1: HKDF-Expand-Label.
std::array<std::uint8_t, 32> expand_label(ByteView secret, std::string_view label, ByteView context) {
  const std::string full = "tls13 " + std::string(label);
  if (full.size() > 255 || context.size() > 255) throw BadVector("the label is longer than TLS allows");
  Bytes info = {0, 32, static_cast<std::uint8_t>(full.size())};
  append(info, as_bytes(full));
  info.push_back(static_cast<std::uint8_t>(context.size()));
  append(info, context);
  std::array<std::uint8_t, 32> out{};
  crypto::hkdf_expand_sha256(secret, info, out);
  return out;
}

void check_exporter(Run& run) {
  if (run.inputs.text("hash", "SHA-256") != "SHA-256" || run.inputs.number("length") != 32) {
    throw BadVector("only SHA-256 and 32 bytes can be computed here");
  }
  // RFC 8446 section 7.5.
  const auto derived = expand_label(run.inputs.array<32>("exporter_master_secret"), run.inputs.text("label"),
                                    crypto::sha256({}));
  run.expect_hex("exporter", expand_label(derived, "exporter", crypto::sha256(run.inputs.bytes("context"))));
}

Bytes sealed_packet(Run& run, const Secret<32>& secret, std::uint64_t number, const Bytes& aad,
                    const Bytes& plaintext) {
  if (aad.size() != wire::kAadBytes) throw BadVector("the additional data is not 5 bytes long");
  Bytes packet = aad;
  append(packet, plaintext);
  packet.resize(packet.size() + wire::kTagBytes);
  crypto::MediaSealer sealer(secret, suite(run));
  const crypto::MediaSealer::Item item{number, packet};
  sealer.seal({&item, 1});
  Bytes opened = packet;
  crypto::MediaOpener opener(secret, suite(run));
  run.expect_true("opens again", opener.open(number, opened));
  run.expect("opened", to_hex(plaintext),
             to_hex(ByteView(opened).subspan(wire::kAadBytes, plaintext.size())));
  return packet;
}

void check_seal(Run& run) {
  const std::uint64_t number = run.inputs.number("seq");
  const Secret<32> secret = direction_secret(run);
  const auto key = crypto::derive_media_key(secret, suite(run), crypto::key_index(number));
  if (run.expected.has("key_index"))
    run.expect("key_index", run.expected.number("key_index"), crypto::key_index(number));
  run.expect_hex_if_stated("nonce", crypto::packet_nonce(key.iv, number));
  const Bytes packet =
      sealed_packet(run, secret, number, run.inputs.bytes("aad"), run.inputs.bytes("plaintext"));
  run.expect_hex("sealed", ByteView(packet).subspan(wire::kAadBytes));
}

void check_packet(Run& run) {
  const auto header = run.inputs.array<wire::kHeaderBytes>("header");
  Bytes plaintext(header.begin() + wire::kAadBytes, header.end());
  append(plaintext, run.inputs.bytes("shard"));
  const Bytes packet = sealed_packet(run, direction_secret(run), run.inputs.number("seq"),
                                     Bytes(header.begin(), header.begin() + wire::kAadBytes), plaintext);
  run.expect_hex("datagram", packet);
  if (run.expected.has("length")) run.expect("length", run.expected.number("length"), packet.size());
}

}  // namespace

void register_media_packets(Registry& registry) {
  registry.add("media.header", "media/header/", check_header);
  registry.add("media.header", "media/header-decode/", check_header_decode);
  registry.add("media.packet_number", "media/expand_seq/", check_expansion);
  registry.add("media.packet_number", "media/plausible/", check_plausible);
  registry.add("media.replay", "", check_replay);
  registry.add("media.keys", "media/direction-secrets", check_direction_secrets);
  registry.add("media.keys", "media/keys/", check_keys);
  registry.add("media.keys", "media/tls-exporter", check_exporter);
  registry.add("media.seal", "", check_seal);
  registry.add("media.packet", "", check_packet);
}

}  // namespace punktfunk::vector_check
