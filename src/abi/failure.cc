// SPDX-License-Identifier: MIT OR Apache-2.0
#include "abi/failure.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/wire/close_code.h"

namespace punktfunk::abi {

namespace {
// An array, so that a thread that ends has nothing to run: the library may be unloaded by then.
thread_local std::array<char, PUNKTFUNK_MESSAGE_BYTES> last_error{};

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
}  // namespace

void copy_text(std::string_view text, char* out, std::size_t room) noexcept {
  std::size_t length = std::min(text.size(), room - 1);
  if (length < text.size()) {
    while (length > 0 && continues_character(text[length])) --length;
  }
  std::memcpy(out, text.data(), length);
  out[length] = '\0';
}

punktfunk_result failed(punktfunk_result code, std::string_view sentence) noexcept {
  copy_text(sentence, last_error.data(), last_error.size());
  return code;
}

punktfunk_result failed(punktfunk_result code) noexcept { return failed(code, punktfunk_error_text(code)); }

punktfunk_result bad_argument(std::string_view sentence) noexcept {
  return failed(PUNKTFUNK_ERROR_ARGUMENT, sentence);
}

}  // namespace punktfunk::abi

extern "C" {

uint32_t punktfunk_abi_version(void) { return PUNKTFUNK_ABI_VERSION; }

const char* punktfunk_version(void) { return PUNKTFUNK_PRODUCT_VERSION; }

const char* punktfunk_last_error(void) { return punktfunk::abi::last_error.data(); }

const char* punktfunk_close_text(uint32_t close_code) {
  return punktfunk::wire::describe(static_cast<punktfunk::wire::CloseCode>(close_code));
}

const char* punktfunk_error_text(punktfunk_result result) {
  switch (result) {
    case PUNKTFUNK_OK:
      return "It was done.";
    case PUNKTFUNK_EMPTY:
      return "Nothing came within the time given.";
    case PUNKTFUNK_ERROR_ARGUMENT:
      return "An argument is missing or out of range.";
    case PUNKTFUNK_ERROR_STRUCT_SIZE:
      return "The struct_size of a struct was not set to its size.";
    case PUNKTFUNK_ERROR_ROLE:
      return "This function belongs to the other role of a session.";
    case PUNKTFUNK_ERROR_STATE:
      return "This cannot be done now: it was started already, or is not connected yet.";
    case PUNKTFUNK_ERROR_ENDED:
      return "The connection has ended.";
    case PUNKTFUNK_ERROR_SETUP:
      return "The system did not provide what is needed.";
    case PUNKTFUNK_ERROR_IDENTITY:
      return "The identity cannot be used.";
    case PUNKTFUNK_ERROR_BUFFER:
      return "The buffer is too small; the size needed was written.";
    case PUNKTFUNK_ERROR_TOO_LARGE:
      return "The frame is larger than this session allows.";
    case PUNKTFUNK_ERROR_THREAD:
      return "This cannot be done from inside a callback.";
    case PUNKTFUNK_ERROR_MEMORY:
      return "There is not enough memory.";
    case PUNKTFUNK_ERROR_INTERNAL:
      return "The library made a mistake.";
    default:
      return "A code that this version of the library does not know.";
  }
}

}  // extern "C"
