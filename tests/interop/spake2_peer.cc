// SPDX-License-Identifier: MIT OR Apache-2.0
// One side of a PIN pairing on stdin and stdout, for tests against other SPAKE2 programs:
//   spake2_peer client|host PIN CLIENT_FINGERPRINT_HEX HOST_FINGERPRINT_HEX
// prints its message in hex, reads the peer's message in hex, and prints the key in hex, or "refused".
#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "core/crypto/spake2.h"

namespace {

using namespace punktfunk;

std::optional<crypto::Digest> read_digest(std::string_view hex) {
  const std::optional<Bytes> bytes = from_hex(hex);
  crypto::Digest digest{};
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view role = argc == 5 ? argv[1] : "";
  const auto client = argc == 5 ? read_digest(argv[3]) : std::nullopt;
  const auto host = argc == 5 ? read_digest(argv[4]) : std::nullopt;
  if ((role != "client" && role != "host") || !client || !host) {
    std::cerr << "usage: spake2_peer client|host PIN CLIENT_FINGERPRINT_HEX HOST_FINGERPRINT_HEX\n";
    return 2;
  }
  SystemRandom random;
  const crypto::Spake2 side(role == "client" ? crypto::Spake2::Role::client : crypto::Spake2::Role::host,
                            as_bytes(argv[2]), *client, *host, random);
  std::cout << to_hex(side.message()) << std::endl;

  std::string line;
  std::getline(std::cin, line);
  const std::optional<Bytes> peer = from_hex(line);
  const auto key = peer ? side.finish(*peer) : std::nullopt;
  std::cout << (key ? to_hex(key->view()) : "refused") << std::endl;
  return 0;
}
