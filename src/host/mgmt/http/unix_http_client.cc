// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/unix_http_client.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace punktfunk::host::http {

namespace {

// The longest answer is the end of the log. The host is trusted; this bounds a mistake.
constexpr std::size_t kMaxAnswer = 32 * 1024 * 1024;
constexpr std::size_t kMaxHead = 16 * 1024;
// Twice the host's heartbeat and more: silence for longer means that it hangs.
constexpr Duration kSilence = std::chrono::seconds(45);

enum class Ready { yes, stopped, late };

Ready wait_for(int fd, short events, TimePoint deadline, int stop) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    if (left <= 0) return Ready::late;
    std::array<pollfd, 2> entries{{{fd, events, 0}, {stop, POLLIN, 0}}};
    const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (entries[1].revents != 0) return Ready::stopped;
    if (ready > 0) return Ready::yes;
  }
}

tl::unexpected<Error> no_answer() { return fail("The host did not answer in time; look at its log."); }
tl::unexpected<Error> strange_answer() {
  return fail("The host's answer was not understood; use the punktfunk-host that also runs.");
}

// Reads an answer from a connection.
class Reader {
 public:
  Reader(UniqueFd fd, int stop) : fd_(std::move(fd)), stop_(stop) {}

  // Appends to `buffer`; false at the end.
  enum class Got { bytes, end, stopped, late };
  Got more(TimePoint deadline) {
    switch (wait_for(fd_.get(), POLLIN, deadline, stop_)) {
      case Ready::stopped:
        return Got::stopped;
      case Ready::late:
        return Got::late;
      case Ready::yes:
        break;
    }
    std::array<char, 16 * 1024> chunk;
    const ssize_t got = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    if (got <= 0) return Got::end;
    buffer.append(chunk.data(), static_cast<std::size_t>(got));
    return Got::bytes;
  }

  // Status line and headers; leaves what follows in `buffer`.
  Result<HttpAnswer> read_head(TimePoint deadline) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (buffer.size() > kMaxHead) return strange_answer();
      const Got got = more(deadline);
      if (got == Got::end) return strange_answer();
      if (got != Got::bytes) return no_answer();
    }
    const std::string head = buffer.substr(0, end + 2);
    buffer.erase(0, end + 4);
    return parse_head(head);
  }

  Result<HttpAnswer> read_body(HttpAnswer answer, TimePoint deadline) {
    while (!length || buffer.size() < *length) {
      if (buffer.size() > kMaxAnswer) return strange_answer();
      const Got got = more(deadline);
      if (got == Got::end && !length) break;
      if (got == Got::end) return strange_answer();
      if (got != Got::bytes) return no_answer();
    }
    answer.body = length ? buffer.substr(0, *length) : buffer;
    return answer;
  }

  std::string buffer;

 private:
  Result<HttpAnswer> parse_head(const std::string& head) {
    HttpAnswer answer;
    constexpr std::string_view kStart = "HTTP/1.1 ";
    if (!head.starts_with(kStart)) return strange_answer();
    std::from_chars(head.data() + kStart.size(), head.data() + head.size(), answer.status);
    if (answer.status == 204) length = 0;
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size()) {
      const std::size_t end = head.find("\r\n", at);
      const std::string_view line = std::string_view(head).substr(at, end - at);
      at = end + 2;
      const auto value_of = [&line](std::string_view name) -> std::optional<std::string_view> {
        if (!line.starts_with(name)) return std::nullopt;
        return line.substr(name.size());
      };
      if (const auto type = value_of("Content-Type: ")) answer.content_type = *type;
      if (const auto size = value_of("Content-Length: ")) {
        std::size_t bytes = 0;
        std::from_chars(size->data(), size->data() + size->size(), bytes);
        if (bytes > kMaxAnswer) return strange_answer();
        length = bytes;
      }
    }
    return answer;
  }

  UniqueFd fd_;
  int stop_;
  std::optional<std::size_t> length;
};

