// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/asio_streams.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <utility>

namespace punktfunk::host::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// What is read and forgotten after the last answer: more than one request of ours can be.
constexpr std::size_t kMaxForgotten = 128 * 1024;
// A certificate chain of a device is one certificate of about 500 bytes.
constexpr long kMaxChainBytes = 16 * 1024;

template <class T, void (*kFree)(T*)>
struct Free {
  void operator()(T* object) const { kFree(object); }
};
void free_bio(BIO* bio) { BIO_free(bio); }
using Bio = std::unique_ptr<BIO, Free<BIO, free_bio>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;

struct WipedBytes {
  ~WipedBytes() { explicit_bzero(bytes.data(), bytes.size()); }
  Bytes bytes;
};

// Only HTTP/1.1 is spoken here; a client that wants something else entirely is turned away (ALPACA), one that
// does not say is not.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  // Static: what is chosen is a part of it, and read after the call.
  static constexpr std::array<unsigned char, 9> kOurs = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int rc = SSL_select_next_proto(&chosen, out_size, kOurs.data(), kOurs.size(), offered, offered_size);
  if (rc != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// The chain means nothing here. The library has the other side prove that it holds the key all the same.
int accept_any_chain(X509_STORE_CTX*, void*) { return 1; }

bool use_identity(SSL_CTX* context, const control::Identity& identity) {
  auto pem = identity.to_pem();
  if (!pem) return false;
  const WipedBytes content{std::move(*pem)};
  const Bio text(BIO_new_mem_buf(content.bytes.data(), static_cast<int>(content.bytes.size())));
  if (text == nullptr) return false;
  const Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  const ByteView der = identity.certificate_der();
  const unsigned char* at = der.data();
  const Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  return key != nullptr && certificate != nullptr &&
         SSL_CTX_use_certificate(context, certificate.get()) == 1 &&
         SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

std::optional<control::Fingerprint> fingerprint_of_peer(SSL* ssl) {
  const Certificate certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return std::nullopt;
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return std::nullopt;
  const auto fingerprint = control::fingerprint_of_der({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return fingerprint;
}

// What both carriers have in common; `Stream` is the one that is read and written, `Socket` what is below.
template <class Stream>
class StreamBase : public ByteStream {
 public:
  void read_some(std::span<char> into, Done done) override {
    stream().async_read_some(asio::buffer(into.data(), into.size()),
                             [done = std::move(done)](const error_code& ec, std::size_t bytes) {
                               done(!ec && bytes != 0, bytes);
                             });
  }
  void write(std::string_view bytes, Done done) override {
    asio::async_write(stream(), asio::buffer(bytes.data(), bytes.size()),
                      [done = std::move(done)](const error_code& ec, std::size_t sent) { done(!ec, sent); });
  }
  void cancel_read() override {
    error_code ignored;
    socket().cancel(ignored);
  }
  void close() override {
    error_code ignored;
    socket().close(ignored);
  }
  [[nodiscard]] const Peer& peer() const override { return peer_; }

 protected:
  virtual Stream& stream() = 0;
  auto& socket() { return stream().lowest_layer(); }

  void shut_and_forget(Done done) {
    error_code ignored;
    socket().shutdown(asio::socket_base::shutdown_send, ignored);
    forget(std::move(done));
  }

  Peer peer_;

 private:
  void forget(Done done) {
    socket().async_wait(asio::socket_base::wait_read,
                        [this, done = std::move(done)](const error_code& failed) mutable {
                          if (failed) return done(false, 0);
                          error_code ec;
                          socket().non_blocking(true, ec);
                          const std::size_t got = read_raw(ec);
                          forgotten_ += got;
                          if (got == 0 || ec || forgotten_ > kMaxForgotten) return done(true, 0);
                          forget(std::move(done));
                        });
  }
  // From below TLS: nobody looks at it any more.
  std::size_t read_raw(error_code& ec) {
    std::array<char, 4096> nothing;
    const ssize_t got = ::recv(socket().native_handle(), nothing.data(), nothing.size(), MSG_DONTWAIT);
    if (got < 0) ec = error_code(errno, boost::system::system_category());
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

  std::size_t forgotten_ = 0;
};

using TlsLayer = asio::ssl::stream<tcp::socket>;

class TlsStream final : public StreamBase<TlsLayer> {
 public:
  TlsStream(tcp::socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {
    error_code ignored;
    stream_.lowest_layer().set_option(tcp::no_delay(true), ignored);
    peer_.remote = to_address(stream_.lowest_layer().remote_endpoint(ignored));
    peer_.local = to_address(stream_.lowest_layer().local_endpoint(ignored));
  }
  void open(Done done) override {
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [this, done = std::move(done)](const error_code& ec) {
                              if (!ec) peer_.certificate = fingerprint_of_peer(stream_.native_handle());
                              done(!ec, 0);
                            });
  }
  void say_goodbye(Done done) override {
    // Sends close_notify; also waits for the other side's, or for anything else it sends.
    stream_.async_shutdown(
        [this, done = std::move(done)](const error_code&) mutable { shut_and_forget(std::move(done)); });
  }

 private:
  TlsLayer& stream() override { return stream_; }
  TlsLayer stream_;
};

using LocalSocket = asio::local::stream_protocol::socket;

class LocalStream final : public StreamBase<LocalSocket> {
 public:
  explicit LocalStream(LocalSocket socket) : stream_(std::move(socket)) { peer_.local_socket = true; }
  void open(Done done) override {
    asio::post(stream_.get_executor(), [done = std::move(done)] { done(true, 0); });
  }
  void say_goodbye(Done done) override { shut_and_forget(std::move(done)); }

 private:
  LocalSocket& stream() override { return stream_; }
  LocalSocket stream_;
};

}  // namespace

Result<std::unique_ptr<asio::ssl::context>> make_tls_context(const control::Identity& identity) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  // No resumption: each connection proves its certificate anew, and there is no ticket key to guard.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(raw, kMaxChainBytes);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(raw, accept_any_chain, nullptr);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      SSL_CTX_set_num_tickets(raw, 0) != 1 || !use_identity(raw, identity)) {
    return fail(
        "The management API was not opened, because OpenSSL does not take this host's identity; check that "
        "OpenSSL is installed whole, or start with --api-bind off.");
  }
  return context;
}

std::unique_ptr<ByteStream> make_tls_stream(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsStream>(std::move(socket), context);
}

std::unique_ptr<ByteStream> make_local_stream(LocalSocket socket) {
  return std::make_unique<LocalStream>(std::move(socket));
}

SocketAddress to_address(const tcp::endpoint& endpoint) {
  return {endpoint.data(), static_cast<socklen_t>(endpoint.size())};
}

}  // namespace punktfunk::host::http
