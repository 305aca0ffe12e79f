// SPDX-License-Identifier: MIT OR Apache-2.0
// One filled-in example of every message made of fields, with its decoder, for tests that hold for all of
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace punktfunk::wire {

struct MessageExample {
  std::string name;
  Bytes body;
  // Decodes and writes again; nullopt = refused.
  std::function<std::optional<Bytes>(ByteView)> decode;
  bool refuses_any_repeat = false;        // ClientHello and ServerHello
  std::vector<std::uint64_t> repeatable;  // tags that may come twice
  std::vector<std::uint64_t> required;    // tags without which the message is refused
  bool has_list = false;                  // the order of some fields means something
};

[[nodiscard]] std::vector<MessageExample> message_examples();

}  // namespace punktfunk::wire
