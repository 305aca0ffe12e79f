// SPDX-License-Identifier: MIT OR Apache-2.0
// The data plane alone through the C functions, in memory and over UDP.
#include <gtest/gtest.h>
#include <poll.h>
#include <punktfunk_core.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "make_struct.h"

namespace punktfunk::abi {

namespace {

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
    ASSERT_EQ(punktfunk_socket_loopback(0, &host_socket, &client_socket), PUNKTFUNK_OK);
  }
  void TearDown() override {
    punktfunk_session_destroy(host);
    punktfunk_session_destroy(client);
    punktfunk_socket_destroy(host_socket);
    punktfunk_socket_destroy(client_socket);
  }

  punktfunk_session_options options_for(std::uint32_t role, punktfunk_socket* other) {
    auto options = make<punktfunk_session_options>();
    options.role = role;
    options.secret = secret.data();
    EXPECT_EQ(punktfunk_socket_address(other, address, &options.remote_port), PUNKTFUNK_OK);
    options.remote_address = address;
    options.clock_origin_ns = origin_ns;
    return options;
  }
  void open(void (*change)(punktfunk_session_options&) = [](punktfunk_session_options&) {}) {
    auto options = options_for(PUNKTFUNK_ROLE_HOST, client_socket);
    change(options);
    ASSERT_EQ(punktfunk_session_create(&options, host_socket, &host), PUNKTFUNK_OK) << punktfunk_last_error();
    options = options_for(PUNKTFUNK_ROLE_CLIENT, host_socket);
    change(options);
    ASSERT_EQ(punktfunk_session_create(&options, client_socket, &client), PUNKTFUNK_OK)
        << punktfunk_last_error();
  }
  Bytes random_bytes(std::size_t count) {
    Bytes bytes(count);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine());
    return bytes;
  }
  static punktfunk_outgoing_frame outgoing(const Bytes& au, std::uint32_t flags = 0) {
    auto frame = make<punktfunk_outgoing_frame>();
    frame.data = au.data();
    frame.bytes = au.size();
    frame.flags = flags;
    return frame;
  }
  // The bytes of the next frame that arrives.
  Bytes next_frame(std::uint32_t* index = nullptr) {
    punktfunk_frame* frame = nullptr;
    EXPECT_EQ(punktfunk_session_poll_frame(client, kPatienceMs, &frame), PUNKTFUNK_OK)
        << punktfunk_last_error();
    auto info = make<punktfunk_frame_info>();
    EXPECT_EQ(punktfunk_frame_get(frame, &info), PUNKTFUNK_OK);
    if (index != nullptr) *index = info.index;
    Bytes bytes(info.data, info.data + info.bytes);
    punktfunk_frame_release(frame);
    return bytes;
  }
  void round_trip() {
    for (std::uint32_t i = 0; i < 20; ++i) {
      const Bytes au = random_bytes(1 + engine() % 60'000);
      auto frame = outgoing(au);
      auto sent = make<punktfunk_sent>();
      ASSERT_EQ(punktfunk_session_submit_frame(host, &frame, &sent), PUNKTFUNK_OK) << punktfunk_last_error();
      EXPECT_GT(sent.datagrams, 0U);
      std::uint32_t index = 99;
      EXPECT_EQ(next_frame(&index), au);
      EXPECT_EQ(index, i);
      auto event = make<punktfunk_input_event>(), arrived = make<punktfunk_input_event>();
      event.kind = PUNKTFUNK_INPUT_KEY_DOWN;
      event.code = i;
      event.x = static_cast<std::int32_t>(engine());
      event.y = static_cast<std::int32_t>(engine());
      event.flags = static_cast<std::uint32_t>(engine());
      ASSERT_EQ(punktfunk_session_send_input(client, &event), PUNKTFUNK_OK);
      ASSERT_EQ(punktfunk_session_poll_input(host, kPatienceMs, &arrived), PUNKTFUNK_OK);
      EXPECT_EQ(std::memcmp(&event, &arrived, sizeof event), 0);
    }
  }

  static constexpr std::uint64_t kSeed = 20261121;
  std::mt19937_64 engine{kSeed};
  Bytes secret = Bytes(PUNKTFUNK_SECRET_BYTES, 0x5A);
  std::uint64_t origin_ns = wall_clock_ns();
  char address[PUNKTFUNK_ADDRESS_TEXT_BYTES] = "";
  punktfunk_socket *host_socket = nullptr, *client_socket = nullptr;
  punktfunk_session *host = nullptr, *client = nullptr;
};

}  // namespace

TEST_F(SessionTest, CarriesFramesAndInputInMemory) {
  open();
  round_trip();
}

