// SPDX-License-Identifier: MIT OR Apache-2.0
// Messages of a hostile pairing peer. Input: role u8, then the message.
#include "base/random.h"
#include "core/crypto/spake2.h"
#include "core/wire/pairing_messages.h"
#include "fuzz_input.h"

using namespace punktfunk;
using crypto::Spake2;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.take<std::uint8_t>();
  const Bytes message = input.take_rest();
  const auto role = choice % 2 == 0 ? Spake2::Role::client : Spake2::Role::host;
  const crypto::Digest client_fingerprint{1}, host_fingerprint{2};

  SeededRandom random(7);
  const Spake2 own(role, as_bytes("1234"), client_fingerprint, host_fingerprint, random);
  const auto key = own.finish(message);
  require(!key || message.size() == own.message().size(), "a message has one length");
  require(!own.finish(own.message()), "a side refuses its own message");
  if (key) {
    const auto again = own.finish(message);
    require(again && equal_constant_time(again->view(), key->view()), "a key depends on the messages alone");
    require(crypto::confirm_host(*key, client_fingerprint, host_fingerprint) !=
                crypto::confirm_client(*key, client_fingerprint, host_fingerprint),
            "the confirmations differ");
  }
  fuzz::check_message<wire::PairRequest>(message);
  fuzz::check_message<wire::PairChallenge>(message);
  return 0;
}
