// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/packet_number.h"

#include <algorithm>

#include "core/crypto/media_keys.h"

namespace punktfunk::crypto {
namespace {

constexpr std::uint64_t kBitsPerWord = 64;

std::size_t word_of(std::uint64_t number) {
  return static_cast<std::size_t>(number % kReplayWindow / kBitsPerWord);
}
std::uint64_t bit_of(std::uint64_t number) { return std::uint64_t{1} << (number % kBitsPerWord); }

}  // namespace

std::uint64_t expand_packet_number(std::uint64_t reference, std::uint32_t low) {
  const auto distance = static_cast<std::int32_t>(low - static_cast<std::uint32_t>(reference));
  if (distance < 0 && reference < static_cast<std::uint64_t>(-static_cast<std::int64_t>(distance)))
    return low;
  // Modular: adding a sign-extended negative distance subtracts it.
  return reference + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
}

bool is_plausible(std::uint64_t number, std::uint64_t reference) {
  if (key_index(number) > key_index(reference) + 1) return false;
  return number >= reference || reference - number < kReplayWindow;
}

ReplayWindow::ReplayWindow() : seen_(kReplayWindow / kBitsPerWord) {}

bool ReplayWindow::is_fresh(std::uint64_t number) const {
  if (number > highest_) return true;
  if (highest_ - number >= kReplayWindow) return false;
  return (seen_[word_of(number)] & bit_of(number)) == 0;
}

void ReplayWindow::accept(std::uint64_t number) {
  if (number > highest_) {
    // The numbers in between have not been seen: their places still hold bits of one window ago.
    if (number - highest_ >= kReplayWindow) {
      std::fill(seen_.begin(), seen_.end(), 0);
    } else {
      for (std::uint64_t skipped = highest_ + 1; skipped <= number; ++skipped) {
        seen_[word_of(skipped)] &= ~bit_of(skipped);
      }
    }
    highest_ = number;
  }
  seen_[word_of(number)] |= bit_of(number);
}

}  // namespace punktfunk::crypto
