// SPDX-License-Identifier: MIT OR Apache-2.0
// A host that means harm: any header, one value changed at a time, so that packets of one frame stay alike
// until the input says otherwise.
#pragma once

#include "core/wire/media_header.h"
#include "fuzz_input.h"

namespace punktfunk::fuzz {

struct HostileHeaders {
  wire::MediaHeader header;
  std::size_t shard_bytes = wire::kMinShard;
  std::uint64_t number = 0;  // of the next packet

  HostileHeaders() { header.k = 1; }

  // Operations 2 to 15, each with its value; others change nothing.
  void change(std::uint8_t operation, Input& input) {
    switch (operation) {
      case 2:
        header.frame += input.take<std::uint8_t>();
        break;
      case 3:
        header.frame = input.take<std::uint32_t>();
        break;
      case 4:
        header.pts_us += input.take<std::uint32_t>();
        break;
      case 5:
        header.flags = input.take<std::uint16_t>();
        break;
      case 6:
        header.block = input.take<std::uint16_t>();
        break;
      case 7:
        header.base = input.take<std::uint32_t>();
        break;
      case 8:
        header.k = input.take<std::uint16_t>();
        break;
      case 9:
        header.m = input.take<std::uint16_t>();
        break;
      case 10:
        header.pad = input.take<std::uint16_t>();
        break;
      case 11:
        header.epoch = input.take<std::uint8_t>();
        break;
      case 12:
        shard_bytes = wire::kMinShard + input.take<std::uint16_t>() % 8660;
        break;
      case 13:
        header.shard = input.take<std::uint16_t>();
        break;
      case 14:
        number += input.take<std::uint32_t>();
        break;
      case 15:
        header.stream = input.take<std::uint8_t>() & 3;
        break;
      default:
        break;
    }
  }
};

}  // namespace punktfunk::fuzz
