// SPDX-License-Identifier: MIT OR Apache-2.0
// A whole client through the C functions, against a host of the real protocol in this process.
#include <gtest/gtest.h>
#include <poll.h>
#include <punktfunk_core.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "make_struct.h"
#include "small_host.h"

namespace punktfunk::abi {

namespace {

Bytes picture(std::size_t bytes, std::uint8_t first) {
  Bytes au(bytes);
  for (std::size_t i = 0; i < bytes; ++i) au[i] = static_cast<std::uint8_t>(first + i * 7);
  return au;
}

// What callbacks delivered, from the library's thread to the test's.
struct Delivered {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<punktfunk_event> events;
  std::vector<punktfunk_frame*> frames;
  std::vector<punktfunk_audio*> audio;
  punktfunk_client* client = nullptr;
  std::vector<punktfunk_result> results;  // of calls from inside a callback
  std::thread::id thread;

  template <class Done>
  bool wait(Done&& done) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::milliseconds(kPatienceMs), done);
  }
};

// For what has no event of its own.
template <class Done>
bool eventually(Done&& done) {
  const TimePoint give_up = monotonic_now() + std::chrono::milliseconds(kPatienceMs);
  while (!done()) {
    if (monotonic_now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    EXPECT_EQ(punktfunk_identity_create("punktfunk-client", &identity), PUNKTFUNK_OK);
    control::Fingerprint own;
    EXPECT_EQ(punktfunk_identity_fingerprint(identity, own.data()), PUNKTFUNK_OK);
    EXPECT_TRUE(host.clients.put({own, "Couch"}).has_value());
    options = make<punktfunk_client_options>();
    options.host = "127.0.0.1";
    options.port = host.port();
    options.identity = identity;
    options.host_fingerprint = host.identity.fingerprint().data();
    options.width = 1280;
    options.height = 720;
  }
  ~ClientTest() override {
    destroy();
    punktfunk_identity_destroy(identity);
  }

  // In tests with callbacks before what these write to goes.
  void destroy() { EXPECT_EQ(punktfunk_client_destroy(std::exchange(client, nullptr)), PUNKTFUNK_OK); }
  void create() {
    ASSERT_EQ(punktfunk_client_create(&options, &client), PUNKTFUNK_OK) << punktfunk_last_error();
  }
  // A running stream; its CONNECTED and STREAM_CONFIG events are taken.
  void stream() {
    host.accept_all();
    host.start();
    create();
    ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK) << punktfunk_last_error();
    if (options.callbacks == nullptr) {
      ASSERT_EQ(next_event().type, std::uint32_t{PUNKTFUNK_EVENT_CONNECTED});
      ASSERT_EQ(next_event().type, std::uint32_t{PUNKTFUNK_EVENT_STREAM_CONFIG});
    }
    ASSERT_TRUE(host.wait_for_session());
  }
  punktfunk_event next_event() {
    auto event = make<punktfunk_event>();
    EXPECT_EQ(punktfunk_client_next_event(client, kPatienceMs, &event), PUNKTFUNK_OK)
        << punktfunk_last_error();
    return event;
  }
  punktfunk_event end_event() {
    auto event = next_event();
    while (event.type != PUNKTFUNK_EVENT_ENDED && event.type != 0) event = next_event();
    return event;
  }

  SmallHost host;
  punktfunk_identity* identity = nullptr;
  punktfunk_client_options options;
  punktfunk_client* client = nullptr;
};

}  // namespace

