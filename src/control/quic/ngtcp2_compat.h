// SPDX-License-Identifier: MIT OR Apache-2.0
// The QUIC library's 1.x names and shapes, on 0.12 too (the version of Debian 12). Only what this folder
// uses.
#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <array>

#include "base/bytes.h"

#if NGTCP2_VERSION_NUM < 0x010000
using ngtcp2_ccerr = ngtcp2_connection_close_error;
using ngtcp2_conn_info = ngtcp2_conn_stat;
inline constexpr auto NGTCP2_CCERR_TYPE_APPLICATION = NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;
inline constexpr auto NGTCP2_CCERR_TYPE_IDLE_CLOSE =
    NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_TRANSPORT_IDLE_CLOSE;

inline void ngtcp2_ccerr_default(ngtcp2_ccerr* error) { ngtcp2_connection_close_error_default(error); }
inline void ngtcp2_ccerr_set_transport_error(ngtcp2_ccerr* error, std::uint64_t code,
                                             const std::uint8_t* reason, std::size_t length) {
  ngtcp2_connection_close_error_set_transport_error(error, code, reason, length);
}
inline void ngtcp2_ccerr_set_liberr(ngtcp2_ccerr* error, int code, const std::uint8_t* reason,
                                    std::size_t length) {
  ngtcp2_connection_close_error_set_transport_error_liberr(error, code, reason, length);
}
inline void ngtcp2_ccerr_set_tls_alert(ngtcp2_ccerr* error, std::uint8_t alert, const std::uint8_t* reason,
                                       std::size_t length) {
  ngtcp2_connection_close_error_set_transport_error_tls_alert(error, alert, reason, length);
}
inline void ngtcp2_ccerr_set_application_error(ngtcp2_ccerr* error, std::uint64_t code,
                                               const std::uint8_t* reason, std::size_t length) {
  ngtcp2_connection_close_error_set_application_error(error, code, reason, length);
}
inline void ngtcp2_conn_get_conn_info(ngtcp2_conn* conn, ngtcp2_conn_info* info) {
  ngtcp2_conn_get_conn_stat(conn, info);
}
#endif

namespace punktfunk::control::compat {

[[nodiscard]] inline ngtcp2_ccerr close_error(ngtcp2_conn* conn) {
#if NGTCP2_VERSION_NUM < 0x010000
  ngtcp2_ccerr error;
  ngtcp2_conn_get_connection_close_error(conn, &error);
  return error;
#else
  return *ngtcp2_conn_get_ccerr(conn);
#endif
}

[[nodiscard]] inline ByteView token_of(const ngtcp2_pkt_hd& header) {
#if NGTCP2_VERSION_NUM < 0x010000
  return {header.token.base, header.token.len};
#else
  return {header.token, header.tokenlen};
#endif
}

// The bytes must live until the connection is made.
inline void set_token(ngtcp2_settings& settings, ByteView token) {
#if NGTCP2_VERSION_NUM < 0x010000
  settings.token = {const_cast<std::uint8_t*>(token.data()), token.size()};
#else
  settings.token = token.data();
  settings.tokenlen = token.size();
#if NGTCP2_VERSION_NUM >= 0x010100
  settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
#endif
#endif
}

inline void set_original_dcid(ngtcp2_transport_params& params, const ngtcp2_cid& cid) {
  params.original_dcid = cid;
#if NGTCP2_VERSION_NUM >= 0x010000
  params.original_dcid_present = 1;
#endif
}

// Never lets the peer clear the QUIC bit (section 3). 0.12 offers the extension whatever its parameters say,
// and reads them when TLS asks for them, so they are corrected in place, right after the connection is made.
// The object itself is not const, only this way to it.
inline void forbid_clear_quic_bit(ngtcp2_conn* conn) {
#if NGTCP2_VERSION_NUM < 0x010000
  const_cast<ngtcp2_transport_params*>(ngtcp2_conn_get_local_transport_params(conn))->grease_quic_bit = 0;
#else
  (void)conn;
#endif
}

// Sizes for path MTU discovery. Before 1.4 the library has a list of its own, which ends at 1444.
inline void set_mtu_probes(ngtcp2_settings& settings) {
#if NGTCP2_VERSION_NUM >= 0x010400
  // IPv6 and IPv4 over Ethernet (section 2.3), PPPoE, common tunnels, the IPv6 minimum.
  static constexpr std::array<std::uint16_t, 5> kProbes = {1472, 1452, 1444, 1390 - 48, 1280 - 48};
  settings.pmtud_probes = kProbes.data();
  settings.pmtud_probeslen = kProbes.size();
#else
  (void)settings;
#endif
}

inline int shutdown_stream_read(ngtcp2_conn* conn, std::int64_t stream, std::uint64_t code) {
#if NGTCP2_VERSION_NUM < 0x010000
  return ngtcp2_conn_shutdown_stream_read(conn, stream, code);
#else
  return ngtcp2_conn_shutdown_stream_read(conn, 0, stream, code);
#endif
}

inline int shutdown_stream_write(ngtcp2_conn* conn, std::int64_t stream, std::uint64_t code) {
#if NGTCP2_VERSION_NUM < 0x010000
  return ngtcp2_conn_shutdown_stream_write(conn, stream, code);
#else
  return ngtcp2_conn_shutdown_stream_write(conn, 0, stream, code);
#endif
}

// The callback has one more argument since 1.0.
template <void (*Handle)(ngtcp2_path_validation_result result, void* user_data)>
[[nodiscard]] constexpr ngtcp2_path_validation path_validation() {
#if NGTCP2_VERSION_NUM < 0x010000
  return [](ngtcp2_conn*, std::uint32_t, const ngtcp2_path*, ngtcp2_path_validation_result result,
            void* user_data) {
    Handle(result, user_data);
    return 0;
  };
#else
  return [](ngtcp2_conn*, std::uint32_t, const ngtcp2_path*, const ngtcp2_path*,
            ngtcp2_path_validation_result result, void* user_data) {
    Handle(result, user_data);
    return 0;
  };
#endif
}

}  // namespace punktfunk::control::compat
