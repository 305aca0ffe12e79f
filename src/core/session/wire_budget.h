// SPDX-License-Identifier: MIT OR Apache-2.0
// What of a stream's wire budget is the encoder's: section 18 counts video, parity and framing together, so
// more parity means a lower encoder rate.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "core/session/parity_control.h"

namespace punktfunk::media {

// `shard_bytes`: payload of a datagram. Worked out for a frame of average size, since small frames carry more
// parity than the session's percentage. At least a third of `budget`.
[[nodiscard]] BitRate encoder_share(BitRate budget, std::uint32_t refresh_hz, std::uint16_t shard_bytes,
                                    const ParityControl& parity);

}  // namespace punktfunk::media