TEST_F(ClientTest, StreamsByPolling) {
  stream();
  auto info = make<punktfunk_stream>();
  ASSERT_EQ(punktfunk_client_stream(client, &info), PUNKTFUNK_OK);
  EXPECT_EQ(info.width, 1280U);
  EXPECT_EQ(info.refresh_hz, 60U);
  EXPECT_EQ(info.codec, std::uint32_t{PUNKTFUNK_CODEC_H264});
  EXPECT_EQ(info.bitrate_kbps, 20'000U);
  EXPECT_EQ(info.audio_channels, 2U);

  const Bytes key = picture(30'000, 1), next = picture(5'000, 2);
  host.send_frame(key, wire::kFlagKeyframe);
  host.send_frame(next, 0);
  std::uint32_t index = 0;
  for (const Bytes& sent : {key, next}) {
    punktfunk_frame* frame = nullptr;
    ASSERT_EQ(punktfunk_client_next_frame(client, kPatienceMs, &frame), PUNKTFUNK_OK);
    auto got = make<punktfunk_frame_info>();
    ASSERT_EQ(punktfunk_frame_get(frame, &got), PUNKTFUNK_OK);
    EXPECT_EQ(got.index, index++);
    EXPECT_EQ((got.flags & PUNKTFUNK_FRAME_KEYFRAME) != 0, got.index == 0);
    EXPECT_EQ(Bytes(got.data, got.data + got.bytes), sent);
    EXPECT_GE(got.last_packet_ns, got.first_packet_ns);
    EXPECT_GT(got.capture_ns, 0U);
    punktfunk_frame_release(frame);
  }

  host.send_audio(7, 123'000, {1, 2, 3});
  host.send_audio(8, 128'000, {});
  for (const std::uint32_t sequence : {7U, 8U}) {
    punktfunk_audio* audio = nullptr;
    ASSERT_EQ(punktfunk_client_next_audio(client, kPatienceMs, &audio), PUNKTFUNK_OK);
    auto got = make<punktfunk_audio_info>();
    ASSERT_EQ(punktfunk_audio_get(audio, &got), PUNKTFUNK_OK);
    EXPECT_EQ(got.sequence, sequence);
    EXPECT_EQ(got.pts_ns, sequence == 7 ? 123'000U : 128'000U);
    ASSERT_NE(got.data, nullptr);
    EXPECT_EQ(Bytes(got.data, got.data + got.bytes), sequence == 7 ? Bytes({1, 2, 3}) : Bytes());
    punktfunk_audio_release(audio);
  }

  auto input = make<punktfunk_input_event>();
  input.kind = PUNKTFUNK_INPUT_MOUSE_POSITION;
  input.code = 0x01020304;
  input.x = -5;
  input.y = 1 << 20;
  input.flags = 1280U << 16U | 720U;
  ASSERT_EQ(punktfunk_client_send_input(client, &input), PUNKTFUNK_OK);
  ASSERT_TRUE(host.wait_for_inputs(1));
  EXPECT_EQ(host.inputs().front(), (wire::InputEvent{wire::InputKind::mouse_position, 0x01020304, -5, 1 << 20,
                                                     1280U << 16U | 720U}));

  ASSERT_EQ(punktfunk_client_request_keyframe(client), PUNKTFUNK_OK);
  EXPECT_TRUE(host.wait_for_keyframe_ask());

  ASSERT_EQ(punktfunk_client_quit(client), PUNKTFUNK_OK);
  const auto end = end_event();
  EXPECT_EQ(end.end_kind, std::uint32_t{PUNKTFUNK_END_FINISHED});
  EXPECT_EQ(end.close_code, 0x51U);
  EXPECT_TRUE(host.wait_for_end());
  EXPECT_TRUE(host.client_quit());

  auto statistics = make<punktfunk_statistics>();
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(punktfunk_client_stats(client, &statistics), PUNKTFUNK_OK);
    return statistics.frames_complete == 2;
  }));
  EXPECT_EQ(statistics.frames_lost, 0U);
  EXPECT_EQ(statistics.audio_packets, 2U);
  EXPECT_GE(statistics.bytes_received, key.size() + next.size());
  EXPECT_GE(statistics.keyframe_requests, 1U);
}

TEST_F(ClientTest, EveryCallAfterTheEndSaysWhy) {
  stream();
  host.end(wire::CloseCode::application_ended, "The game is over.");
  const auto end = end_event();
  EXPECT_EQ(end.close_code, 0x52U);
  EXPECT_STREQ(end.message, "The game is over.");

  auto event = make<punktfunk_event>();
  auto input = make<punktfunk_input_event>();
  punktfunk_frame* frame = nullptr;
  punktfunk_audio* audio = nullptr;
  const auto expect_ended = [](punktfunk_result result) {
    EXPECT_EQ(result, PUNKTFUNK_ERROR_ENDED);
    EXPECT_STREQ(punktfunk_last_error(), "The game is over.");
  };
  expect_ended(punktfunk_client_next_event(client, -1, &event));
  expect_ended(punktfunk_client_next_frame(client, -1, &frame));
  expect_ended(punktfunk_client_next_audio(client, -1, &audio));
  expect_ended(punktfunk_client_send_input(client, &input));
  expect_ended(punktfunk_client_request_keyframe(client));
  expect_ended(punktfunk_client_quit(client));
  expect_ended(punktfunk_client_disconnect(client));
  EXPECT_EQ(punktfunk_client_connect(client), PUNKTFUNK_ERROR_STATE);
  auto info = make<punktfunk_stream>();
  EXPECT_EQ(punktfunk_client_stream(client, &info), PUNKTFUNK_OK);
}

