// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace punktfunk::host {

// What a session is made of and can lose while it runs. A part that comes later (the sound server) gets its
// enumerator here, reports its own end through VideoPipeline::Callbacks::failed or the like, and is made anew
// in HostSession::rebuild().
enum class FaultPart : std::uint8_t {
  display,
  capture,
  encoder,
  encoder_hung,  // it does not return, so that its thread cannot be taken back: beyond repair
};

struct Fault {
  FaultPart part = FaultPart::capture;
  std::string message;  // a sentence for the user: what happened
};

}  // namespace punktfunk::host
