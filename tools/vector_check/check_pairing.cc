// SPDX-License-Identifier: MIT OR Apache-2.0
// SPAKE2, confirmations, the control stream of a pairing, and fingerprints.
#include <sodium.h>

#include <algorithm>

#include "core/crypto/hash.h"
#include "core/crypto/spake2.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/varint.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

using crypto::Digest;
using crypto::Spake2;
using Scalar = std::array<std::uint8_t, 32>;
using Point = std::array<std::uint8_t, 32>;

// A decimal number below 2^256 as little-endian bytes.
Scalar from_decimal(const std::string& digits) {
  Scalar out{};
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') throw BadVector("a number is not decimal");
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (std::uint8_t& byte : out) {
      carry += byte * 10U;
      byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) throw BadVector("a number does not fit 256 bits");
  }
  return out;
}

Scalar reduce_wide(std::span<const std::uint8_t, 64> wide) {
  Scalar out{};
  crypto_core_ed25519_scalar_reduce(out.data(), wide.data());
  return out;
}

// Hands out one scalar: Spake2 reduces 64 random bytes, and a number below the order is its own remainder.
class ScalarSource final : public RandomSource {
 public:
  explicit ScalarSource(const Scalar& scalar) : scalar_(scalar) {}
  void fill(MutableBytes out) override {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    std::copy_n(scalar_.begin(), std::min(out.size(), scalar_.size()), out.begin());
  }

 private:
  Scalar scalar_;
};

Spake2 make(Spake2::Role role, const std::string& pin, const Digest& client, const Digest& host,
            const Scalar& scalar) {
  // Spake2 treats zero as a broken random source and ends the program.
  std::array<std::uint8_t, 64> wide{};
  std::copy(scalar.begin(), scalar.end(), wide.begin());
  if (reduce_wide(wide) == Scalar{}) throw BadVector("a scalar is zero");
  ScalarSource source(scalar);
  return Spake2(role, as_bytes(pin), client, host, source);
}

// Section 10.2 once more, straight from the text, for the values that Spake2 keeps to itself.
Scalar password_scalar(const std::string& password) {
  std::array<std::uint8_t, 48> big_endian{};
  crypto::hkdf_sha256({}, as_bytes(password), as_bytes("SPAKE2 pw"), big_endian);
  std::array<std::uint8_t, 64> wide{};
  std::reverse_copy(big_endian.begin(), big_endian.end(), wide.begin());
  return reduce_wide(wide);
}

Point times(const Scalar& scalar, const Point& point) {
  Point out{};
  if (crypto_scalarmult_ed25519_noclamp(out.data(), scalar.data(), point.data()) != 0) {
    throw BadVector("a point of the vector is not one of the group");
  }
  return out;
}

Point base_point() {
  const Scalar one{1};
  Point out{};
  if (crypto_scalarmult_ed25519_base_noclamp(out.data(), one.data()) != 0) throw BadVector("no base point");
  return out;
}

// The message a side sends without its random share: what is left is the blinding, w times M or N.
Point blinding(const std::array<std::uint8_t, 33>& message, const Scalar& scalar) {
  const Point share = times(scalar, base_point());
  Point point{};
  std::copy(message.begin() + 1, message.end(), point.begin());
  Point out{};
  if (crypto_core_ed25519_sub(out.data(), point.data(), share.data()) != 0)
    throw BadVector("a message is no point");
  return out;
}

void check_constants(Run& run) {
  const Scalar scalar{2};
  const Scalar w = password_scalar("password");
  const Digest zero{};
  const auto client = make(Spake2::Role::client, "password", zero, zero, scalar).message();
  const auto host = make(Spake2::Role::host, "password", zero, zero, scalar).message();
  run.expect("w times M", to_hex(times(w, run.expected.array<32>("M"))), to_hex(blinding(client, scalar)));
  run.expect("w times N", to_hex(times(w, run.expected.array<32>("N"))), to_hex(blinding(host, scalar)));
  if (run.expected.has("group_order")) {
    std::array<std::uint8_t, 64> wide{};
    const Scalar order = from_decimal(run.expected.text("group_order"));
    std::copy(order.begin(), order.end(), wide.begin());
    run.expect("the order modulo itself", to_hex(Scalar{}), to_hex(reduce_wide(wide)));
  }
  if (run.expected.has("base_point")) run.expect_hex("base_point", base_point());
}

// Both ends of an exchange with stated scalars.
struct Exchange {
  std::string pin;
  Digest client_id;
  Digest host_id;
  Scalar x, y;

  [[nodiscard]] Spake2 client() const { return make(Spake2::Role::client, pin, client_id, host_id, x); }
  [[nodiscard]] Spake2 host() const { return make(Spake2::Role::host, pin, client_id, host_id, y); }
};

