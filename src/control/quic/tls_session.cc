// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/quic/tls_session.h"

#include <gnutls/x509.h>

#include <algorithm>
#include <string>

#include "control/identity/key_pair.h"

namespace punktfunk::control {
namespace {

constexpr std::string_view kAlpn = "pkf2";
constexpr std::string_view kServerName = "punktfunk";

// TLS 1.3 only. CCM is left out: no peer needs it. The compatibility mode sends messages that QUIC forbids
// (RFC 9001 section 8.4).
constexpr const char* kPriorities =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE";

int check_alpn(gnutls_session_t session) {
  gnutls_datum_t chosen{};
  if (gnutls_alpn_get_selected_protocol(session, &chosen) < 0) return GNUTLS_E_NO_APPLICATION_PROTOCOL;
  if (!std::ranges::equal(ByteView(chosen.data, chosen.size), as_bytes(kAlpn)))
    return GNUTLS_E_NO_APPLICATION_PROTOCOL;
  return 0;
}

// The library refuses a client's ALPN list without ours by itself, but lets a client without any list pass.
int after_client_hello(gnutls_session_t session, unsigned, unsigned, unsigned, const gnutls_datum_t*) {
  return check_alpn(session);
}

}  // namespace

Result<TlsCredentials> TlsCredentials::create(const Identity* identity) {
  TlsCredentials credentials;
  gnutls_certificate_credentials_t raw = nullptr;
  int rc = gnutls_certificate_allocate_credentials(&raw);
  if (rc >= 0) credentials.credentials_.reset(raw);
  if (rc >= 0 && identity != nullptr) {
    gnutls_x509_crt_t certificate = identity->key_pair().certificate;
    rc = gnutls_certificate_set_x509_key(raw, &certificate, 1, identity->key_pair().key);
  }
  if (rc < 0) {
    return fail(std::string("Cannot set up TLS: ") + gnutls_strerror(rc) +
                ". Check this machine's identity file and the TLS library.");
  }
  return credentials;
}

std::unique_ptr<TlsSession> TlsSession::create(Role role, const TlsCredentials& credentials,
                                               const std::optional<Fingerprint>& pin,
                                               ngtcp2_crypto_get_conn get_conn, void* user_data) {
  std::unique_ptr<TlsSession> tls(new TlsSession);
  tls->reference_.get_conn = get_conn;
  tls->reference_.user_data = user_data;
  tls->reference_.owner = tls.get();
  tls->pin_ = pin;
  if (tls->configure(role, credentials) < 0) return nullptr;
  return tls;
}

TlsSession::~TlsSession() {
  if (session_ != nullptr) gnutls_deinit(session_);
}

int TlsSession::configure(Role role, const TlsCredentials& credentials) {
  const bool server = role == Role::server;
  // No tickets: there is no resumption and no 0-RTT (section 3).
  const unsigned flags =
      GNUTLS_NO_TICKETS | (server ? GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET : GNUTLS_CLIENT);
  if (int rc = gnutls_init(&session_, flags); rc < 0) return rc;
  if (int rc = gnutls_priority_set_direct(session_, kPriorities, nullptr); rc < 0) return rc;
  if (int rc = gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials.get()); rc < 0) return rc;
  const int configured = server ? ngtcp2_crypto_gnutls_configure_server_session(session_)
                                : ngtcp2_crypto_gnutls_configure_client_session(session_);
  if (configured != 0) return GNUTLS_E_INTERNAL_ERROR;
  gnutls_session_set_ptr(session_, static_cast<ngtcp2_crypto_conn_ref*>(&reference_));

  gnutls_datum_t alpn{reinterpret_cast<unsigned char*>(const_cast<char*>(kAlpn.data())),
                      static_cast<unsigned>(kAlpn.size())};
  if (int rc = gnutls_alpn_set_protocols(session_, &alpn, 1, GNUTLS_ALPN_MANDATORY); rc < 0) return rc;
  if (server) {
    gnutls_certificate_server_set_request(session_, GNUTLS_CERT_REQUEST);
    gnutls_handshake_set_hook_function(session_, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_POST,
                                       after_client_hello);
    return 0;
  }
  // Runs after CertificateVerify was checked and before the client's own certificate is sent.
  gnutls_session_set_verify_function(session_, [](gnutls_session_t session) {
    auto* ref = static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(session));
    return static_cast<Reference*>(ref)->owner->verify_server();
  });
  return gnutls_server_name_set(session_, GNUTLS_NAME_DNS, kServerName.data(), kServerName.size());
}

int TlsSession::verify_server() {
  if (int rc = check_alpn(session_); rc < 0) return rc;
  if (!pin_) return 0;
  const auto fingerprint = peer_fingerprint();
  if (fingerprint && equal_constant_time(*fingerprint, *pin_)) return 0;
  pin_failed_ = true;
  return GNUTLS_E_CERTIFICATE_ERROR;
}

std::optional<Fingerprint> TlsSession::peer_fingerprint() const {
  if (gnutls_certificate_type_get2(session_, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_X509) return std::nullopt;
  unsigned count = 0;
  const gnutls_datum_t* chain = gnutls_certificate_get_peers(session_, &count);
  if (chain == nullptr || count == 0) return std::nullopt;
  return fingerprint_of_der({chain[0].data, chain[0].size});
}

bool TlsSession::export_keying_material(std::string_view label, ByteView context, MutableBytes out) const {
  return gnutls_prf_rfc5705(session_, label.size(), label.data(), context.size(),
                            reinterpret_cast<const char*>(context.data()), out.size(),
                            reinterpret_cast<char*>(out.data())) >= 0;
}

}  // namespace punktfunk::control
