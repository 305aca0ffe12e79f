// SPDX-License-Identifier: MIT OR Apache-2.0
// A bare QUIC client that offers whatever ALPN a test wants ("" for none), and whatever certificates.
#pragma once

#include <gnutls/gnutls.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"

namespace punktfunk::control {

class RawClient {
 public:
  // `equip` fills the TLS credentials; without it the client has no certificate.
  using Equip = std::function<void(gnutls_certificate_credentials_t)>;
  RawClient(RandomSource& random, const std::string& alpn, const SocketAddress& local,
            const SocketAddress& remote, TimePoint now, const Equip& equip = {});
  ~RawClient();
  void read(ByteView datagram, TimePoint now);
  [[nodiscard]] std::vector<Bytes> write(TimePoint now);
  // The server sent CONNECTION_CLOSE.
  [[nodiscard]] bool closed() const;
  [[nodiscard]] std::uint64_t close_code() const;
  // The server's transport parameters have grease_quic_bit, as this client's do.
  [[nodiscard]] bool peer_allows_clear_quic_bit() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace punktfunk::control