// Z = x · (y · B): what both sides arrive at once the blinding is off.
Point shared_point(const Exchange& exchange) { return times(exchange.x, times(exchange.y, base_point())); }

void expect_scalar(Run& run, const Exchange& exchange) {
  if (!run.expected.has("password_scalar")) return;
  run.expect("password_scalar", to_hex(from_decimal(run.expected.text("password_scalar"))),
             to_hex(password_scalar(exchange.pin)));
}

// The identities here are no fingerprints, so the transcript is put together from its parts.
void check_library(Run& run) {
  const Exchange exchange{run.inputs.text("password"),
                          {},
                          {},
                          from_decimal(run.inputs.text("scalar_a")),
                          from_decimal(run.inputs.text("scalar_b"))};
  expect_scalar(run, exchange);
  const auto a = exchange.client().message();
  const auto b = exchange.host().message();
  run.expect_hex("message_a", a);
  run.expect_hex("message_b", b);
  const Point z = shared_point(exchange);
  run.expect_hex("shared_point", z);
  Bytes transcript;
  for (const std::string& part : {exchange.pin, run.inputs.text("idA"), run.inputs.text("idB")}) {
    append(transcript, crypto::sha256(as_bytes(part)));
  }
  append(transcript, ByteView(a).subspan(1));
  append(transcript, ByteView(b).subspan(1));
  append(transcript, z);
  run.expect_hex("key", crypto::sha256(transcript));
}

Exchange read_exchange(const Object& in) {
  return {in.text("pin"), in.array<32>("client_fingerprint"), in.array<32>("host_fingerprint"),
          from_decimal(in.text("scalar_client")), from_decimal(in.text("scalar_host"))};
}

void check_pin(Run& run) {
  const Exchange exchange = read_exchange(run.inputs);
  expect_scalar(run, exchange);
  const Spake2 client = exchange.client();
  const Spake2 host = exchange.host();
  run.expect_hex("spake_a", client.message());
  run.expect_hex("spake_b", host.message());
  run.expect_hex_if_stated("shared_point", shared_point(exchange));
  const auto client_key = client.finish(host.message());
  const auto host_key = host.finish(client.message());
  run.expect_true("both sides finish", client_key && host_key);
  if (!client_key || !host_key) return;
  run.expect_hex("key", client_key->view());
  run.expect("the host's key", run.expected.text("key"), to_hex(host_key->view()));
  run.expect_hex("host_confirm", crypto::confirm_host(*client_key, exchange.client_id, exchange.host_id));
  run.expect_hex("client_confirm", crypto::confirm_client(*host_key, exchange.client_id, exchange.host_id));
}

void check_pairing_stream(Run& run) {
  const std::string name = run.inputs.text("see");
  const Json* vector = run.file.find(name);
  if (vector == nullptr) throw BadVector("the file has no vector named " + name);
  Exchange exchange = read_exchange(Run(run.file, *vector).inputs);
  exchange.pin = run.inputs.text("pin", exchange.pin);
  const Spake2 client = exchange.client();
  const Spake2 host = exchange.host();
  const auto key = client.finish(host.message());
  run.expect_true("the client finishes", key.has_value());
  if (!key) return;

  Bytes client_bytes, host_bytes;
  wire::append_varint(client_bytes, static_cast<std::uint64_t>(wire::StreamType::control));
  wire::append_frame(client_bytes, wire::FrameType::pair_request,
                     wire::PairRequest{run.inputs.text("name"), client.message(), {}}.encode());
  wire::append_frame(
      host_bytes, wire::FrameType::pair_challenge,
      wire::PairChallenge{host.message(), crypto::confirm_host(*key, exchange.client_id, exchange.host_id)}
          .encode());
  wire::append_frame(
      client_bytes, wire::FrameType::pair_proof,
      wire::PairProof{crypto::confirm_client(*key, exchange.client_id, exchange.host_id)}.encode());
  wire::append_frame(host_bytes, wire::FrameType::pair_result, wire::PairResult{true}.encode());
  run.expect_hex("client_bytes", client_bytes);
  run.expect_hex("host_bytes", host_bytes);
}

void check_fingerprint(Run& run) {
  run.expect_hex("fingerprint", crypto::sha256(run.inputs.bytes("certificate_der")));
}

}  // namespace

void register_pairing(Registry& registry) {
  registry.add("pairing", "spake2/constants", check_constants);
  registry.add("pairing", "spake2/library-vector", check_library);
  registry.add("pairing", "pairing/pin-", check_pin);
  registry.add("pairing", "pairing/control-stream", check_pairing_stream);
  registry.add("identity", "identity/fingerprint", check_fingerprint);
}

}  // namespace punktfunk::vector_check
