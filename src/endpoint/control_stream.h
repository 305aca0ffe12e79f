// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "control/quic/quic_types.h"
#include "core/wire/varint.h"

namespace punktfunk::endpoint {

// Section 5.4. The control stream is the first the client opens, hence QUIC's stream 0 (RFC 9000
// section 2.1); every other stream belongs to a feature that is not served and is reset with this code.
inline constexpr control::StreamId kControlStream = 0;
inline constexpr std::uint64_t kControlStreamType = 0x00;
inline constexpr std::uint64_t kUnknownStreamType = 0x71;  // section 26

// Takes the type varint off the front of stream 0, which may arrive byte by byte.
class ControlStreamPrefix {
 public:
  enum class Verdict { wait, control, refuse };

  // On `control`, `data` has been moved past the prefix.
  [[nodiscard]] Verdict strip(ByteView& data) {
    if (verdict_ != Verdict::wait) return verdict_;
    const std::size_t before = prefix_.size();
    append(prefix_, data.first(std::min<std::size_t>(data.size(), kMaxVarintBytes - before)));
    const auto type = wire::read_varint(prefix_);
    if (!type) return verdict_;
    // The varint ends inside what this call added, since the bytes before were not enough for it.
    data = data.subspan(type->length - before);
    verdict_ = type->value == kControlStreamType ? Verdict::control : Verdict::refuse;
    return verdict_;
  }

 private:
  static constexpr std::size_t kMaxVarintBytes = 8;
  Bytes prefix_;
  Verdict verdict_ = Verdict::wait;
};

}  // namespace punktfunk::endpoint
