// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "host/capture/capture.h"
#include "host/encode/encoder.h"
#include "host/input/injector.h"

namespace punktfunk::host {

// Where a session takes its parts from, each time it is set up or rebuilt. Called on the session's threads;
// tests put in parts that break when they say so.
struct SessionParts {
  std::function<Result<std::unique_ptr<Capturer>>(const CaptureSource&)> capturer = create_capturer;
  std::function<Result<EncoderChoice>(const EncoderConfig&)> encoder = create_encoder;
  std::function<Result<std::unique_ptr<Injector>>(const InjectorTarget&)> injector = create_injector;
};

}  // namespace punktfunk::host
