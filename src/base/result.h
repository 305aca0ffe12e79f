// SPDX-License-Identifier: MIT OR Apache-2.0
// Errors as values. A setup failure carries one plain sentence for the user; a bad packet never gets
// this far (it is a counted outcome of its own type).
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace punktfunk {

// `message` is a whole sentence saying what did not happen, why, and what to do about it.
struct Error {
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace punktfunk