TEST_F(ClientTest, DescriptorsAreReadableWhileSomethingWaits) {
  stream();
  int frames = -1, audio = -1;
  ASSERT_EQ(punktfunk_client_fd(client, PUNKTFUNK_LINE_FRAMES, &frames), PUNKTFUNK_OK);
  ASSERT_EQ(punktfunk_client_fd(client, PUNKTFUNK_LINE_AUDIO, &audio), PUNKTFUNK_OK);
  EXPECT_EQ(punktfunk_client_fd(client, 0, &audio), PUNKTFUNK_ERROR_ARGUMENT);
  const auto is_readable = [](int fd, int timeout_ms) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, timeout_ms) == 1;
  };
  EXPECT_FALSE(is_readable(frames, 0));
  host.send_frame(picture(100, 1), wire::kFlagKeyframe);
  EXPECT_TRUE(is_readable(frames, kPatienceMs));
  EXPECT_FALSE(is_readable(audio, 0));
  punktfunk_frame* frame = nullptr;
  ASSERT_EQ(punktfunk_client_next_frame(client, 0, &frame), PUNKTFUNK_OK);
  punktfunk_frame_release(frame);
  EXPECT_FALSE(is_readable(frames, 0));
  EXPECT_EQ(punktfunk_client_next_frame(client, 0, &frame), PUNKTFUNK_EMPTY);
  ASSERT_EQ(punktfunk_client_disconnect(client), PUNKTFUNK_OK);
  EXPECT_TRUE(is_readable(frames, kPatienceMs));
  EXPECT_TRUE(is_readable(audio, kPatienceMs));
  EXPECT_TRUE(host.wait_for_end());
  EXPECT_FALSE(host.client_quit());
}

TEST_F(ClientTest, FullLinesDropTheOldest) {
  options.frame_queue = 2;
  options.audio_queue = 1;
  stream();
  for (std::uint8_t i = 0; i < 5; ++i) {
    host.send_frame(picture(1000, i), wire::kFlagKeyframe);
    host.send_audio(i, 0, {i});
  }
  auto statistics = make<punktfunk_statistics>();
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(punktfunk_client_stats(client, &statistics), PUNKTFUNK_OK);
    return statistics.frames_dropped == 3 && statistics.audio_dropped == 4;
  }));
  for (const std::uint32_t index : {3U, 4U}) {
    punktfunk_frame* frame = nullptr;
    ASSERT_EQ(punktfunk_client_next_frame(client, 0, &frame), PUNKTFUNK_OK);
    auto got = make<punktfunk_frame_info>();
    ASSERT_EQ(punktfunk_frame_get(frame, &got), PUNKTFUNK_OK);
    EXPECT_EQ(got.index, index);
    punktfunk_frame_release(frame);
  }
  punktfunk_audio* audio = nullptr;
  ASSERT_EQ(punktfunk_client_next_audio(client, 0, &audio), PUNKTFUNK_OK);
  auto got = make<punktfunk_audio_info>();
  ASSERT_EQ(punktfunk_audio_get(audio, &got), PUNKTFUNK_OK);
  EXPECT_EQ(got.sequence, 4U);
  punktfunk_audio_release(audio);
  EXPECT_TRUE(host.wait_for_keyframe_ask());
}

TEST_F(ClientTest, FramesOutliveTheirClient) {
  stream();
  host.send_frame(picture(4000, 9), wire::kFlagKeyframe);
  punktfunk_frame* frame = nullptr;
  ASSERT_EQ(punktfunk_client_next_frame(client, kPatienceMs, &frame), PUNKTFUNK_OK);
  destroy();
  EXPECT_TRUE(host.wait_for_end()) << "destroying says good-bye";
  auto got = make<punktfunk_frame_info>();
  ASSERT_EQ(punktfunk_frame_get(frame, &got), PUNKTFUNK_OK);
  EXPECT_EQ(Bytes(got.data, got.data + got.bytes), picture(4000, 9));
  punktfunk_frame_release(frame);
}

