// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace punktfunk::host {

// What a session is made of and can lose while it runs. A part that comes later (the sound server) gets its
// enumerator here, reports its own end, and a case in SessionSource::rebuild().
enum class FaultPart : std::uint8_t { display, capture, encoder };

struct Fault {
  FaultPart part = FaultPart::capture;
  std::string message;  // a sentence for the user: what happened
};

}  // namespace punktfunk::host