TEST_F(SessionTest, CarriesFramesAndInputOverUdp) {
  punktfunk_socket_destroy(host_socket);
  punktfunk_socket_destroy(client_socket);
  host_socket = client_socket = nullptr;
  ASSERT_EQ(punktfunk_socket_udp("127.0.0.1", 0, &host_socket), PUNKTFUNK_OK);
  ASSERT_EQ(punktfunk_socket_udp("127.0.0.1", 0, &client_socket), PUNKTFUNK_OK);
  open();
  round_trip();
}

TEST_F(SessionTest, EverySuiteAndCodeCarriesFrames) {
  open([](punktfunk_session_options& options) {
    options.suite = PUNKTFUNK_SUITE_CHACHA20_POLY1305;
    options.fec = PUNKTFUNK_FEC_GF8;
  });
  round_trip();
}

TEST_F(SessionTest, PacedFramesArrive) {
  open([](punktfunk_session_options& options) { options.rate_kbps = 200'000; });
  round_trip();
  EXPECT_EQ(punktfunk_session_set_rate(host, 0), PUNKTFUNK_OK);
}

TEST_F(SessionTest, SealedFramesAreSentByTheCaller) {
  open();
  const Bytes au = random_bytes(20'000);
  auto frame = outgoing(au, PUNKTFUNK_FRAME_KEYFRAME);
  frame.parity_percent = 20;
  const std::uint8_t* datagrams = nullptr;
  std::size_t bytes = 0, each = 0;
  ASSERT_EQ(punktfunk_session_seal_frame(host, &frame, &datagrams, &bytes, &each), PUNKTFUNK_OK);
  EXPECT_EQ(each, 1408U + 46U);
  ASSERT_EQ(bytes % each, 0U);
  EXPECT_EQ(punktfunk_session_send_sealed(host, datagrams, bytes - 1, nullptr), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(punktfunk_session_send_sealed(host, datagrams, 0, nullptr), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(punktfunk_session_send_sealed(host, nullptr, each, nullptr), PUNKTFUNK_ERROR_ARGUMENT);
  // Without the first two: parity makes up for them.
  ASSERT_EQ(punktfunk_session_send_sealed(host, datagrams + 2 * each, bytes - 2 * each, nullptr),
            PUNKTFUNK_OK);
  EXPECT_EQ(next_frame(), au);
  auto statistics = make<punktfunk_session_statistics>();
  ASSERT_EQ(punktfunk_session_stats(client, &statistics), PUNKTFUNK_OK);
  EXPECT_EQ(statistics.shards_recovered, 2U);
  EXPECT_EQ(statistics.frames_delivered, 1U);
  ASSERT_EQ(punktfunk_session_stats(host, &statistics), PUNKTFUNK_OK);
  EXPECT_EQ(statistics.frames_sealed, 1U);
  EXPECT_EQ(statistics.datagrams_sealed, bytes / each);
}

TEST_F(SessionTest, ALostFrameIsAGapInTheIndex) {
  open();
  const Bytes first = random_bytes(3000), second = random_bytes(3000), third = random_bytes(3000);
  auto frame = outgoing(first, PUNKTFUNK_FRAME_KEYFRAME);
  ASSERT_EQ(punktfunk_session_submit_frame(host, &frame, nullptr), PUNKTFUNK_OK);
  frame = outgoing(second);
  const std::uint8_t* datagrams = nullptr;
  std::size_t bytes = 0, each = 0;
  ASSERT_EQ(punktfunk_session_seal_frame(host, &frame, &datagrams, &bytes, &each), PUNKTFUNK_OK);
  frame = outgoing(third);
  ASSERT_EQ(punktfunk_session_submit_frame(host, &frame, nullptr), PUNKTFUNK_OK);
  std::uint32_t index = 0;
  EXPECT_EQ(next_frame(&index), first);
  std::int32_t left_ms = -1;
  ASSERT_EQ(punktfunk_session_next_deadline(client, &left_ms), PUNKTFUNK_OK);
  EXPECT_LE(left_ms, 120);
  // Waits past the 120 ms after which the hole is given up, although nothing more arrives.
  EXPECT_EQ(next_frame(&index), third);
  EXPECT_EQ(index, 2U);
  ASSERT_EQ(punktfunk_session_next_deadline(client, &left_ms), PUNKTFUNK_OK);
  EXPECT_EQ(left_ms, -1);
}

TEST_F(SessionTest, AFlushWaitsForAKeyframe) {
  open();
  const Bytes au = random_bytes(2000);
  auto frame = outgoing(au);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(punktfunk_session_submit_frame(host, &frame, nullptr), PUNKTFUNK_OK);
  std::uint64_t dropped = 0;
  ASSERT_EQ(punktfunk_session_flush_backlog(client, &dropped), PUNKTFUNK_OK);
  EXPECT_EQ(dropped, 3U);
  punktfunk_frame* none = nullptr;
  ASSERT_EQ(punktfunk_session_submit_frame(host, &frame, nullptr), PUNKTFUNK_OK);
  EXPECT_EQ(punktfunk_session_poll_frame(client, 0, &none), PUNKTFUNK_EMPTY);
  const Bytes key = random_bytes(2000);
  frame = outgoing(key, PUNKTFUNK_FRAME_KEYFRAME);
  ASSERT_EQ(punktfunk_session_submit_frame(host, &frame, nullptr), PUNKTFUNK_OK);
  EXPECT_EQ(next_frame(), key);
  EXPECT_EQ(punktfunk_session_flush_backlog(client, nullptr), PUNKTFUNK_OK);
}

TEST_F(SessionTest, TheOtherRolesCallsAreErrors) {
  open();
  const Bytes au(10, 1);
  auto frame = outgoing(au);
  auto event = make<punktfunk_input_event>();
  punktfunk_frame* arrived = nullptr;
  const std::uint8_t* datagrams = au.data();
  std::size_t bytes = 0, each = 0;
  EXPECT_EQ(punktfunk_session_seal_frame(client, &frame, &datagrams, &bytes, &each), PUNKTFUNK_ERROR_ROLE);
  EXPECT_EQ(punktfunk_session_send_sealed(client, datagrams, 10, nullptr), PUNKTFUNK_ERROR_ROLE);
  EXPECT_EQ(punktfunk_session_submit_frame(client, &frame, nullptr), PUNKTFUNK_ERROR_ROLE);
  EXPECT_EQ(punktfunk_session_set_rate(client, 1), PUNKTFUNK_ERROR_ROLE);
  EXPECT_EQ(punktfunk_session_poll_input(client, -1, &event), PUNKTFUNK_ERROR_ROLE);
  EXPECT_EQ(punktfunk_session_poll_frame(host, -1, &arrived), PUNKTFUNK_ERROR_ROLE);
  EXPECT_EQ(punktfunk_session_flush_backlog(host, nullptr), PUNKTFUNK_ERROR_ROLE);
  EXPECT_EQ(punktfunk_session_send_input(host, &event), PUNKTFUNK_ERROR_ROLE);
  EXPECT_STRNE(punktfunk_last_error(), "");
}

TEST_F(SessionTest, FramesOutOfRangeAreErrors) {
  open([](punktfunk_session_options& options) { options.max_frame_bytes = 1000; });
  const Bytes au(1001, 1);
  const auto result_of = [&](void (*change)(punktfunk_outgoing_frame&)) {
    auto frame = outgoing(au);
    frame.bytes = 1000;
    change(frame);
    return punktfunk_session_submit_frame(host, &frame, nullptr);
  };
  using Frame = punktfunk_outgoing_frame;
  EXPECT_EQ(result_of([](Frame&) {}), PUNKTFUNK_OK);
  EXPECT_EQ(result_of([](Frame& f) { f.bytes = 1001; }), PUNKTFUNK_ERROR_TOO_LARGE);
  EXPECT_EQ(result_of([](Frame& f) { f.bytes = ~std::uint64_t{0}; }), PUNKTFUNK_ERROR_TOO_LARGE);
  EXPECT_EQ(result_of([](Frame& f) { f.bytes = 0; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Frame& f) { f.data = nullptr; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Frame& f) { f.flags = 0x10000; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Frame& f) { f.epoch = 256; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Frame& f) { f.parity_percent = 91; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Frame& f) { f.capture_ns = 1; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Frame& f) { f.parity_percent = PUNKTFUNK_NO_PARITY; }), PUNKTFUNK_OK);
  EXPECT_EQ(result_of([](Frame& f) { f.struct_size = 8; }), PUNKTFUNK_ERROR_STRUCT_SIZE);
  EXPECT_EQ(result_of([](Frame& f) { f.struct_size = 1 << 20; }), PUNKTFUNK_OK);

  auto frame = outgoing(au);
  frame.bytes = 10;
  auto sent = make<punktfunk_sent>();
  sent.struct_size = 4;
  EXPECT_EQ(punktfunk_session_submit_frame(host, &frame, &sent), PUNKTFUNK_ERROR_STRUCT_SIZE);
  auto event = make<punktfunk_input_event>();
  event.kind = 17;
  EXPECT_EQ(punktfunk_session_send_input(client, &event), PUNKTFUNK_ERROR_ARGUMENT);
  event.kind = PUNKTFUNK_INPUT_MOUSE_POSITION;  // without an area
  EXPECT_EQ(punktfunk_session_send_input(client, &event), PUNKTFUNK_ERROR_ARGUMENT);
}

TEST_F(SessionTest, OptionsOutOfRangeAreErrors) {
  using Options = punktfunk_session_options;
  const auto result_of = [&](void (*change)(Options&)) {
    auto options = options_for(PUNKTFUNK_ROLE_HOST, client_socket);
    change(options);
    punktfunk_session* made = nullptr;
    const auto result = punktfunk_session_create(&options, host_socket, &made);
    punktfunk_session_destroy(made);
    return result;
  };
  EXPECT_EQ(result_of([](Options& o) { o.role = 0; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.role = 3; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.secret = nullptr; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.remote_address = "somewhere"; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.remote_address = nullptr; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.remote_port = 0; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.suite = 2; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.fec = 2; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.max_parity_percent = 91; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.max_frame_bytes = (64U << 20U) + 1; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.shard_bytes = 511; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.shard_bytes = 9172; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.shard_bytes = 70'000; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.max_data_per_block = 65'536; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.frame_interval_us = 1'000'001; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.send_patience_us = 1'000'001; }), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(result_of([](Options& o) { o.struct_size = 0; }), PUNKTFUNK_ERROR_STRUCT_SIZE);
  EXPECT_EQ(result_of([](Options&) {}), PUNKTFUNK_OK);
  EXPECT_EQ(result_of([](Options&) {}), PUNKTFUNK_ERROR_STATE) << "a socket serves one session";
  EXPECT_EQ(punktfunk_socket_loopback(std::uint64_t{2} << 30U, &host_socket, &client_socket),
            PUNKTFUNK_ERROR_ARGUMENT);
  punktfunk_socket* socket = nullptr;
  EXPECT_EQ(punktfunk_socket_udp("nowhere", 0, &socket), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(punktfunk_socket_udp("192.0.2.1", 0, &socket), PUNKTFUNK_ERROR_SETUP) << "not an address of ours";
}

TEST_F(SessionTest, ReleasingFramesElsewhereAndLateIsFine) {
  open();
  const Bytes au = random_bytes(5000);
  auto frame = outgoing(au);
  std::vector<punktfunk_frame*> kept;
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(punktfunk_session_submit_frame(host, &frame, nullptr), PUNKTFUNK_OK);
    punktfunk_frame* arrived = nullptr;
    ASSERT_EQ(punktfunk_session_poll_frame(client, kPatienceMs, &arrived), PUNKTFUNK_OK);
    kept.push_back(arrived);
  }
  punktfunk_session_destroy(client);
  client = nullptr;
  std::thread([&] {
    for (auto* one : kept) punktfunk_frame_release(one);
  }).join();
}

TEST_F(SessionTest, BothEndsWorkFromSeveralThreads) {
  open();
  constexpr std::uint32_t kEach = 100;
  int fd = -1;
  ASSERT_EQ(punktfunk_session_fd(client, &fd), PUNKTFUNK_OK);
  EXPECT_GE(fd, 0);
  std::vector<std::thread> threads;
  std::atomic<std::uint32_t> frames = 0, inputs = 0;
  const Bytes au = random_bytes(3000);
  const TimePoint give_up = monotonic_now() + std::chrono::milliseconds(kPatienceMs);
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      auto frame = outgoing(au);
      frame.capture_ns = origin_ns;
      for (std::uint32_t n = 0; n < kEach; ++n) {
        EXPECT_EQ(punktfunk_session_submit_frame(host, &frame, nullptr), PUNKTFUNK_OK);
      }
    });
    threads.emplace_back([&] {
      punktfunk_frame* frame = nullptr;
      while (frames < 2 * kEach && monotonic_now() < give_up) {
        if (punktfunk_session_poll_frame(client, 50, &frame) != PUNKTFUNK_OK) continue;
        ++frames;
        punktfunk_frame_release(frame);
      }
    });
    threads.emplace_back([&] {
      auto event = make<punktfunk_input_event>();
      for (std::uint32_t n = 0; n < kEach; ++n) {
        EXPECT_EQ(punktfunk_session_send_input(client, &event), PUNKTFUNK_OK);
      }
    });
    threads.emplace_back([&] {
      auto event = make<punktfunk_input_event>();
      while (inputs < 2 * kEach && monotonic_now() < give_up) {
        if (punktfunk_session_poll_input(host, 50, &event) == PUNKTFUNK_OK) ++inputs;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(frames, 2 * kEach);
  EXPECT_EQ(inputs, 2 * kEach);
}

}  // namespace punktfunk::abi