TEST_F(ClientTest, StreamsByCallbacks) {
  Delivered delivered;
  auto callbacks = make<punktfunk_client_callbacks>();
  callbacks.user = &delivered;
  callbacks.on_event = [](void* user, const punktfunk_event* event) {
    auto& to = *static_cast<Delivered*>(user);
    const std::lock_guard lock(to.mutex);
    to.events.push_back(*event);
    to.thread = std::this_thread::get_id();
    if (event->type == PUNKTFUNK_EVENT_CONNECTED) {
      punktfunk_frame* frame = nullptr;
      auto copy = make<punktfunk_event>();
      auto statistics = make<punktfunk_statistics>();
      to.results = {punktfunk_client_destroy(to.client), punktfunk_client_next_frame(to.client, 1, &frame),
                    punktfunk_client_next_event(to.client, 0, &copy),
                    punktfunk_client_stats(to.client, &statistics),
                    punktfunk_client_request_keyframe(to.client)};
    }
    to.changed.notify_all();
  };
  callbacks.on_frame = [](void* user, punktfunk_frame* frame) {
    auto& to = *static_cast<Delivered*>(user);
    const std::lock_guard lock(to.mutex);
    to.frames.push_back(frame);
    to.changed.notify_all();
  };
  callbacks.on_audio = [](void* user, punktfunk_audio* audio) {
    auto& to = *static_cast<Delivered*>(user);
    const std::lock_guard lock(to.mutex);
    to.audio.push_back(audio);
    to.changed.notify_all();
  };
  options.callbacks = &callbacks;
  host.accept_all();
  host.start();
  create();
  delivered.client = client;
  ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK);
  ASSERT_TRUE(host.wait_for_session());
  host.send_frame(picture(3000, 3), wire::kFlagKeyframe);
  host.send_audio(1, 0, {5});
  ASSERT_TRUE(delivered.wait([&] { return delivered.frames.size() == 1 && delivered.audio.size() == 1; }));
  EXPECT_EQ(delivered.results,
            (std::vector<punktfunk_result>{PUNKTFUNK_ERROR_THREAD, PUNKTFUNK_ERROR_STATE,
                                           PUNKTFUNK_ERROR_STATE, PUNKTFUNK_OK, PUNKTFUNK_OK}));
  EXPECT_NE(delivered.thread, std::this_thread::get_id());
  ASSERT_EQ(punktfunk_client_quit(client), PUNKTFUNK_OK);
  ASSERT_TRUE(delivered.wait([&] { return delivered.events.back().type == PUNKTFUNK_EVENT_ENDED; }));
  auto got = make<punktfunk_frame_info>();
  EXPECT_EQ(punktfunk_frame_get(delivered.frames.front(), &got), PUNKTFUNK_OK);
  EXPECT_EQ(Bytes(got.data, got.data + got.bytes), picture(3000, 3));
  for (auto* frame : delivered.frames) punktfunk_frame_release(frame);
  for (auto* audio : delivered.audio) punktfunk_audio_release(audio);
  destroy();
}

TEST_F(ClientTest, WaitingInsideACallbackIsRefused) {
  Delivered delivered;
  auto callbacks = make<punktfunk_client_callbacks>();
  callbacks.user = &delivered;
  callbacks.on_event = [](void* user, const punktfunk_event*) {
    auto& to = *static_cast<Delivered*>(user);
    const std::lock_guard lock(to.mutex);
    punktfunk_frame* frame = nullptr;
    to.results.push_back(punktfunk_client_next_frame(to.client, -1, &frame));
    to.results.push_back(punktfunk_client_next_frame(to.client, 0, &frame));
    to.changed.notify_all();
  };
  options.callbacks = &callbacks;
  host.accept_all();
  host.start();
  create();
  delivered.client = client;
  ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK);
  ASSERT_TRUE(delivered.wait([&] { return delivered.results.size() >= 2; }));
  EXPECT_EQ(delivered.results[0], PUNKTFUNK_ERROR_THREAD);
  EXPECT_EQ(delivered.results[1], PUNKTFUNK_EMPTY);
  destroy();
}

TEST_F(ClientTest, AnExceptionInACallbackEndsTheStream) {
  auto callbacks = make<punktfunk_client_callbacks>();
  callbacks.on_frame = [](void*, punktfunk_frame* frame) {
    punktfunk_frame_release(frame);
    throw 5;
  };
  options.callbacks = &callbacks;
  host.accept_all();
  host.start();
  create();
  ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK);
  ASSERT_TRUE(host.wait_for_session());
  host.send_frame(picture(100, 1), wire::kFlagKeyframe);
  EXPECT_STREQ(end_event().message, "The application could not take what came.");
}

