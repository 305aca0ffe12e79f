// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/hdr_meta.h"

#include <algorithm>

#include "core/wire/datagram.h"
#include "core/wire/payload.h"

namespace punktfunk::wire {

std::array<std::uint8_t, kHdrMetaBytes> HdrMeta::value() const {
  std::array<std::uint8_t, kHdrMetaBytes> out{};
  std::uint8_t* at = out.data();
  for (const Chromaticity& colour : {green, blue, red, white}) {
    store_le(at, colour.x);
    store_le(at + 2, colour.y);
    at += 4;
  }
  store_le(at, max_luminance);
  store_le(at + 4, min_luminance);
  store_le(at + 8, max_cll);
  store_le(at + 10, max_fall);
  return out;
}

HdrMeta HdrMeta::from_value(const std::array<std::uint8_t, kHdrMetaBytes>& value) {
  HdrMeta meta;
  const std::uint8_t* at = value.data();
  for (Chromaticity* colour : {&meta.green, &meta.blue, &meta.red, &meta.white}) {
    *colour = {load_le<std::uint16_t>(at), load_le<std::uint16_t>(at + 2)};
    at += 4;
  }
  meta.max_luminance = load_le<std::uint32_t>(at);
  meta.min_luminance = load_le<std::uint32_t>(at + 4);
  meta.max_cll = load_le<std::uint16_t>(at + 8);
  meta.max_fall = load_le<std::uint16_t>(at + 10);
  return meta;
}

Bytes HdrMeta::encode() const { return join({kHdrMetaByte}, value()); }

std::optional<HdrMeta> HdrMeta::decode(ByteView payload) {
  if (payload.size() != 1 + kHdrMetaBytes || payload[0] != kHdrMetaByte) return std::nullopt;
  std::array<std::uint8_t, kHdrMetaBytes> value{};
  std::copy(payload.begin() + 1, payload.end(), value.begin());
  return from_value(value);
}

}  // namespace punktfunk::wire
