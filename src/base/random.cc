// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace punktfunk {

void SystemRandom::fill(MutableBytes out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();
    done += static_cast<std::size_t>(got);
  }
}

void SeededRandom::fill(MutableBytes out) {
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_());
}

}  // namespace punktfunk
