// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/media_aead.h"

#include <algorithm>
#include <cstdlib>

namespace punktfunk::crypto {
namespace detail {

KeyRing::KeyRing(const Secret<32>& direction_secret, CipherSuite suite, aead::Direction direction,
                 const aead::Backend& backend)
    : direction_secret_(direction_secret), suite_(suite), cipher_(backend.make(suite, direction)) {}

std::size_t KeyRing::slot_for(std::uint64_t packet_number) {
  const std::uint64_t index = key_index(packet_number);
  const std::size_t slot = index % indices_.size();
  if (indices_[slot] != index) {
    cipher_->set_key(slot, derive_media_key(direction_secret_, suite_, index));
    indices_[slot] = index;
  }
  return slot;
}

}  // namespace detail

namespace {

// Calls work(first, count) for each run of packets under one key.
template <class Work>
void for_each_key(std::span<const MediaPacket> packets, Work work) {
  for (std::size_t first = 0; first < packets.size();) {
    const std::uint64_t index = key_index(packets[first].number);
    std::size_t end = first + 1;
    while (end < packets.size() && key_index(packets[end].number) == index) ++end;
    work(first, end - first);
    first = end;
  }
}

bool is_long_enough(const MediaPacket& packet) { return packet.packet.size() >= kMinMediaPacketBytes; }

}  // namespace

MediaSealer::MediaSealer(const Secret<32>& direction_secret, CipherSuite suite, const aead::Backend& backend)
    : keys_(direction_secret, suite, aead::Direction::seal, backend) {}

void MediaSealer::seal(std::span<const Item> items) {
  if (!std::all_of(items.begin(), items.end(), is_long_enough)) std::abort();
  for_each_key(items, [&](std::size_t first, std::size_t count) {
    keys_.cipher().seal(keys_.slot_for(items[first].number), items.subspan(first, count));
  });
}

MediaOpener::MediaOpener(const Secret<32>& direction_secret, CipherSuite suite, const aead::Backend& backend)
    : keys_(direction_secret, suite, aead::Direction::open, backend) {}

bool MediaOpener::open(std::uint64_t number, MutableBytes packet) {
  const MediaPacket one{number, packet};
  if (!is_long_enough(one)) return false;
  bool authentic = false;
  keys_.cipher().open(keys_.slot_for(number), {&one, 1}, {&authentic, 1});
  return authentic;
}

void MediaOpener::open(std::span<const MediaPacket> packets, std::span<bool> authentic) {
  if (!std::all_of(packets.begin(), packets.end(), is_long_enough)) std::abort();
  for_each_key(packets, [&](std::size_t first, std::size_t count) {
    keys_.cipher().open(keys_.slot_for(packets[first].number), packets.subspan(first, count),
                        authentic.subspan(first, count));
  });
}

}  // namespace punktfunk::crypto
