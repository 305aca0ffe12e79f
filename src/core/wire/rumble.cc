// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/rumble.h"

#include "core/wire/datagram.h"
#include "core/wire/gamepad.h"

namespace punktfunk::wire {
namespace {

constexpr std::size_t kLevelsBytes = 1 + 3 * 2;                 // 7
constexpr std::size_t kLifetimeBytes = kLevelsBytes + 1 + 2;    // 10
constexpr std::size_t kTriggersBytes = kLifetimeBytes + 2 * 2;  // 14

}  // namespace

Rumble Rumble::stop(std::uint16_t pad, std::uint8_t seq) { return {pad, 0, 0, Lifetime{seq, 0}, Triggers{}}; }

bool Rumble::is_stop() const {
  return low == 0 && high == 0 && (!triggers || (triggers->left == 0 && triggers->right == 0));
}

std::chrono::milliseconds Rumble::hold() const {
  if (!lifetime) return kRumbleHoldWithoutTtl;
  return std::min(std::chrono::milliseconds{lifetime->ttl_ms}, kRumbleHoldLimit);
}

Bytes Rumble::encode() const {
  Bytes out{kRumbleByte};
  append_le(out, pad);
  append_le(out, low);
  append_le(out, high);
  if (!lifetime) return out;
  out.push_back(lifetime->seq);
  append_le(out, lifetime->ttl_ms);
  if (!triggers) return out;
  append_le(out, triggers->left);
  append_le(out, triggers->right);
  return out;
}

std::optional<Rumble> Rumble::decode(ByteView payload) {
  if (payload.size() < kLevelsBytes || payload[0] != kRumbleByte) return std::nullopt;
  const std::uint8_t* at = payload.data();
  Rumble rumble;
  rumble.pad = load_le<std::uint16_t>(at + 1);
  if (rumble.pad >= kMaxPads) return std::nullopt;
  rumble.low = load_le<std::uint16_t>(at + 3);
  rumble.high = load_le<std::uint16_t>(at + 5);
  if (payload.size() >= kLifetimeBytes) rumble.lifetime = Lifetime{at[7], load_le<std::uint16_t>(at + 8)};
  if (payload.size() >= kTriggersBytes) {
    rumble.triggers = Triggers{load_le<std::uint16_t>(at + 10), load_le<std::uint16_t>(at + 12)};
  }
  return rumble;
}

}  // namespace punktfunk::wire
