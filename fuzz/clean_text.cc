// SPDX-License-Identifier: MIT OR Apache-2.0
// Text from the network. Input: bound u8, then the text.
#include <string>

#include "base/text.h"
#include "fuzz_input.h"

using namespace punktfunk;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t bound = input.take<std::uint8_t>();
  const Bytes rest = input.take_rest();
  const std::string text(rest.begin(), rest.end());

  const std::string clean = clean_text(text, bound);
  require(clean.size() <= bound, "cleaned text keeps its bound");
  require(is_valid_utf8(clean), "cleaned text is UTF-8");
  require(clean_text(clean, bound) == clean, "clean text stays as it is");
  for (const char c : clean) {
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "cleaned text has no control character");
  }
  return 0;
}
