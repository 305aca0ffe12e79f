// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"

namespace punktfunk::host {

// The id under which this installation is known on its network, also when its certificate is renewed: 32
// hexadecimal digits, in `dir`/host-id. Made at the first call. It is public, and proves nothing.
[[nodiscard]] Result<std::string> load_or_create_host_id(const std::filesystem::path& dir,
                                                         RandomSource& random);

}  // namespace punktfunk::host
