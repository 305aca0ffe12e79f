// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/http_server.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/post.hpp>
#include <exception>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/unique_fd.h"
#include "host/mgmt/http/asio_streams.h"
#include "host/mgmt/http/connection.h"

namespace punktfunk::host::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

namespace {

// Whoever comes is taken or dropped at once; a short queue would make honest callers wait a second for their
// next SYN while a crowd is being dropped.
constexpr int kBacklog = SOMAXCONN;
// How long no connection is taken after the process ran out of descriptors: they come back one by one.
constexpr std::chrono::milliseconds kOutOfDescriptors(100);
// Any free port that is also free on the other addresses: seldom needs a second try.
constexpr int kPortTries = 8;

// An acceptor of either kind, set up by hand: modes and options have to be right before anybody can connect.
Result<UniqueFd> listen_on(const SocketAddress& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const int off = 0;
  if (fd.valid()) (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // "::" stands for every address, IPv4 included.
  if (fd.valid() && address.family() == AF_INET6)
    (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (!fd.valid() || ::bind(fd.get(), address.data(), address.size()) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    auto failure = fail("The management API was not opened on TCP " + address.to_string() + " (" +
                        strerror(error) + "); free the port or choose another with --api-port.");
    errno = error;
    return failure;
  }
  return fd;
}

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return SocketAddress(reinterpret_cast<const sockaddr*>(&bound), size).port();
}

// On one port, as HttpConfig::addresses says.
Result<std::vector<UniqueFd>> listen_on_all(std::vector<SocketAddress> addresses) {
  const bool any_port = addresses.front().port() == 0;
  for (int attempt = 1;; ++attempt) {
    std::vector<UniqueFd> fds;
    bool port_taken = false;
    for (SocketAddress& address : addresses) {
      if (any_port) address.set_port(fds.empty() ? std::uint16_t{0} : port_of(fds.front()));
      auto fd = listen_on(address);
      if (fd) {
        fds.push_back(std::move(*fd));
        continue;
      }
      if (!fds.empty() && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)) continue;
      port_taken = any_port && !fds.empty() && errno == EADDRINUSE && attempt < kPortTries;
      if (!port_taken) return tl::unexpected(fd.error());
      break;
    }
    if (!port_taken) return fds;
  }
}

Result<UniqueFd> listen_locally(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    return fail(
        "The control socket was not opened, because its path is too long; use a shorter --state-dir.");
  }
  path.native().copy(address.sun_path, path.native().size());
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  if (const UniqueFd other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      other.valid() && ::connect(other.get(), raw, sizeof address) == 0) {
    return fail(
        "Another punktfunk-host already runs with this state directory; stop it, or give this one its own "
        "--state-dir.");
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode is set before anybody can connect: listen() comes after chmod().
  if (!fd.valid() || ::bind(fd.get(), raw, sizeof address) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return fail("The control socket was not opened at " + path.string() + " (" + strerror(errno) +
                "); check that the state directory is writable.");
  }
  return fd;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpConfig& config, const Router& router, AdminToken token, Gate::IsPaired is_paired)
      : limits_(config.limits),
        gate_(config.gate, std::move(token), std::move(is_paired)),
        network_places_(limits_.connections, limits_.connections_per_address),
        local_places_(limits_.local_connections, limits_.local_connections),
        shared_{limits_, router, gate_, Quota(limits_.event_streams, limits_.event_streams_per_address)} {}

  Result<void> listen(const HttpConfig& config, const control::Identity& identity) {
    if (!config.addresses.empty()) {
      auto tls = make_tls_context(identity);
      if (!tls) return tl::unexpected(tls.error());
      tls_ = std::move(*tls);
      auto fds = listen_on_all(config.addresses);
      if (!fds) return tl::unexpected(fds.error());
      port_ = port_of(fds->front());
      for (UniqueFd& fd : *fds) {
        tcp_.emplace_back(context_);
        tcp_.back().assign(family_of(fd), fd.get());
        (void)fd.release();
      }
    }
    if (config.socket_path.empty()) return {};
    auto fd = listen_locally(config.socket_path);
    if (!fd) return tl::unexpected(fd.error());
    local_.emplace(context_);
    local_->assign(Local(), fd->get());
    (void)fd->release();
    socket_path_ = config.socket_path;
    return {};
  }

