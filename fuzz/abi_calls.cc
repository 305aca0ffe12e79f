// SPDX-License-Identifier: MIT OR Apache-2.0
// The C ABI under calls in any order with any arguments: sessions joined in memory, and a client that never
// connects. Input: calls, each one byte that picks it and what it takes off the input itself.
//
// Held: nothing crashes or waits for ever, codes are those of the header, structs are not touched past the
// size they really have, and a frame that arrives is one that was sent, byte for byte, whatever the network
// did.
#include <punktfunk_core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz_input.h"

using punktfunk::Bytes;
using punktfunk::ByteView;
using punktfunk::fuzz::Input;
using punktfunk::fuzz::require;

namespace {

constexpr std::size_t kMostCalls = 200;
constexpr std::size_t kMostFrame = 8192;
constexpr std::size_t kMostKept = 4;

void check(punktfunk_result result) {
  require(result >= PUNKTFUNK_OK && result <= PUNKTFUNK_ERROR_THREAD, "the code is one of the header's");
  require(punktfunk_error_text(result)[0] != '\0', "every code has a text");
  if (result > PUNKTFUNK_EMPTY) require(punktfunk_last_error()[0] != '\0', "every failure has a sentence");
}

// A struct on the heap, of exactly its size, so that the address sanitizer sees what goes beyond. Its
// struct_size is right, or anything.
template <class Struct>
std::unique_ptr<Struct> make(Input& input) {
  auto made = std::make_unique<Struct>();
  PUNKTFUNK_INIT(made.get());
  const auto lie = input.take<std::uint8_t>();
  if (lie == 1) made->struct_size = 0;
  if (lie == 2) made->struct_size = input.take<std::uint16_t>();
  if (lie == 3) made->struct_size = ~std::uint32_t{0};
  if (lie == 4) made.reset();  // NULL
  return made;
}

punktfunk_identity* identity() {
  static punktfunk_identity* const made = [] {
    punktfunk_identity* created = nullptr;
    require(punktfunk_identity_create(nullptr, &created) == PUNKTFUNK_OK, "an identity is made");
    return created;
  }();
  return made;
}

class World {
 public:
  explicit World(Input& input) : input_(input) {
    require(punktfunk_socket_loopback(1 << 16, &sockets_[0], &sockets_[1]) == PUNKTFUNK_OK, "a pair is made");
  }
  ~World() {
    for (auto* frame : kept_) punktfunk_frame_release(frame);
    for (auto* session : sessions_) punktfunk_session_destroy(session);
    for (auto* socket : sockets_) punktfunk_socket_destroy(socket);
    check(punktfunk_client_destroy(client_));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void call() {
    switch (input_.take<std::uint8_t>() % 16) {
      case 0:
        return create_session();
      case 1:
        return submit();
      case 2:
        return seal_and_send();
      case 3:
        return poll_frame();
      case 4:
        return send_input();
      case 5:
        return poll_input();
      case 6: {
        std::uint64_t dropped = 0;
        return check(punktfunk_session_flush_backlog(session(), flag() ? &dropped : nullptr));
      }
      case 7:
        return check(punktfunk_session_set_rate(session(), input_.take<std::uint32_t>()));
      case 8:
        return ask_about_session();
      case 9:
        return release_one();
      case 10:
        return destroy_session();
      case 11:
        return create_client();
      case 12:
        return use_client();
      case 13:
        return read_identity();
      case 14:
        return read_fingerprint();
      default:
        return open_socket();
    }
  }

 private:
  bool flag() { return (input_.take<std::uint8_t>() & 1U) != 0; }
  // 0 is the host where the options were right, 1 the client, 2 none.
  punktfunk_session* session() {
    const std::size_t which = input_.take<std::uint8_t>() % 3;
    return which < sessions_.size() ? sessions_[which] : nullptr;
  }
  // Never for ever: nothing may come.
  std::int32_t timeout() { return input_.take<std::uint8_t>() % 2; }

  void create_session() {
    const std::size_t which = input_.take<std::uint8_t>() % 2;
    if (sessions_[which] != nullptr) return;
    auto options = make<punktfunk_session_options>(input_);
    static const std::array<std::uint8_t, PUNKTFUNK_SECRET_BYTES> secret{1, 2, 3};
    char address[PUNKTFUNK_ADDRESS_TEXT_BYTES];
    if (options) {
      check(punktfunk_socket_address(sockets_[1 - which], address, &options->remote_port));
      options->remote_address = address;
      options->role = which == 0 ? PUNKTFUNK_ROLE_HOST : PUNKTFUNK_ROLE_CLIENT;
      options->secret = secret.data();
      // Short, or a call takes a part of a second; values out of range are refused.
      options->frame_interval_us = 1 + input_.take<std::uint8_t>();
      options->send_patience_us = 1 + input_.take<std::uint8_t>();
      for (int changes = input_.take<std::uint8_t>() % 4; changes > 0; --changes) change(*options);
    }
    punktfunk_session* made = nullptr;
    const auto result = punktfunk_session_create(flag() ? nullptr : options.get(), sockets_[which], &made);
    check(result);
    require((result == PUNKTFUNK_OK) == (made != nullptr), "a handle comes with success alone");
    sessions_[which] = made;
    if (made != nullptr && options && options->role == PUNKTFUNK_ROLE_HOST) sent_.clear();
  }
  void change(punktfunk_session_options& options) {
    const auto value = input_.take<std::uint32_t>();
    switch (input_.take<std::uint8_t>() % 12) {
      case 0:
        options.role = value % 4;
        break;
      case 1:
        options.secret = nullptr;
        break;
      case 2:
        options.remote_address = nullptr;
        break;
      case 3:
        options.remote_address = "192.0.2.7";
        break;
      case 4:
        options.suite = value % 3;
        break;
      case 5:
        options.fec = value % 3;
        codes_differ_ = true;
        break;
      case 6:
        options.clock_origin_ns = std::uint64_t{value} << 30U;
        break;
      case 7:
        options.max_frame_bytes = value;
        break;
      case 8:
        options.max_parity_percent = value % 100;
        break;
      case 9:
        options.max_data_per_block = value % 70'000;
        break;
      case 10:
        options.shard_bytes = value % 10'000;
        break;
      default:
        options.rate_kbps = value;
        break;
    }
  }

  // The frame says where its bytes are; those live in `au`.
  std::unique_ptr<punktfunk_outgoing_frame> outgoing(Bytes& au) {
    auto frame = make<punktfunk_outgoing_frame>(input_);
    au.resize(1 + input_.take<std::uint16_t>() % kMostFrame);
    for (std::size_t i = 0; i < au.size(); ++i) au[i] = static_cast<std::uint8_t>(i * 13 + sent_.size());
    if (!frame) return frame;
    frame->data = au.data();
    frame->bytes = au.size();
    frame->flags = flag() ? PUNKTFUNK_FRAME_KEYFRAME : 0;
    switch (input_.take<std::uint8_t>()) {
      case 1:
        frame->data = nullptr;
        break;
      case 2:
        frame->bytes = 0;
        break;
      case 3:
        frame->bytes = (std::uint64_t{64} << 20U) + 1 + input_.take<std::uint32_t>();
        break;
      case 4:
        frame->flags = input_.take<std::uint32_t>();
        break;
      case 5:
        frame->capture_ns = std::uint64_t{input_.take<std::uint32_t>()} << 31U;
        break;
      case 6:
        frame->epoch = input_.take<std::uint16_t>();
        break;
      case 7:
        frame->parity_percent = input_.take<std::uint8_t>();
        break;
      case 8:
        frame->parity_percent = PUNKTFUNK_NO_PARITY;
        break;
      default:
        break;
    }
    return frame;
  }
  void submit() {
    Bytes au;
    const auto frame = outgoing(au);
    const auto sent = make<punktfunk_sent>(input_);
    const auto result = punktfunk_session_submit_frame(session(), frame.get(), sent.get());
    check(result);
    if (result == PUNKTFUNK_OK) sent_.push_back(au);
  }
  void seal_and_send() {
    Bytes au;
    const auto frame = outgoing(au);
    punktfunk_session* const host = session();
    const std::uint8_t* datagrams = nullptr;
    std::size_t bytes = 0, each = 0;
    const auto result = punktfunk_session_seal_frame(host, frame.get(), &datagrams, &bytes, &each);
    check(result);
    if (result != PUNKTFUNK_OK) return;
    sent_.push_back(au);
    require(each > 0 && bytes % each == 0 && bytes / each > 0, "whole datagrams");
    // What the network makes of them: lost, changed, cut.
    Bytes on_the_way(datagrams, datagrams + bytes);
    for (int changes = input_.take<std::uint8_t>() % 8; changes > 0; --changes) {
      on_the_way[input_.take<std::uint32_t>() % bytes] ^= input_.take<std::uint8_t>();
    }
    const std::size_t from = input_.take<std::uint8_t>() % (bytes / each) * each;
    const std::size_t length = flag() ? bytes - from : input_.take<std::uint32_t>() % (bytes - from + 1);
    const Bytes exact(on_the_way.begin() + static_cast<std::ptrdiff_t>(from),
                      on_the_way.begin() + static_cast<std::ptrdiff_t>(from + length));
    check(punktfunk_session_send_sealed(host, exact.data(), exact.size(), nullptr));
  }
  void poll_frame() {
    punktfunk_frame* frame = nullptr;
    const auto result = punktfunk_session_poll_frame(session(), timeout(), flag() ? nullptr : &frame);
    check(result);
    require((result == PUNKTFUNK_OK) == (frame != nullptr), "a frame comes with success alone");
    if (frame == nullptr) return;
    const auto info = std::make_unique<punktfunk_frame_info>();
    PUNKTFUNK_INIT(info.get());
    require(punktfunk_frame_get(frame, info.get()) == PUNKTFUNK_OK, "a frame tells what it is");
    require(info->index < sent_.size(), "it was sent");
    const Bytes& sent = sent_[info->index];
    // Ends that were told different codes rebuild something else: they never agreed.
    if (codes_differ_) return keep(frame);
    require(info->bytes == sent.size() && std::memcmp(info->data, sent.data(), sent.size()) == 0,
            "it arrives as it was sent");
    keep(frame);
  }
  void keep(punktfunk_frame* frame) {
    if (kept_.size() == kMostKept) {
      punktfunk_frame_release(std::exchange(kept_.front(), frame));
    } else {
      kept_.push_back(frame);
    }
  }
  void release_one() {
    if (kept_.empty()) return punktfunk_frame_release(nullptr);
    const auto info = make<punktfunk_frame_info>(input_);
    check(punktfunk_frame_get(kept_.back(), info.get()));
    punktfunk_frame_release(kept_.back());
    kept_.pop_back();
  }
  std::unique_ptr<punktfunk_input_event> input_event() {
    auto event = make<punktfunk_input_event>(input_);
    if (!event) return event;
    event->kind = input_.take<std::uint8_t>() % 18;
    event->code = input_.take<std::uint32_t>();
    event->x = static_cast<std::int32_t>(input_.take<std::uint32_t>());
    event->y = static_cast<std::int32_t>(input_.take<std::uint32_t>());
    event->flags = input_.take<std::uint32_t>();
    return event;
  }
  void send_input() {
    const auto event = input_event();
    check(punktfunk_session_send_input(session(), event.get()));
  }
  void poll_input() {
    const auto event = make<punktfunk_input_event>(input_);
    const auto result = punktfunk_session_poll_input(session(), timeout(), event.get());
    check(result);
    if (result == PUNKTFUNK_OK) require(event->kind <= PUNKTFUNK_INPUT_SCROLL, "the kind is known");
  }
  void ask_about_session() {
    punktfunk_session* const asked = session();
    const auto statistics = make<punktfunk_session_statistics>(input_);
    check(punktfunk_session_stats(asked, statistics.get()));
    int fd = -1;
    std::int32_t left_ms = 0;
    check(punktfunk_session_fd(asked, flag() ? nullptr : &fd));
    check(punktfunk_session_next_deadline(asked, flag() ? nullptr : &left_ms));
  }
  void destroy_session() {
    const std::size_t which = input_.take<std::uint8_t>() % 2;
    punktfunk_session_destroy(std::exchange(sessions_[which], nullptr));
    // A socket serves one session: from here on a new pair.
    if (flag() && sessions_[0] == nullptr && sessions_[1] == nullptr) {
      for (auto& socket : sockets_) punktfunk_socket_destroy(std::exchange(socket, nullptr));
      require(punktfunk_socket_loopback(1 << 16, &sockets_[0], &sockets_[1]) == PUNKTFUNK_OK,
              "a pair is made");
    }
  }

  void create_client() {
    if (client_ != nullptr) {
      check(punktfunk_client_destroy(std::exchange(client_, nullptr)));
      return;
    }
    auto options = make<punktfunk_client_options>(input_);
    std::unique_ptr<punktfunk_client_callbacks> callbacks;
    std::string name(input_.take<std::uint8_t>(), 'n');
    if (options) {
      options->host = flag() ? "::1" : "127.0.0.1";
      options->identity = identity();
      options->device_name = name.c_str();
      const auto value = input_.take<std::uint32_t>();
      switch (input_.take<std::uint8_t>() % 12) {
        case 0:
          options->host = name.c_str();
          break;
        case 1:
          options->identity = nullptr;
          break;
        case 2:
          options->features = value;
          break;
        case 3:
          options->width = value;
          break;
        case 4:
          options->codecs = value;
          break;
        case 5:
          options->preferred_codec = value;
          break;
        case 6:
          options->audio_channels = value;
          break;
        case 7:
          options->connect_timeout_ms = value;
          break;
        case 8:
          options->frame_queue = value;
          break;
        case 9:
          options->audio_queue = value;
          break;
        case 10:
          callbacks = make<punktfunk_client_callbacks>(input_);
          options->callbacks = callbacks.get();
          break;
        default:
          break;
      }
    }
    punktfunk_client* made = nullptr;
    const auto result = punktfunk_client_create(options.get(), &made);
    check(result);
    require((result == PUNKTFUNK_OK) == (made != nullptr), "a handle comes with success alone");
    client_ = made;
  }
  void use_client() {
    const auto event = make<punktfunk_event>(input_);
    const auto stream = make<punktfunk_stream>(input_);
    const auto statistics = make<punktfunk_statistics>(input_);
    const auto input = input_event();
    punktfunk_frame* frame = nullptr;
    punktfunk_audio* audio = nullptr;
    int fd = -1;
    for (const punktfunk_result result :
         {punktfunk_client_next_event(client_, timeout(), event.get()),
          punktfunk_client_next_frame(client_, timeout(), &frame),
          punktfunk_client_next_audio(client_, timeout(), &audio),
          punktfunk_client_stream(client_, stream.get()), punktfunk_client_send_input(client_, input.get()),
          punktfunk_client_request_keyframe(client_), punktfunk_client_disconnect(client_),
          punktfunk_client_quit(client_), punktfunk_client_pair(client_, "")}) {
      check(result);
      require(result != PUNKTFUNK_OK, "nothing of this works before it is connected");
    }
    check(punktfunk_client_stats(client_, statistics.get()));
    check(punktfunk_client_fd(client_, input_.take<std::uint8_t>() % 5, &fd));
  }

  void read_identity() {
    const ByteView taken = input_.take_bytes(input_.take<std::uint16_t>());
    const Bytes pem(taken.begin(), taken.end());
    punktfunk_identity* read = nullptr;
    check(punktfunk_identity_from_pem(reinterpret_cast<const char*>(pem.data()), pem.size(), &read));
    punktfunk_identity_destroy(read);
    std::size_t room = input_.take<std::uint16_t>() % 4096;
    std::vector<char> out(room);
    check(punktfunk_identity_pem(identity(), out.data(), &room));
  }
  void read_fingerprint() {
    const ByteView taken = input_.take_bytes(input_.take<std::uint8_t>());
    const std::string given(taken.begin(), taken.end());
    std::array<std::uint8_t, PUNKTFUNK_FINGERPRINT_BYTES> fingerprint{};
    const auto result = punktfunk_fingerprint_from_text(given.c_str(), fingerprint.data());
    check(result);
    if (result != PUNKTFUNK_OK) return;
    std::array<char, PUNKTFUNK_FINGERPRINT_TEXT_BYTES> out;
    std::array<std::uint8_t, PUNKTFUNK_FINGERPRINT_BYTES> again{};
    check(punktfunk_fingerprint_to_text(fingerprint.data(), out.data()));
    check(punktfunk_fingerprint_from_text(out.data(), again.data()));
    require(again == fingerprint, "a fingerprint is read as it was written");
  }
  void open_socket() {
    const ByteView taken = input_.take_bytes(input_.take<std::uint8_t>() % 80);
    const std::string address(taken.begin(), taken.end());
    punktfunk_socket* made = nullptr;
    check(punktfunk_socket_udp(address.c_str(), 0, &made));
    punktfunk_socket_destroy(made);
  }

  Input& input_;
  std::array<punktfunk_socket*, 2> sockets_{};
  std::array<punktfunk_session*, 2> sessions_{};
  bool codes_differ_ = false;
  std::vector<Bytes> sent_;  // of the host session, by index
  std::vector<punktfunk_frame*> kept_;
  punktfunk_client* client_ = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  World world(input);
  for (std::size_t calls = 0; calls < kMostCalls && !input.empty(); ++calls) world.call();
  return 0;
}
