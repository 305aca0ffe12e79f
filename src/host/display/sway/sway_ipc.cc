// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/sway/sway_ipc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>

namespace punktfunk::host {
namespace {

constexpr std::string_view kMagic = "i3-ipc";
constexpr std::size_t kHeaderBytes = 6 + 4 + 4;
// get_outputs of one output is about 2 kB, a window event about 1 kB.
constexpr std::uint32_t kMaxReply = 1 << 20;

}  // namespace

std::optional<SwayIpc> SwayIpc::connect(const std::string& path, int death_fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  ::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return std::nullopt;
  return SwayIpc(std::move(fd), death_fd);
}

std::optional<std::string> SwayIpc::ask(SwayMessage type, const std::string& payload, TimePoint deadline) {
  std::string message(kMagic);
  const std::array<std::uint32_t, 2> numbers = {static_cast<std::uint32_t>(payload.size()),
                                                static_cast<std::uint32_t>(type)};
  message.append(reinterpret_cast<const char*>(numbers.data()), sizeof numbers);
  message.append(payload);
  // A few hundred bytes into an empty socket buffer: never partial.
  if (::send(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(message.size()))
    return std::nullopt;
  return read_message(deadline);
}

std::optional<std::string> SwayIpc::next_event(TimePoint deadline) { return read_message(deadline); }

std::optional<std::string> SwayIpc::read_message(TimePoint deadline) {
  std::array<char, kHeaderBytes> header;
  if (!read_exactly(header.data(), header.size(), deadline)) return std::nullopt;
  std::uint32_t length = 0;
  ::memcpy(&length, header.data() + kMagic.size(), sizeof length);
  if (std::string_view(header.data(), kMagic.size()) != kMagic || length > kMaxReply) return std::nullopt;
  std::string body(length, '\0');
  if (!read_exactly(body.data(), body.size(), deadline)) return std::nullopt;
  return body;
}

bool SwayIpc::read_exactly(char* out, std::size_t size, TimePoint deadline) {
  while (size > 0) {
    const Duration left = std::max(deadline - monotonic_now(), Duration::zero());
    const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000), left.count() % 1'000'000'000};
    std::array<pollfd, 2> waits = {pollfd{fd_.get(), POLLIN, 0}, pollfd{death_fd_, POLLIN, 0}};
    const int ready = ::ppoll(waits.data(), waits.size(), &limit, nullptr);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || waits[0].revents == 0) return false;
    const ssize_t got = ::recv(fd_.get(), out, size, 0);
    if (got <= 0) return false;
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace punktfunk::host