TEST_F(ClientTest, IsToldToWaitForTheOperator) {
  host.start();
  create();
  ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK);
  EXPECT_EQ(next_event().type, std::uint32_t{PUNKTFUNK_EVENT_PENDING});
  auto input = make<punktfunk_input_event>();
  EXPECT_EQ(punktfunk_client_send_input(client, &input), PUNKTFUNK_ERROR_STATE);
  auto info = make<punktfunk_stream>();
  EXPECT_EQ(punktfunk_client_stream(client, &info), PUNKTFUNK_ERROR_STATE);
  host.accept_waiting();
  const auto connected = next_event();
  EXPECT_EQ(connected.type, std::uint32_t{PUNKTFUNK_EVENT_CONNECTED});
  EXPECT_EQ(std::memcmp(connected.host_fingerprint, host.identity.fingerprint().data(), 32), 0);
}

TEST_F(ClientTest, PairsWithThePin) {
  host.start();
  options.host_fingerprint = nullptr;
  create();
  ASSERT_EQ(punktfunk_client_pair(client, host.arm_pairing().c_str()), PUNKTFUNK_OK);
  const auto paired = next_event();
  ASSERT_EQ(paired.type, std::uint32_t{PUNKTFUNK_EVENT_PAIRED}) << paired.message;
  EXPECT_EQ(std::memcmp(paired.host_fingerprint, host.identity.fingerprint().data(), 32), 0);
  const auto end = next_event();
  EXPECT_EQ(end.type, std::uint32_t{PUNKTFUNK_EVENT_ENDED});
  EXPECT_EQ(end.end_kind, std::uint32_t{PUNKTFUNK_END_FINISHED}) << end.message;
}

TEST_F(ClientTest, AWrongPinFailsWithASentence) {
  host.start();
  const std::string pin = host.arm_pairing();
  create();
  ASSERT_EQ(punktfunk_client_pair(client, pin == "0000" ? "1111" : "0000"), PUNKTFUNK_OK);
  const auto end = next_event();
  EXPECT_EQ(end.type, std::uint32_t{PUNKTFUNK_EVENT_ENDED});
  EXPECT_EQ(end.end_kind, std::uint32_t{PUNKTFUNK_END_PAIRING_FAILED});
  EXPECT_NE(std::string(end.message).find("PIN"), std::string::npos);
}

TEST_F(ClientTest, AHostWithAnotherFingerprintIsRefused) {
  const control::Fingerprint other{1, 2, 3};
  options.host_fingerprint = other.data();
  host.accept_all();
  host.start();
  create();
  ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK);
  EXPECT_EQ(end_event().end_kind, std::uint32_t{PUNKTFUNK_END_TRUST_FAILED});
}

TEST_F(ClientTest, SilenceTimesOut) {
  options.connect_timeout_ms = 50;
  create();  // the host was not started
  ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK);
  EXPECT_EQ(end_event().end_kind, std::uint32_t{PUNKTFUNK_END_TIMED_OUT});
}

