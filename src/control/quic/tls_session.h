// SPDX-License-Identifier: MIT OR Apache-2.0
// TLS 1.3 with the rules of section 3: ALPN `pkf2`, any certificate that proves its key, optionally one
// certain certificate.
#pragma once

#include <gnutls/gnutls.h>

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "control/identity/identity.h"
#include "control/quic/ngtcp2_compat.h"

namespace punktfunk::control {

// What all sessions of one endpoint share.
class TlsCredentials {
 public:
  // `identity` may be nullptr: no certificate.
  [[nodiscard]] static Result<TlsCredentials> create(const Identity* identity);
  [[nodiscard]] gnutls_certificate_credentials_t get() const { return credentials_.get(); }

 private:
  struct Free {
    void operator()(gnutls_certificate_credentials_t c) const { gnutls_certificate_free_credentials(c); }
  };
  std::unique_ptr<gnutls_certificate_credentials_st, Free> credentials_;
};

class TlsSession {
 public:
  enum class Role : std::uint8_t { server, client };

  // `get_conn` and `user_data` lead the library from the TLS session to its connection. `pin` is for clients.
  // nullptr: out of memory.
  [[nodiscard]] static std::unique_ptr<TlsSession> create(Role role, const TlsCredentials& credentials,
                                                          const std::optional<Fingerprint>& pin,
                                                          ngtcp2_crypto_get_conn get_conn, void* user_data);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  [[nodiscard]] gnutls_session_t get() const { return session_; }
  // Of the peer's certificate; only meaningful once the handshake is complete, which proves the certificate's
  // key.
  [[nodiscard]] std::optional<Fingerprint> peer_fingerprint() const;
  // True when the handshake failed because the server's certificate was not the pinned one.
  [[nodiscard]] bool pin_failed() const { return pin_failed_; }
  [[nodiscard]] bool export_keying_material(std::string_view label, ByteView context, MutableBytes out) const;

 private:
  TlsSession() = default;
  [[nodiscard]] int configure(Role role, const TlsCredentials& credentials);
  [[nodiscard]] int verify_server();

  // The library reads the session's user pointer as an ngtcp2_crypto_conn_ref; the owner is for
  // verify_server().
  struct Reference : ngtcp2_crypto_conn_ref {
    TlsSession* owner = nullptr;
  };
  Reference reference_{};
  gnutls_session_t session_ = nullptr;
  std::optional<Fingerprint> pin_;
  bool pin_failed_ = false;
};

}  // namespace punktfunk::control
