// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/pairing_desk.h"

#include <string.h>

#include <utility>

namespace punktfunk::control {

std::string PairingDesk::arm(TimePoint now, RandomSource& random, const Window& window) {
  disarm();
  for (std::size_t i = 0; i < kPinDigits; ++i) {
    // 250 = 25 · 10: bytes from there on are thrown again, so every digit is equally likely.
    std::uint8_t byte = 0;
    do byte = random.bytes<1>()[0];
    while (byte >= 250);
    pin_.push_back(static_cast<char>('0' + byte % 10));
  }
  armed_until_ = now + kArmedFor;
  window_ = window;
  return pin_;
}

void PairingDesk::disarm() {
  explicit_bzero(pin_.data(), pin_.size());
  pin_.clear();
  armed_until_.reset();
  window_ = {};
}

std::optional<PairingDesk::Armed> PairingDesk::armed(TimePoint now) const {
  if (!is_armed(now)) return std::nullopt;
  return Armed{window_, *armed_until_ - now};
}

std::variant<PairingDesk::Attempt, wire::CloseCode> PairingDesk::take(const crypto::Digest& fingerprint,
                                                                      const SocketAddress& address,
                                                                      TimePoint now) {
  // Turned away for being too soon is no attempt: otherwise one knocking device could keep everybody out for
  // ever.
  if (last_attempt_ && now - *last_attempt_ < kAttemptSpacing) return wire::CloseCode::pairing_rate_limit;
  last_attempt_ = now;
  if (!is_armed(now)) disarm();
  if (!armed_until_ || !(window_.from_anywhere || address.is_local_network()))
    return wire::CloseCode::pairing_not_armed;
  if (window_.only_for && !equal_constant_time(*window_.only_for, fingerprint))
    return wire::CloseCode::armed_for_another_device;
  Attempt attempt{pin_, window_.rights};
  disarm();
  return attempt;
}

}  // namespace punktfunk::control
