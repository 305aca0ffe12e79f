// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "base/secret.h"
#include "control/quic/quic_endpoint.h"

namespace punktfunk::endpoint {

// Section 3: both ends take the media secret from the TLS exporter with the session id as context.
[[nodiscard]] inline bool export_media_secret(const control::QuicEndpoint& quic, control::ConnectionId id,
                                              ByteView session_id, Secret<32>& out) {
  return quic.export_keying_material(id, "EXPORTER-punktfunk/2 media", session_id, out.writable());
}

}  // namespace punktfunk::endpoint