  void run() {
    for (tcp::acceptor& acceptor : tcp_) accept(acceptor);
    if (local_) accept(*local_);
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "management");
      try {
        context_.run();
      } catch (const std::exception& error) {
        // Nothing here throws by design; if memory runs out, the API ends rather than the streams.
        spdlog::error("The management API stopped: {}.", error.what());
      }
    });
  }

  void stop() {
    if (thread_.joinable()) {
      asio::post(context_, [this] { close_all(); });
      thread_.join();
    }
    std::error_code ignored;
    if (!socket_path_.empty()) std::filesystem::remove(socket_path_, ignored);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] HttpCounts counts() const {
    return {connections_,     connections_refused_,     shared_.handshakes_failed,
            shared_.requests, shared_.requests_refused, shared_.timeouts};
  }
  [[nodiscard]] std::map<int, std::uint64_t> answers_by_status() const {
    std::map<int, std::uint64_t> answers;
    for (std::size_t i = 0; i < shared_.answers.size(); ++i) {
      if (const std::uint64_t count = shared_.answers[i]; count != 0) answers[static_cast<int>(i)] = count;
    }
    return answers;
  }

 private:
  static tcp family_of(const UniqueFd& fd) {
    int family = 0;
    socklen_t size = sizeof family;
    (void)::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
    return family == AF_INET6 ? tcp::v6() : tcp::v4();
  }

  template <class Acceptor>
  void accept(Acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](const error_code& ec, auto socket) {
      if (stopping_ || ec == asio::error::operation_aborted) return;
      if (!ec) {
        take(std::move(socket));
      } else if (ec.value() == EMFILE || ec.value() == ENFILE || ec.value() == ENOMEM ||
                 ec.value() == ENOBUFS) {
        return accept_later(acceptor);
      }
      accept(acceptor);
    });
  }

  template <class Acceptor>
  void accept_later(Acceptor& acceptor) {
    const auto timer = std::make_shared<asio::steady_timer>(context_, kOutOfDescriptors);
    timer->async_wait([this, &acceptor, timer](const error_code&) {
      if (!stopping_) accept(acceptor);
    });
  }

  void take(tcp::socket socket) {
    error_code ec;
    const auto remote = to_address(socket.remote_endpoint(ec));
    if (ec) return;  // gone already
    const std::string key = limit_key(remote);
    Quota::Place place = network_places_.take(key, key != "localhost");
    if (place == nullptr) return refuse();
    socket.set_option(asio::socket_base::send_buffer_size(limits_.send_buffer_bytes), ec);
    add(make_tls_stream(std::move(socket), *tls_), std::move(place));
  }

  void take(Local::socket socket) {
    Quota::Place place = local_places_.take("", false);
    if (place == nullptr) return refuse();
    error_code ignored;
    socket.set_option(asio::socket_base::send_buffer_size(limits_.send_buffer_bytes), ignored);
    add(make_local_stream(std::move(socket)), std::move(place));
  }

  void refuse() { ++connections_refused_; }

  void add(std::unique_ptr<ByteStream> stream, Quota::Place place) {
    ++connections_;
    std::erase_if(open_, [](const auto& connection) { return connection.expired(); });
    const auto connection =
        std::make_shared<Connection>(context_, std::move(stream), shared_, std::move(place));
    open_.push_back(connection);
    connection->start();
  }

  // The loop ends by itself once nothing is under way any more.
  void close_all() {
    stopping_ = true;
    error_code ignored;
    for (tcp::acceptor& acceptor : tcp_) acceptor.close(ignored);
    if (local_) local_->close(ignored);
    for (const auto& connection : open_) {
      if (const auto alive = connection.lock()) alive->close();
    }
  }

  HttpLimits limits_;
  Gate gate_;
  Quota network_places_;
  Quota local_places_;
  Shared shared_;
  std::atomic<std::uint64_t> connections_ = 0;
  std::atomic<std::uint64_t> connections_refused_ = 0;
  std::unique_ptr<asio::ssl::context> tls_;
  std::uint16_t port_ = 0;
  std::filesystem::path socket_path_;
  bool stopping_ = false;
  std::vector<std::weak_ptr<Connection>> open_;
  // Last but for the thread: what waits in it refers to all of the above.
  asio::io_context context_{1};
  std::vector<tcp::acceptor> tcp_;
  std::optional<Local::acceptor> local_;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { impl_->stop(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
HttpCounts HttpServer::counts() const { return impl_->counts(); }
std::map<int, std::uint64_t> HttpServer::answers_by_status() const { return impl_->answers_by_status(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpConfig& config, const Router& router,
                                                      const control::Identity& identity, AdminToken token,
                                                      Gate::IsPaired is_paired) {
  auto impl = std::make_unique<Impl>(config, router, std::move(token), std::move(is_paired));
  if (auto listening = impl->listen(config, identity); !listening) return tl::unexpected(listening.error());
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

Result<std::vector<SocketAddress>> listen_addresses(const std::string& where, std::uint16_t port) {
  std::vector<std::string> texts = {where};
  if (where == "loopback") texts = {"127.0.0.1", "::1"};
  if (where == "any") texts = {"::"};
  std::vector<SocketAddress> addresses;
  for (const std::string& text : texts) {
    const auto address = SocketAddress::parse(text, port);
    if (!address) {
      return fail("\"" + where +
                  "\" is no address to open the management API on; give loopback, any, or an IP address.");
    }
    addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace punktfunk::host::http