// One block between empty lines, as our own host writes it: no continuation lines, no CR.
StreamedEvent event_in(std::string_view block) {
  StreamedEvent event;
  while (!block.empty()) {
    const auto end = std::min(block.find('\n'), block.size());
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + 1, block.size()));
    if (line.starts_with("id: ")) event.id = line.substr(4);
    if (line.starts_with("event: ")) event.type = line.substr(7);
    if (line.starts_with("data: ")) event.data = line.substr(6);
  }
  return event;
}

}  // namespace

Result<UniqueFd> UnixHttpClient::send(std::string_view method, std::string_view target,
                                      std::string_view more_headers, std::string_view body) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool fits = socket_.native().size() < sizeof address.sun_path;
  if (fits) socket_.native().copy(address.sun_path, socket_.native().size());
  if (!fits || !fd.valid() ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail("No running host was found at " + socket_.string() +
                "; start punktfunk-host serve, or name its --state-dir.");
  }
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  request.append(more_headers);
  if (!body.empty()) request.append("Content-Type: application/json\r\n");
  if (!body.empty() || method != "GET")
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  request.append("Connection: close\r\n\r\n").append(body);
  const TimePoint deadline = monotonic_now() + patience_;
  for (std::size_t done = 0; done < request.size();) {
    if (wait_for(fd.get(), POLLOUT, deadline, -1) != Ready::yes) return no_answer();
    const ssize_t put =
        ::send(fd.get(), request.data() + done, request.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    // A host that refuses a request before it is whole has answered all the same.
    if (put < 0 && errno != EAGAIN) break;
    if (put > 0) done += static_cast<std::size_t>(put);
  }
  return fd;
}

Result<HttpAnswer> UnixHttpClient::ask(std::string_view method, std::string_view target,
                                       std::string_view body) const {
  auto fd = send(method, target, {}, body);
  if (!fd) return tl::unexpected(fd.error());
  const TimePoint deadline = monotonic_now() + patience_;
  Reader reader(std::move(*fd), -1);
  auto answer = reader.read_head(deadline);
  if (!answer) return answer;
  return reader.read_body(std::move(*answer), deadline);
}

Result<void> UnixHttpClient::watch(std::string_view target, std::optional<std::uint64_t> last_event_id,
                                   const std::function<bool(const StreamedEvent&)>& on_event,
                                   const std::function<void(const HttpAnswer&)>& on_refusal, int stop) const {
  std::string headers = "Accept: text/event-stream\r\n";
  if (last_event_id) headers += "Last-Event-ID: " + std::to_string(*last_event_id) + "\r\n";
  auto fd = send("GET", target, headers, {});
  if (!fd) return tl::unexpected(fd.error());
  Reader reader(std::move(*fd), stop);
  auto answer = reader.read_head(monotonic_now() + patience_);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200 || answer->content_type != "text/event-stream") {
    auto whole = reader.read_body(std::move(*answer), monotonic_now() + patience_);
    if (!whole) return tl::unexpected(whole.error());
    on_refusal(*whole);
    return {};
  }
  while (true) {
    std::size_t end = 0;
    while ((end = reader.buffer.find("\n\n")) != std::string::npos) {
      const StreamedEvent event = event_in(std::string_view(reader.buffer).substr(0, end));
      reader.buffer.erase(0, end + 2);
      if (!event.type.empty() && !on_event(event)) return {};
    }
    if (reader.buffer.size() > kMaxAnswer) return fail("The host's answer was not understood.");
    switch (reader.more(monotonic_now() + kSilence)) {
      case Reader::Got::bytes:
        break;
      case Reader::Got::stopped:
        return {};
      case Reader::Got::end:
        return fail("The host ended the stream of events; see whether it still runs.");
      case Reader::Got::late:
        return fail("The host has fallen silent; look at its log.");
    }
  }
}

}  // namespace punktfunk::host::http
