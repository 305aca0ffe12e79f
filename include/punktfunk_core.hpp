// SPDX-License-Identifier: MIT OR Apache-2.0
// C++17 over punktfunk_core.h, which has the rules: handles that destroy themselves, failures as exceptions.
// Header only, so that no C++ type crosses the library's boundary.
#ifndef PUNKTFUNK_CORE_HPP
#define PUNKTFUNK_CORE_HPP

#include <punktfunk_core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace punktfunk_core {

class Error : public std::runtime_error {
 public:
  explicit Error(punktfunk_result code) : std::runtime_error(text_of(code)), code_(code) {}
  [[nodiscard]] punktfunk_result code() const noexcept { return code_; }

 private:
  static const char* text_of(punktfunk_result code) {
    const char* sentence = punktfunk_last_error();
    return sentence[0] != '\0' ? sentence : punktfunk_error_text(code);
  }
  punktfunk_result code_;
};

inline void check(punktfunk_result result) {
  if (result != PUNKTFUNK_OK) throw Error(result);
}

// False for PUNKTFUNK_EMPTY.
[[nodiscard]] inline bool check_not_empty(punktfunk_result result) {
  if (result == PUNKTFUNK_EMPTY) return false;
  check(result);
  return true;
}

// One of the header's structs, ready to be filled.
template <class Struct>
[[nodiscard]] Struct make() {
  Struct made;
  PUNKTFUNK_INIT(&made);
  return made;
}

using Fingerprint = std::array<std::uint8_t, PUNKTFUNK_FINGERPRINT_BYTES>;

[[nodiscard]] inline std::string to_text(const Fingerprint& fingerprint) {
  char text[PUNKTFUNK_FINGERPRINT_TEXT_BYTES];
  check(punktfunk_fingerprint_to_text(fingerprint.data(), text));
  return text;
}
[[nodiscard]] inline Fingerprint fingerprint_from(const std::string& text) {
  Fingerprint fingerprint;
  check(punktfunk_fingerprint_from_text(text.c_str(), fingerprint.data()));
  return fingerprint;
}

namespace detail {
struct Deleter {
  void operator()(punktfunk_identity* it) const { punktfunk_identity_destroy(it); }
  void operator()(punktfunk_frame* it) const { punktfunk_frame_release(it); }
  void operator()(punktfunk_audio* it) const { punktfunk_audio_release(it); }
  void operator()(punktfunk_client* it) const { (void)punktfunk_client_destroy(it); }
  void operator()(punktfunk_socket* it) const { punktfunk_socket_destroy(it); }
  void operator()(punktfunk_session* it) const { punktfunk_session_destroy(it); }
};
template <class Handle>
using Owned = std::unique_ptr<Handle, Deleter>;
}  // namespace detail

class Identity {
 public:
  [[nodiscard]] static Identity load(const std::string& folder, const char* name = nullptr) {
    punktfunk_identity* made = nullptr;
    check(punktfunk_identity_load(folder.c_str(), name, &made));
    return Identity(made);
  }
  [[nodiscard]] static Identity create(const char* name = nullptr) {
    punktfunk_identity* made = nullptr;
    check(punktfunk_identity_create(name, &made));
    return Identity(made);
  }
  [[nodiscard]] static Identity from_pem(const std::string& pem) {
    punktfunk_identity* made = nullptr;
    check(punktfunk_identity_from_pem(pem.data(), pem.size(), &made));
    return Identity(made);
  }
  // Secret.
  [[nodiscard]] std::string pem() const {
    std::size_t bytes = 0;
    if (const auto rc = punktfunk_identity_pem(get(), nullptr, &bytes); rc != PUNKTFUNK_ERROR_BUFFER)
      check(rc);
    std::string text(bytes, '\0');
    check(punktfunk_identity_pem(get(), text.data(), &bytes));
    text.resize(bytes - 1);
    return text;
  }
  [[nodiscard]] Fingerprint fingerprint() const {
    Fingerprint fingerprint;
    check(punktfunk_identity_fingerprint(get(), fingerprint.data()));
    return fingerprint;
  }
  [[nodiscard]] const punktfunk_identity* get() const { return handle_.get(); }

 private:
  explicit Identity(punktfunk_identity* handle) : handle_(handle) {}
  detail::Owned<punktfunk_identity> handle_;
};

class Frame {
 public:
  // Takes over what a callback was given, or a poll function returned.
  explicit Frame(punktfunk_frame* handle) : handle_(handle) {}
  [[nodiscard]] punktfunk_frame_info info() const {
    auto info = make<punktfunk_frame_info>();
    check(punktfunk_frame_get(handle_.get(), &info));
    return info;
  }

 private:
  detail::Owned<punktfunk_frame> handle_;
};

class Audio {
 public:
  explicit Audio(punktfunk_audio* handle) : handle_(handle) {}
  [[nodiscard]] punktfunk_audio_info info() const {
    auto info = make<punktfunk_audio_info>();
    check(punktfunk_audio_get(handle_.get(), &info));
    return info;
  }

 private:
  detail::Owned<punktfunk_audio> handle_;
};

