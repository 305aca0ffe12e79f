// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/socket_address.h"
#include "base/time.h"
#include "control/quic/quic_types.h"
#include "core/crypto/hash.h"
#include "core/wire/close_code.h"

namespace punktfunk::control {

// The devices that ask to be let in (section 9.3), for the operator to decide. A device has one entry,
// whatever number of times it knocks; its fingerprint is what is approved, name and address only help to
// recognise it. Pure in time; used from the control loop only.
class ApprovalDesk {
 public:
  // Section 9.3. An entry outlives its connection's window: approved late, the device is let in the next
  // time.
  static constexpr std::size_t kMaxEntries = 32;
  static constexpr std::size_t kMaxPerAddress = 4;
  static constexpr Duration kEntryLife = std::chrono::minutes(10);

  struct Entry {
    std::uint32_t id = 0;  // for the operator; never used twice
    crypto::Digest fingerprint{};
    std::string name;  // cleaned; never empty
    SocketAddress address;
    TimePoint since{};                       // of the newest knock
    std::optional<ConnectionId> connection;  // none: it waited its whole window in vain
  };
  struct Parked {
    std::uint32_t id = 0;
    bool is_new = false;                     // not yet in the list
    std::optional<ConnectionId> superseded;  // the same device's older connection: close it with 0x66
  };

  // An unknown device asks. Refused: the code to close with (0x60 from outside the local networks, where only
  // a PIN helps; 0x42 when the list is full). Full lists drop who no longer waits first.
  [[nodiscard]] std::variant<Parked, wire::CloseCode> knock(ConnectionId connection,
                                                            const crypto::Digest& fingerprint,
                                                            std::string_view name,
                                                            const SocketAddress& address, TimePoint now);
  // The connection ended, or its client gave up: its entry goes.
  void leave(ConnectionId connection);
  // Its window is over: the entry stays for the rest of its life.
  void stop_waiting(ConnectionId connection);

  // In the order of their ids.
  [[nodiscard]] const std::vector<Entry>& list(TimePoint now);
  [[nodiscard]] std::optional<Entry> find(std::uint32_t id, TimePoint now);
  // Takes out the entry of a device that was decided about, here or elsewhere. Its connection, if one waits.
  std::optional<ConnectionId> settle(const crypto::Digest& fingerprint);

 private:
  void expire(TimePoint now);
  [[nodiscard]] bool make_room(const SocketAddress& address);

  std::vector<Entry> entries_;  // ids ascend
  std::uint32_t next_id_ = 1;
};

}  // namespace punktfunk::control
