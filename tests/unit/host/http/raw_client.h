// SPDX-License-Identifier: MIT OR Apache-2.0
// Connections to the server under test that send whatever a test wants, byte by byte: over the control socket
// or over TLS.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "control/identity/identity.h"

namespace punktfunk::host::http::test {

class RawClient {
 public:
  [[nodiscard]] static RawClient local(const std::filesystem::path& path);
  // TCP only; `from` is the address to connect from, empty for any.
  [[nodiscard]] static RawClient tcp(std::uint16_t port, const std::string& from = {},
                                     const std::string& to = "127.0.0.1");
  // With TLS, showing `certificate` if there is one. Fails the test if the handshake does not succeed.
  [[nodiscard]] static RawClient tls(std::uint16_t port, const control::Identity* certificate = nullptr,
                                     const std::string& from = {}, const std::string& to = "127.0.0.1");

  RawClient(RawClient&&) = default;
  RawClient& operator=(RawClient&&) = default;
  ~RawClient();

  // False once the other side no longer takes it.
  bool send(std::string_view bytes);
  // One answer: its head, and a body as long as that says. Empty if the connection ended instead.
  [[nodiscard]] std::string answer();
  // What comes until `text` has come; everything there was, if the connection ended first.
  [[nodiscard]] std::string read_until(std::string_view text);
  // True when the other side ends the connection within `limit`; what it still sends is dropped.
  [[nodiscard]] bool ends_within(std::chrono::milliseconds limit);
  // Of the server, as TLS showed it.
  [[nodiscard]] control::Fingerprint server_fingerprint() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit RawClient(UniqueFd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] std::optional<std::string> read_some(std::chrono::milliseconds limit);
  struct FreeTls {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  UniqueFd fd_;
  std::unique_ptr<SSL, FreeTls> tls_;
  std::string buffer_;
};

[[nodiscard]] int status_of(const std::string& answer);

}  // namespace punktfunk::host::http::test
