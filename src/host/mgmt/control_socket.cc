// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/control_socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <optional>
#include <system_error>
#include <utility>

namespace punktfunk::host {

namespace {

// Requests are a few dozen bytes.
constexpr std::size_t kMaxRequest = 4096;
// The longest answer lists 32 waiting devices of well under 1 KiB each.
constexpr std::size_t kMaxAnswer = 64 * 1024;

std::optional<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) return std::nullopt;
  path.native().copy(address.sun_path, path.native().size());
  return address;
}

// False once `deadline` has passed, or `stop` (-1: none) is readable. The deadline is for a whole line: a
// peer that sends a byte now and then gets no more time than one that sends nothing.
bool wait_for(int fd, short events, TimePoint deadline, int stop) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> entries{{{fd, events, 0}, {stop, POLLIN, 0}}};
    const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && entries[1].revents == 0;
  }
}

std::optional<std::string> read_line(int fd, std::size_t limit, TimePoint deadline, int stop) {
  std::string line;
  std::array<char, 512> chunk;
  while (line.size() < limit) {
    if (!wait_for(fd, POLLIN, deadline, stop)) return std::nullopt;
    const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (got <= 0) return std::nullopt;
    line.append(chunk.data(), static_cast<std::size_t>(got));
    const auto end = line.find('\n');
    if (end != std::string::npos) return line.substr(0, end);
  }
  return std::nullopt;
}

bool write_line(int fd, std::string line, TimePoint deadline, int stop) {
  line.push_back('\n');
  std::size_t done = 0;
  while (done < line.size()) {
    if (!wait_for(fd, POLLOUT, deadline, stop)) return false;
    const ssize_t put = ::send(fd, line.data() + done, line.size() - done, MSG_NOSIGNAL);
    if (put <= 0) return false;
    done += static_cast<std::size_t>(put);
  }
  return true;
}

UniqueFd connect_to(const sockaddr_un& address) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return fd;
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::listen(const std::filesystem::path& path,
                                                             Handler handler, Duration patience) {
  const auto address = address_of(path);
  if (!address)
    return fail(
        "The control socket was not opened, because its path is too long; use a shorter --state-dir.");
  if (connect_to(*address).valid()) {
    return fail(
        "Another punktfunk-host already runs with this state directory; stop it, or give this one its own "
        "--state-dir.");
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  // The mode is set before anybody can connect: listen() comes after chmod().
  if (!listener.valid() || !stop.valid() ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listener.get(), 8) != 0) {
    return fail("The control socket was not opened at " + path.string() + " (" + strerror(errno) +
                "); check that the state directory is writable.");
  }
  return std::unique_ptr<ControlSocket>(
      new ControlSocket(path, std::move(listener), std::move(stop), std::move(handler), patience));
}

ControlSocket::ControlSocket(std::filesystem::path path, UniqueFd listener, UniqueFd stop, Handler handler,
                             Duration patience)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      stop_(std::move(stop)),
      handler_(std::move(handler)),
      patience_(patience) {
  thread_ = std::thread([this] { serve(); });
}

ControlSocket::~ControlSocket() {
  const std::uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  thread_.join();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void ControlSocket::serve() {
  while (true) {
    std::array<pollfd, 2> entries{{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return;
    if (entries[1].revents != 0) return;
    const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (peer.valid()) answer(peer);
  }
}

void ControlSocket::answer(const UniqueFd& peer) {
  const auto request = read_line(peer.get(), kMaxRequest, monotonic_now() + patience_, stop_.get());
  if (request) (void)write_line(peer.get(), handler_(*request), monotonic_now() + patience_, stop_.get());
}

Result<std::string> ask_running_host(const std::filesystem::path& path, const std::string& request) {
  const auto address = address_of(path);
  const UniqueFd fd = address ? connect_to(*address) : UniqueFd{};
  if (!fd.valid()) {
    return fail("No running host was found at " + path.string() +
                "; start punktfunk-host serve, or name its --state-dir.");
  }
  std::optional<std::string> line;
  if (write_line(fd.get(), request, monotonic_now() + kControlPatience, -1)) {
    line = read_line(fd.get(), kMaxAnswer, monotonic_now() + kControlPatience, -1);
  }
  if (!line) return fail("The host did not answer in time; look at its log.");
  return *line;
}

}  // namespace punktfunk::host
