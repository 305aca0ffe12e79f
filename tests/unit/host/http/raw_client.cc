// SPDX-License-Identifier: MIT OR Apache-2.0
#include "raw_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>

#include "base/socket_address.h"
#include "base/time.h"

namespace punktfunk::host::http::test {

namespace {

// Bounds a failure; no test waits this long when all is well.
constexpr std::chrono::seconds kPatience(20);

SSL_CTX* context_with(const control::Identity* certificate) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  if (certificate == nullptr) return context;
  const auto pem = certificate->to_pem();
  BIO* const text = BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size()));
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
  BIO_reset(text);
  X509* const own = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  EXPECT_EQ(SSL_CTX_use_certificate(context, own), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
  X509_free(own);
  EVP_PKEY_free(key);
  BIO_free(text);
  return context;
}

bool is_readable(int fd, std::chrono::milliseconds limit) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(limit.count())) == 1;
}

}  // namespace

RawClient RawClient::local(const std::filesystem::path& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return RawClient(std::move(fd));
}

RawClient RawClient::tcp(std::uint16_t port, const std::string& from, const std::string& to) {
  const auto address = SocketAddress::parse(to, port);
  UniqueFd fd(::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!from.empty()) {
    const auto own = SocketAddress::parse(from, 0);
    EXPECT_EQ(::bind(fd.get(), own->data(), own->size()), 0);
  }
  EXPECT_EQ(::connect(fd.get(), address->data(), address->size()), 0) << to << ' ' << port;
  // The end of the handshake is not waited for before a request is sent.
  const int on = 1;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return RawClient(std::move(fd));
}

RawClient RawClient::tls(std::uint16_t port, const control::Identity* certificate, const std::string& from,
                         const std::string& to) {
  RawClient client = tcp(port, from, to);
  SSL_CTX* const context = context_with(certificate);
  client.tls_.reset(SSL_new(context));
  SSL_CTX_free(context);
  SSL_set_fd(client.tls_.get(), client.fd_.get());
  EXPECT_EQ(SSL_connect(client.tls_.get()), 1);
  return client;
}

RawClient::~RawClient() = default;

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put =
        tls_ ? static_cast<ssize_t>(SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())))
             : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

std::optional<std::string> RawClient::read_some(std::chrono::milliseconds limit) {
  const bool waiting = tls_ && SSL_pending(tls_.get()) > 0;
  if (!waiting && !is_readable(fd_.get(), limit)) return std::nullopt;
  std::array<char, 4096> chunk;
  const auto got = tls_ ? static_cast<ssize_t>(SSL_read(tls_.get(), chunk.data(), chunk.size()))
                        : ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
  return std::string(chunk.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
}

std::string RawClient::read_until(std::string_view text) {
  std::size_t at = 0;
  while ((at = buffer_.find(text)) == std::string::npos) {
    const auto more = read_some(kPatience);
    EXPECT_TRUE(more.has_value()) << "nothing came; so far: " << buffer_;
    if (!more || more->empty()) return std::exchange(buffer_, {});
    buffer_ += *more;
  }
  std::string found = buffer_.substr(0, at + text.size());
  buffer_.erase(0, found.size());
  return found;
}

std::string RawClient::answer() {
  std::string head = read_until("\r\n\r\n");
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const auto at = head.find(kLength);
  if (at == std::string::npos) return head;
  const std::size_t length = std::stoul(head.substr(at + kLength.size()));
  while (buffer_.size() < length) {
    const auto more = read_some(kPatience);
    if (!more || more->empty()) return {};
    buffer_ += *more;
  }
  head += buffer_.substr(0, length);
  buffer_.erase(0, length);
  return head;
}

bool RawClient::ends_within(std::chrono::milliseconds limit) {
  const TimePoint deadline = monotonic_now() + limit;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - monotonic_now());
    if (left.count() <= 0) return false;
    const auto more = read_some(left);
    if (more && more->empty()) return true;
  }
}

control::Fingerprint RawClient::server_fingerprint() const {
  X509* const certificate = SSL_get1_peer_certificate(tls_.get());
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  const auto fingerprint = control::fingerprint_of_der({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  X509_free(certificate);
  return fingerprint;
}

int status_of(const std::string& answer) { return answer.size() < 12 ? 0 : std::atoi(answer.c_str() + 9); }

}  // namespace punktfunk::host::http::test
