// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "control/quic/ngtcp2_compat.h"

namespace punktfunk::control {

// The QUIC library's calls back into a connection (its user data). They only record and queue.
struct QuicCallbacks {
  [[nodiscard]] static const ngtcp2_callbacks& table();
  // For ngtcp2_crypto_conn_ref; its user data is the connection.
  [[nodiscard]] static ngtcp2_conn* conn_of(ngtcp2_crypto_conn_ref* ref);

 private:
  static ngtcp2_callbacks make_table();
  static int handshake_completed(ngtcp2_conn* conn, void* user_data);
  static int stream_open(ngtcp2_conn* conn, std::int64_t stream, void* user_data);
  static int stream_data(ngtcp2_conn* conn, std::uint32_t flags, std::int64_t stream, std::uint64_t offset,
                         const std::uint8_t* data, std::size_t size, void* user_data, void* stream_user_data);
  static int stream_acked(ngtcp2_conn* conn, std::int64_t stream, std::uint64_t offset, std::uint64_t size,
                          void* user_data, void* stream_user_data);
  static int stream_reset(ngtcp2_conn* conn, std::int64_t stream, std::uint64_t final_size,
                          std::uint64_t code, void* user_data, void* stream_user_data);
  static int stream_close(ngtcp2_conn* conn, std::uint32_t flags, std::int64_t stream, std::uint64_t code,
                          void* user_data, void* stream_user_data);
  static int datagram(ngtcp2_conn* conn, std::uint32_t flags, const std::uint8_t* data, std::size_t size,
                      void* user_data);
  static int new_connection_id(ngtcp2_conn* conn, ngtcp2_cid* cid, std::uint8_t* token, std::size_t size,
                               void* user_data);
  static int remove_connection_id(ngtcp2_conn* conn, const ngtcp2_cid* cid, void* user_data);
  static int stateless_reset(ngtcp2_conn* conn, const ngtcp2_pkt_stateless_reset* reset, void* user_data);
  static void path_validation(ngtcp2_path_validation_result result, void* user_data);
  static void random(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context);
};

}  // namespace punktfunk::control
