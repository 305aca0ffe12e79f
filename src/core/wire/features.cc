// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/features.h"

#include <algorithm>

namespace punktfunk::wire {

void FeatureSet::set(std::size_t bit) {
  if (bit < kBits) bytes_[bit / 8] = static_cast<std::uint8_t>(bytes_[bit / 8] | (1U << (bit % 8)));
}

bool FeatureSet::has(std::size_t bit) const {
  return bit < kBits && ((unsigned{bytes_[bit / 8]} >> (bit % 8)) & 1U) != 0;
}

Bytes FeatureSet::encode() const {
  std::size_t length = bytes_.size();
  while (length > 0 && bytes_[length - 1] == 0) --length;
  return {bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(length)};
}

FeatureSet FeatureSet::decode(ByteView bytes) {
  FeatureSet set;
  std::copy_n(bytes.begin(), std::min(bytes.size(), set.bytes_.size()), set.bytes_.begin());
  return set;
}

FeatureSet FeatureSet::answer(const FeatureSet& host, const FeatureSet& client) {
  FeatureSet both = host;
  for (std::size_t i = kFirstShared / 8; i < both.bytes_.size(); ++i) {
    both.bytes_[i] = static_cast<std::uint8_t>(both.bytes_[i] & client.bytes_[i]);
  }
  return both;
}

}  // namespace punktfunk::wire
