// SPDX-License-Identifier: MIT OR Apache-2.0
// How failures leave the library: a code, and a sentence kept for the calling thread.
#pragma once

#include <punktfunk_core.h>

#include <cstdint>
#include <new>
#include <string_view>

namespace punktfunk::abi {

// Keeps `sentence` (cut to 511 bytes, at a character) for punktfunk_last_error() and returns `code`. Never
// allocates.
punktfunk_result failed(punktfunk_result code, std::string_view sentence) noexcept;
// PUNKTFUNK_ERROR_ARGUMENT.
punktfunk_result bad_argument(std::string_view sentence) noexcept;
// For out-of-range enumerations and the like that need no sentence of their own: the code's text.
punktfunk_result failed(punktfunk_result code) noexcept;

// Copies what fits with a zero byte at the end, without splitting a character.
void copy_text(std::string_view text, char* out, std::size_t room) noexcept;

// Runs a call: whatever it throws becomes a result.
template <class Call>
punktfunk_result guarded(Call&& call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return failed(PUNKTFUNK_ERROR_MEMORY);
  } catch (...) {
    return failed(PUNKTFUNK_ERROR_INTERNAL);
  }
}

}  // namespace punktfunk::abi
