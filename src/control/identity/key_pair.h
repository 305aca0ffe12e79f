// SPDX-License-Identifier: MIT OR Apache-2.0
// The TLS library's side of an identity. Only this folder and control/quic include it.
#pragma once

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "control/identity/identity.h"

namespace punktfunk::control {

struct Identity::KeyPair {
  KeyPair() = default;
  ~KeyPair() {
    if (certificate != nullptr) gnutls_x509_crt_deinit(certificate);
    if (key != nullptr) gnutls_x509_privkey_deinit(key);
  }
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;

  gnutls_x509_crt_t certificate = nullptr;
  gnutls_x509_privkey_t key = nullptr;
  Bytes der;
  Fingerprint fingerprint{};
};

}  // namespace punktfunk::control
