// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/audio_layout.h"

#include <algorithm>

#include "core/wire/hello.h"

namespace punktfunk::wire {
namespace {

struct Row {
  std::uint8_t layout;
  OpusLayout opus;
};

constexpr std::array<Row, 6> kRows = {{
    {kLayoutLegacy, {6, 4, 2, {0, 1, 2, 3, 4, 5}}},
    {kLayoutStandard, {6, 4, 2, {0, 1, 4, 5, 2, 3}}},
    {kLayoutUncoupled, {6, 6, 0, {0, 1, 2, 3, 4, 5}}},
    {kLayoutLegacy, {8, 5, 3, {0, 1, 2, 3, 4, 5, 6, 7}}},
    {kLayoutStandard, {8, 5, 3, {0, 1, 6, 7, 2, 3, 4, 5}}},
    {kLayoutUncoupled, {8, 8, 0, {0, 1, 2, 3, 4, 5, 6, 7}}},
}};

}  // namespace

std::optional<OpusLayout> opus_layout(std::uint8_t channels, std::uint8_t layout) {
  if (channels == 2) return OpusLayout{};
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& candidate) {
    return candidate.opus.channels == channels && candidate.layout == layout;
  });
  if (row == kRows.end()) return std::nullopt;
  return row->opus;
}

}  // namespace punktfunk::wire
