// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "core/crypto/hash.h"
#include "core/wire/close_code.h"

namespace punktfunk::control {

// The host's one armed PIN (section 10.4). A PIN is good for one attempt: take() withdraws it, so each guess
// costs the operator a new one. Pure in time; used from the control loop only.
class PairingDesk {
 public:
  // Q2 leaves length and lifetime open; four digits and two minutes are what texts and tests of the family
  // use.
  static constexpr std::size_t kPinDigits = 4;
  static constexpr Duration kArmedFor = std::chrono::minutes(2);
  // Section 10.4: charged to everyone whatever the outcome, so that guessing over many connections is no
  // faster.
  static constexpr Duration kAttemptSpacing = std::chrono::seconds(2);

  PairingDesk() = default;
  ~PairingDesk() { disarm(); }
  PairingDesk(const PairingDesk&) = delete;
  PairingDesk& operator=(const PairingDesk&) = delete;

  // Replaces any PIN armed before. `only_for` limits it to one device's fingerprint. Returns the PIN to show.
  std::string arm(TimePoint now, RandomSource& random, std::optional<crypto::Digest> only_for = std::nullopt);
  void disarm();
  [[nodiscard]] bool is_armed(TimePoint now) const;

  // The PIN for this attempt, or the code to close the connection with. `address` outside the local networks
  // is refused.
  [[nodiscard]] std::variant<std::string, wire::CloseCode> take(const crypto::Digest& fingerprint,
                                                                const SocketAddress& address, TimePoint now);

 private:
  std::string pin_;
  std::optional<TimePoint> armed_until_;
  std::optional<crypto::Digest> only_for_;
  std::optional<TimePoint> last_attempt_;
};

}  // namespace punktfunk::control