TEST_F(ClientTest, ConnectsOrPairsOnce) {
  create();
  EXPECT_EQ(punktfunk_client_quit(client), PUNKTFUNK_ERROR_STATE);
  EXPECT_EQ(punktfunk_client_disconnect(client), PUNKTFUNK_ERROR_STATE);
  EXPECT_EQ(punktfunk_client_pair(client, ""), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(punktfunk_client_pair(client, std::string(65, '1').c_str()), PUNKTFUNK_ERROR_ARGUMENT);
  ASSERT_EQ(punktfunk_client_connect(client), PUNKTFUNK_OK);
  EXPECT_EQ(punktfunk_client_connect(client), PUNKTFUNK_ERROR_STATE);
  EXPECT_EQ(punktfunk_client_pair(client, "1234"), PUNKTFUNK_ERROR_STATE);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PUNKTFUNK_WITH_ADDRESS_SANITIZER
#endif
#endif

// The sanitizers look at memory through a pipe, for which there is no descriptor either.
#if !defined(PUNKTFUNK_WITH_ADDRESS_SANITIZER)
TEST_F(ClientTest, ASystemWithoutDescriptorsIsAnError) {
  create();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto result = punktfunk_client_connect(client);
  punktfunk_client* another = nullptr;
  const auto created = punktfunk_client_create(&options, &another);
  punktfunk_socket *first = nullptr, *second = nullptr;
  const auto paired = punktfunk_socket_loopback(0, &first, &second);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(result, PUNKTFUNK_ERROR_SETUP);
  EXPECT_EQ(created, PUNKTFUNK_ERROR_SETUP);
  EXPECT_EQ(paired, PUNKTFUNK_ERROR_SETUP);
  auto event = make<punktfunk_event>();
  EXPECT_EQ(punktfunk_client_next_event(client, -1, &event), PUNKTFUNK_ERROR_ENDED)
      << "nobody waits for ever";
  EXPECT_EQ(punktfunk_client_quit(client), PUNKTFUNK_ERROR_ENDED);
}
#endif

TEST_F(ClientTest, OptionsOutOfRangeAreRefused) {
  const auto expect_refused = [&](const char* what, auto&& change) {
    punktfunk_client_options changed = options;
    change(changed);
    punktfunk_client* made = nullptr;
    EXPECT_EQ(punktfunk_client_create(&changed, &made), PUNKTFUNK_ERROR_ARGUMENT) << what;
    EXPECT_EQ(made, nullptr);
    EXPECT_STRNE(punktfunk_last_error(), "");
  };
  using Options = punktfunk_client_options;
  const std::string long_text(200, 'x');
  expect_refused("no host", [](Options& o) { o.host = nullptr; });
  expect_refused("a name for an address", [](Options& o) { o.host = "example.org"; });
  expect_refused("an endless host", [&](Options& o) { o.host = long_text.c_str(); });
  expect_refused("no identity", [](Options& o) { o.identity = nullptr; });
  expect_refused("device name", [&](Options& o) { o.device_name = long_text.c_str(); });
  expect_refused("label", [&](Options& o) { o.label = long_text.c_str(); });
  expect_refused("launch", [&](Options& o) { o.launch = long_text.c_str(); });
  expect_refused("feature", [](Options& o) { o.features = 1ULL << 40U; });
  expect_refused("width", [](Options& o) { o.width = 16385; });
  expect_refused("rate", [](Options& o) { o.refresh_hz = 1001; });
  expect_refused("codec", [](Options& o) { o.codecs = 0x100; });
  expect_refused("preferred codec", [](Options& o) { o.preferred_codec = PUNKTFUNK_CODEC_AV1; });
  expect_refused("channels", [](Options& o) { o.audio_channels = 3; });
  expect_refused("timeout", [](Options& o) { o.connect_timeout_ms = 600'001; });
  expect_refused("frames", [](Options& o) { o.frame_queue = 65; });
  expect_refused("audio", [](Options& o) { o.audio_queue = 1025; });
  punktfunk_client_options unset = options;
  unset.struct_size = 0;
  punktfunk_client* made = nullptr;
  EXPECT_EQ(punktfunk_client_create(&unset, &made), PUNKTFUNK_ERROR_STRUCT_SIZE);
}

TEST_F(ClientTest, ThreadsMayUseAClientTogether) {
  stream();
  std::atomic<bool> running = true;
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> frames = 0;
  threads.emplace_back([&] {
    punktfunk_frame* frame = nullptr;
    while (punktfunk_client_next_frame(client, -1, &frame) == PUNKTFUNK_OK) {
      ++frames;
      punktfunk_frame_release(frame);
    }
  });
  threads.emplace_back([&] {
    punktfunk_audio* audio = nullptr;
    while (punktfunk_client_next_audio(client, -1, &audio) == PUNKTFUNK_OK) punktfunk_audio_release(audio);
  });
  threads.emplace_back([&] {
    auto input = make<punktfunk_input_event>();
    auto statistics = make<punktfunk_statistics>();
    while (running) {
      (void)punktfunk_client_send_input(client, &input);
      (void)punktfunk_client_stats(client, &statistics);
      (void)punktfunk_client_request_keyframe(client);
      std::this_thread::yield();
    }
  });
  constexpr std::uint64_t kFrames = 50;
  for (std::uint8_t i = 0; i < kFrames; ++i) {
    host.send_frame(picture(2000, i), wire::kFlagKeyframe);
    host.send_audio(i, 0, {i});
  }
  // Those that overflowed the line are dropped and counted; together they are all.
  auto statistics = make<punktfunk_statistics>();
  EXPECT_TRUE(eventually([&] {
    (void)punktfunk_client_stats(client, &statistics);
    return frames + statistics.frames_dropped == kFrames;
  }));
  running = false;
  EXPECT_EQ(punktfunk_client_quit(client), PUNKTFUNK_OK);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace punktfunk::abi
