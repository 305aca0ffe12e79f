// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace punktfunk::host::http {

// The operator's credential: 32 random bytes as 64 hexadecimal digits, in a file that only the owner reads.
class AdminToken {
 public:
  static constexpr std::size_t kDigits = 64;

  // Reads `dir`/api-token, or creates it (mode 0600). A file that holds something else is an error and is
  // left as it is.
  [[nodiscard]] static Result<AdminToken> load_or_create(const std::filesystem::path& dir,
                                                         RandomSource& random);

  // Only in memory.
  [[nodiscard]] static AdminToken generate(RandomSource& random);

  // In time that depends on the length of `text` only.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  AdminToken() = default;
  Secret<kDigits> digits_;
};

}  // namespace punktfunk::host::http