// The next_… functions give nullopt when nothing comes within the timeout, and throw PUNKTFUNK_ERROR_ENDED at
// the end.
class Client {
 public:
  explicit Client(const punktfunk_client_options& options) {
    punktfunk_client* made = nullptr;
    check(punktfunk_client_create(&options, &made));
    handle_.reset(made);
  }
  void connect() { check(punktfunk_client_connect(get())); }
  void pair(const std::string& pin) { check(punktfunk_client_pair(get(), pin.c_str())); }

  [[nodiscard]] std::optional<punktfunk_event> next_event(std::int32_t timeout_ms) {
    auto event = make<punktfunk_event>();
    if (!check_not_empty(punktfunk_client_next_event(get(), timeout_ms, &event))) return std::nullopt;
    return event;
  }
  [[nodiscard]] std::optional<Frame> next_frame(std::int32_t timeout_ms) {
    punktfunk_frame* frame = nullptr;
    if (!check_not_empty(punktfunk_client_next_frame(get(), timeout_ms, &frame))) return std::nullopt;
    return Frame(frame);
  }
  [[nodiscard]] std::optional<Audio> next_audio(std::int32_t timeout_ms) {
    punktfunk_audio* audio = nullptr;
    if (!check_not_empty(punktfunk_client_next_audio(get(), timeout_ms, &audio))) return std::nullopt;
    return Audio(audio);
  }
  [[nodiscard]] int fd(std::uint32_t line) const {
    int fd = -1;
    check(punktfunk_client_fd(get(), line, &fd));
    return fd;
  }
  [[nodiscard]] punktfunk_stream stream() const {
    auto stream = make<punktfunk_stream>();
    check(punktfunk_client_stream(get(), &stream));
    return stream;
  }
  [[nodiscard]] punktfunk_statistics statistics() const {
    auto statistics = make<punktfunk_statistics>();
    check(punktfunk_client_stats(get(), &statistics));
    return statistics;
  }
  void send_input(const punktfunk_input_event& event) { check(punktfunk_client_send_input(get(), &event)); }
  void request_keyframe() { check(punktfunk_client_request_keyframe(get())); }
  void disconnect() { check(punktfunk_client_disconnect(get())); }
  void quit() { check(punktfunk_client_quit(get())); }
  [[nodiscard]] punktfunk_client* get() const { return handle_.get(); }

 private:
  detail::Owned<punktfunk_client> handle_;
};

class Socket {
 public:
  [[nodiscard]] static std::pair<Socket, Socket> loopback(std::uint64_t bytes = 0) {
    punktfunk_socket *first = nullptr, *second = nullptr;
    check(punktfunk_socket_loopback(bytes, &first, &second));
    return {Socket(first), Socket(second)};
  }
  [[nodiscard]] static Socket udp(const std::string& address, std::uint16_t port) {
    punktfunk_socket* made = nullptr;
    check(punktfunk_socket_udp(address.c_str(), port, &made));
    return Socket(made);
  }
  [[nodiscard]] std::pair<std::string, std::uint16_t> address() const {
    char text[PUNKTFUNK_ADDRESS_TEXT_BYTES];
    std::uint16_t port = 0;
    check(punktfunk_socket_address(get(), text, &port));
    return {text, port};
  }
  [[nodiscard]] punktfunk_socket* get() const { return handle_.get(); }

 private:
  explicit Socket(punktfunk_socket* handle) : handle_(handle) {}
  detail::Owned<punktfunk_socket> handle_;
};

class Session {
 public:
  Session(const punktfunk_session_options& options, const Socket& socket) {
    punktfunk_session* made = nullptr;
    check(punktfunk_session_create(&options, socket.get(), &made));
    handle_.reset(made);
  }
  // Host.
  punktfunk_sent submit_frame(const punktfunk_outgoing_frame& frame) {
    auto sent = make<punktfunk_sent>();
    check(punktfunk_session_submit_frame(get(), &frame, &sent));
    return sent;
  }
  void set_rate(std::uint32_t rate_kbps) { check(punktfunk_session_set_rate(get(), rate_kbps)); }
  [[nodiscard]] std::optional<punktfunk_input_event> poll_input(std::int32_t timeout_ms) {
    auto event = make<punktfunk_input_event>();
    if (!check_not_empty(punktfunk_session_poll_input(get(), timeout_ms, &event))) return std::nullopt;
    return event;
  }
  // Client.
  [[nodiscard]] std::optional<Frame> poll_frame(std::int32_t timeout_ms) {
    punktfunk_frame* frame = nullptr;
    if (!check_not_empty(punktfunk_session_poll_frame(get(), timeout_ms, &frame))) return std::nullopt;
    return Frame(frame);
  }
  std::uint64_t flush_backlog() {
    std::uint64_t dropped = 0;
    check(punktfunk_session_flush_backlog(get(), &dropped));
    return dropped;
  }
  void send_input(const punktfunk_input_event& event) { check(punktfunk_session_send_input(get(), &event)); }
  // Both. seal_frame and send_sealed are for the C functions with get().
  [[nodiscard]] punktfunk_session_statistics statistics() const {
    auto statistics = make<punktfunk_session_statistics>();
    check(punktfunk_session_stats(get(), &statistics));
    return statistics;
  }
  [[nodiscard]] punktfunk_session* get() const { return handle_.get(); }

 private:
  detail::Owned<punktfunk_session> handle_;
};

}  // namespace punktfunk_core

#endif  // PUNKTFUNK_CORE_HPP
