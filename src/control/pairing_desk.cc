// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/pairing_desk.h"

#include <string.h>

#include <utility>

namespace punktfunk::control {

std::string PairingDesk::arm(TimePoint now, RandomSource& random, std::optional<crypto::Digest> only_for) {
  disarm();
  for (std::size_t i = 0; i < kPinDigits; ++i) {
    // 250 = 25 · 10: bytes from there on are thrown again, so every digit is equally likely.
    std::uint8_t byte = 0;
    do byte = random.bytes<1>()[0];
    while (byte >= 250);
    pin_.push_back(static_cast<char>('0' + byte % 10));
  }
  armed_until_ = now + kArmedFor;
  only_for_ = only_for;
  return pin_;
}

void PairingDesk::disarm() {
  explicit_bzero(pin_.data(), pin_.size());
  pin_.clear();
  armed_until_.reset();
  only_for_.reset();
}

bool PairingDesk::is_armed(TimePoint now) const { return armed_until_ && now < *armed_until_; }

std::variant<std::string, wire::CloseCode> PairingDesk::take(const crypto::Digest& fingerprint,
                                                             const SocketAddress& address, TimePoint now) {
  // Turned away for being too soon is no attempt: otherwise one knocking device could keep everybody out for
  // ever.
  if (last_attempt_ && now - *last_attempt_ < kAttemptSpacing) return wire::CloseCode::pairing_rate_limit;
  last_attempt_ = now;
  if (!is_armed(now)) disarm();
  if (!armed_until_ || !address.is_local_network()) return wire::CloseCode::pairing_not_armed;
  if (only_for_ && !equal_constant_time(*only_for_, fingerprint))
    return wire::CloseCode::armed_for_another_device;
  std::string pin = pin_;
  disarm();
  return pin;
}

}  // namespace punktfunk::control
