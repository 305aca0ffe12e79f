// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "core/crypto/hash.h"
#include "core/session/grants.h"
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

  // What the operator opens.
  struct Window {
    std::optional<crypto::Digest> only_for{};  // one device's fingerprint; none: whoever knows the PIN
    bool from_anywhere = false;                // also from outside the local networks
    // None: full rights for ever, and a device that is paired already keeps what it has.
    std::optional<access::Offer> rights{};
    bool operator==(const Window&) const = default;
  };
  // Replaces any PIN armed before. Returns the PIN to show.
  std::string arm(TimePoint now, RandomSource& random, const Window& window);
  std::string arm(TimePoint now, RandomSource& random) { return arm(now, random, Window{}); }
  void disarm();
  [[nodiscard]] bool is_armed(TimePoint now) const { return armed_until_ && now < *armed_until_; }
  // While armed: for whom, and for how long yet.
  struct Armed {
    Window window;
    Duration left{};
  };
  [[nodiscard]] std::optional<Armed> armed(TimePoint now) const;

  // One attempt: its PIN and what the device is to be given, or the code to close the connection with.
  struct Attempt {
    std::string pin;  // the caller wipes it
    std::optional<access::Offer> rights;
  };
  [[nodiscard]] std::variant<Attempt, wire::CloseCode> take(const crypto::Digest& fingerprint,
                                                            const SocketAddress& address, TimePoint now);

 private:
  std::string pin_;
  std::optional<TimePoint> armed_until_;
  Window window_;
  std::optional<TimePoint> last_attempt_;
};

}  // namespace punktfunk::control
