// SPDX-License-Identifier: MIT OR Apache-2.0
// Files that only their owner may read: the identity and the pin stores.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace punktfunk::control {

// Creates the missing folders; the last one 0700. One that is there already stays as it is.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& folder);

// nullopt: there is no such file. Anything else that keeps it from being read whole (a directory, more than
// `max_bytes`, no permission) is an error. A file that others may read or write is tightened to 0600, with a
// warning in the log.
[[nodiscard]] Result<std::optional<Bytes>> read_private_file(const std::filesystem::path& file,
                                                             std::size_t max_bytes);

// Creates the folder (0700) and those above it where they are missing.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& folder);

enum class IfExists : std::uint8_t { replace, keep };

// Creates the missing folders above `file` (the last one 0700) and writes it with mode 0600: a reader and a
// crash see the old content or the new one, never a part. Returns false, with nothing changed, if `keep` was
// asked for and there is a file already.
[[nodiscard]] Result<bool> write_private_file(const std::filesystem::path& file, ByteView content,
                                              IfExists if_exists);

}  // namespace punktfunk::control
