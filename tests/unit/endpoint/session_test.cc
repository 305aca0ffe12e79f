// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <iostream>
#include <random>
#include <thread>

#include "core/wire/media_header.h"
#include "endpoint/session_input.h"
#include "transport/loopback/loopback.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk::endpoint {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 20261121;
constexpr std::uint64_t kOrigin = 1'700'000'000'000'000'000;

Secret<32> secret(std::uint8_t fill) {
  std::array<std::uint8_t, 32> bytes;
  bytes.fill(fill);
  return Secret<32>(bytes);
}

Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

wire::InputEvent key(std::uint32_t code) { return {wire::InputKind::key_down, code, 0, 0, 0}; }

// A host and a client joined by a loopback, in virtual time.
class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    std::cout << "seed " << kSeed << "\n";
    auto pair = make_loopback_pair();
    host_socket_ = std::move(pair->first);
    client_socket_ = std::move(pair->second);
    host_ = make(Role::host);
    client_ = make(Role::client);
  }

  SessionConfig config(Role role) {
    SessionConfig config;
    config.role = role;
    config.exporter = secret(7);
    config.clock_origin_ns = kOrigin;
    config.remote = (role == Role::host ? client_socket_ : host_socket_)->local_address();
    config.now = [this] { return now_; };
    config.wait_until = [this](TimePoint at) {
      EXPECT_GT(at, now_);
      now_ = at;
      waits_.push_back(at);
    };
    return config;
  }
  std::unique_ptr<Session> make(const SessionConfig& config) {
    auto session = Session::create(config, config.role == Role::host ? host_socket_ : client_socket_);
    EXPECT_TRUE(session.has_value()) << session.error().message;
    return std::move(*session);
  }
  std::unique_ptr<Session> make(Role role) { return make(config(role)); }

  // One frame every 10 ms.
  Session::FrameInfo info(bool keyframe = false) {
    capture_ns_ += 10'000'000;
    Session::FrameInfo info;
    info.capture_ns = capture_ns_;
    if (keyframe) info.flags = wire::kFlagKeyframe;
    return info;
  }
  void submit(std::size_t size, bool keyframe = false) {
    const auto outcome = host_->submit_frame(random_bytes(random_, size), info(keyframe));
    ASSERT_TRUE(outcome.has_value());
    ASSERT_EQ(outcome->dropped, 0U);
  }
  // Indices of what poll_frame() gives until nothing is left.
  std::vector<std::uint32_t> drain() {
    std::vector<std::uint32_t> indices;
    while (auto frame = *client_->poll_frame()) {
      indices.push_back(frame->index);
      EXPECT_TRUE(client_->recycle(std::move(frame->au)).has_value());
    }
    return indices;
  }

  std::mt19937_64 random_{kSeed};
  TimePoint now_{1s};
  std::uint64_t capture_ns_ = kOrigin;
  std::vector<TimePoint> waits_;
  std::shared_ptr<DatagramSocket> host_socket_, client_socket_;
  std::unique_ptr<Session> host_, client_;
};

TEST_F(SessionTest, FramesArriveByteForByte) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{1408}, std::size_t{1409}, std::size_t{300'000}}) {
    const Bytes au = random_bytes(random_, size);
    Session::FrameInfo sent = info(size == 0);
    sent.epoch = 3;
    ASSERT_TRUE(host_->submit_frame(au, sent).has_value());
    auto frame = client_->poll_frame();
    ASSERT_TRUE(frame.has_value() && frame->has_value()) << size;
    EXPECT_EQ((*frame)->au, au);
    EXPECT_EQ((*frame)->capture_ns, sent.capture_ns);
    EXPECT_EQ((*frame)->epoch, 3);
    EXPECT_EQ((*frame)->flags, sent.flags | wire::kFlagPicture);
    EXPECT_FALSE(client_->poll_frame()->has_value());
  }
  const Session::Stats host = host_->stats();
  const Session::Stats client = client_->stats();
  EXPECT_EQ(host.frames_sealed, 5U);
  EXPECT_EQ(client.frames_delivered, 5U);
  EXPECT_EQ(host.sent_datagrams, host.datagrams_sealed);
  EXPECT_EQ(client.media.packets_received, host.datagrams_sealed);
  EXPECT_EQ(client.media.packets_dropped(), 0U);
}

TEST_F(SessionTest, OneLaneAndTwoSealTheSameBytes) {
  SessionConfig one = config(Role::host);
  one.two_lanes = false;
  const auto single = make(one);
  for (const std::size_t size : {std::size_t{1000}, std::size_t{170'000}, std::size_t{3'000'000}}) {
    const Bytes au = random_bytes(random_, size);
    const Session::FrameInfo frame = info();
    const ByteView expected = *single->seal_frame(au, frame);
    const ByteView sealed = *host_->seal_frame(au, frame);
    EXPECT_TRUE(std::equal(sealed.begin(), sealed.end(), expected.begin(), expected.end())) << size;
  }
}

// One read of a UDP socket brings up to 512 datagrams, and they may be as many frames: more than the receiver
// holds ready.
TEST_F(SessionTest, ManySmallFramesInOneReadAllArrive) {
  const SocketAddress any_port = *SocketAddress::parse("127.0.0.1", 0);
  host_socket_ = UdpSocket::bind(any_port).value();
  client_socket_ = UdpSocket::bind(any_port).value();
  host_ = make(Role::host);
  client_ = make(Role::client);
  Bytes datagrams;
  for (int i = 0; i < 300; ++i) {
    Session::FrameInfo one = info();
    one.parity_percent = 0;
    append(datagrams, *host_->seal_frame(Bytes(10), one));
  }
  ASSERT_EQ(host_->send_sealed(datagrams)->sent, 300U);
  std::vector<std::uint32_t> indices;
  for (pollfd entry{client_->fd(), POLLIN, 0}; indices.size() < 300 && ::poll(&entry, 1, 5000) == 1;) {
    for (const std::uint32_t index : drain()) indices.push_back(index);
    if (client_->stats().media.frames_lost > 0) break;
  }
  EXPECT_EQ(indices.size(), 300U);
  EXPECT_EQ(client_->stats().media.frames_lost, 0U);
}

TEST_F(SessionTest, SealedDatagramsAreSentByTheCaller) {
  const auto sealed = host_->seal_frame(random_bytes(random_, 10'000), info(true));
  ASSERT_TRUE(sealed.has_value());
  EXPECT_TRUE(drain().empty());
  // Eight data shards, two parity shards; without the first two it still comes through.
  const std::size_t each = host_->datagram_bytes();
  ASSERT_EQ(sealed->size(), 10 * each);
  EXPECT_EQ(host_->send_sealed(sealed->subspan(2 * each, 4 * each))->sent, 4U);
  EXPECT_TRUE(drain().empty());
  EXPECT_EQ(host_->send_sealed(sealed->subspan(6 * each))->sent, 4U);
  EXPECT_EQ(drain(), std::vector<std::uint32_t>{0});
  EXPECT_EQ(client_->stats().media.recovered_shards, 2U);
}

TEST_F(SessionTest, InputGoesTheOtherWay) {
  std::vector<wire::InputEvent> events = {key(65), {wire::InputKind::mouse_move, 0, -5, 7, 0}, key(66)};
  for (const auto& event : events) EXPECT_EQ(client_->send_input(event)->sent, 1U);
  for (const auto& event : events) EXPECT_EQ(*host_->poll_input(), event);
  EXPECT_EQ(*host_->poll_input(), std::nullopt);
  EXPECT_EQ(client_->stats().inputs_sent, 3U);
  EXPECT_EQ(host_->stats().inputs_received, 3U);
}

TEST_F(SessionTest, OtherRolesMethodsAreErrors) {
  const auto wrong = tl::unexpected(SessionError::wrong_role);
  EXPECT_EQ(client_->seal_frame(Bytes(10), info()), wrong);
  EXPECT_EQ(client_->send_sealed(Bytes(client_->datagram_bytes())).error(), SessionError::wrong_role);
  EXPECT_EQ(client_->submit_frame(Bytes(10), info()).error(), SessionError::wrong_role);
  EXPECT_EQ(client_->set_stream_rate({}).error(), SessionError::wrong_role);
  EXPECT_EQ(client_->poll_input().error(), SessionError::wrong_role);
  EXPECT_EQ(host_->poll_frame().error(), SessionError::wrong_role);
  EXPECT_EQ(host_->recycle({}).error(), SessionError::wrong_role);
  EXPECT_EQ(host_->flush_backlog().error(), SessionError::wrong_role);
  EXPECT_EQ(host_->send_input(key(65)).error(), SessionError::wrong_role);
  EXPECT_EQ(host_->stats().sent_datagrams + client_->stats().sent_datagrams, 0U);
}

TEST_F(SessionTest, BadArgumentsAreErrorsAndChangeNothing) {
  Session::FrameInfo early = info();
  early.capture_ns = kOrigin - 1;
  EXPECT_EQ(host_->seal_frame(Bytes(10), early).error(), SessionError::invalid_argument);
  Session::FrameInfo parity = info();
  parity.parity_percent = 91;
  EXPECT_EQ(host_->seal_frame(Bytes(10), parity).error(), SessionError::invalid_argument);
  EXPECT_EQ(host_->seal_frame(Bytes((8U << 20U) + 1), info()).error(), SessionError::frame_too_large);
  submit(10);
  Session::FrameInfo back = info();
  back.capture_ns -= 20'000'000;
  EXPECT_EQ(host_->submit_frame(Bytes(10), back).error(), SessionError::invalid_argument);
  EXPECT_EQ(host_->send_sealed({}).error(), SessionError::invalid_argument);
  EXPECT_EQ(host_->send_sealed(Bytes(1000)).error(), SessionError::invalid_argument);
  EXPECT_EQ(host_->set_stream_rate(BitRate::from_kbps(1000)).error(), SessionError::invalid_argument);
  wire::InputEvent unknown = key(65);
  unknown.kind = static_cast<wire::InputKind>(200);
  EXPECT_EQ(client_->send_input(unknown).error(), SessionError::invalid_argument);
  submit(10);
  EXPECT_EQ(drain(), (std::vector<std::uint32_t>{0, 1}));
}

TEST_F(SessionTest, ImpossibleParametersAreNamed) {
  const auto why = [this](auto change) {
    SessionConfig wrong = config(Role::host);
    change(wrong);
    const auto session = Session::create(wrong, host_socket_);
    return session ? std::string("accepted") : session.error().message;
  };
  EXPECT_THAT(why([](SessionConfig& c) { c.params.shard_payload = 1409; }), HasSubstr("1409"));
  EXPECT_THAT(why([](SessionConfig& c) { c.params.shard_payload = 510; }), HasSubstr("510"));
  EXPECT_THAT(why([](SessionConfig& c) { c.params.max_data_per_block = 0; }), HasSubstr("data shards"));
  EXPECT_THAT(why([](SessionConfig& c) {
                c.params.scheme = fec::Scheme::gf8;
                c.params.max_data_per_block = 256;
              }),
              HasSubstr("255"));
  EXPECT_THAT(why([](SessionConfig& c) { c.params.fec_percent = 91; }), HasSubstr("91"));
  EXPECT_THAT(why([](SessionConfig& c) { c.params.max_frame_bytes = 0; }), HasSubstr("largest frame"));
  EXPECT_THAT(why([](SessionConfig& c) { c.remote = {}; }), HasSubstr("address"));
  EXPECT_THAT(why([](SessionConfig& c) { c.pacing.stream_rate = BitRate::from_kbps(1); }),
              HasSubstr("interval"));
  EXPECT_FALSE(Session::create(config(Role::host), nullptr).has_value());
}

TEST_F(SessionTest, PacedFrameIsSpreadOverItsInterval) {
  SessionConfig paced = config(Role::host);
  paced.pacing.stream_rate = BitRate::from_kbps(20'000);
  paced.pacing.frame_interval = 16'666'667ns;
  host_ = make(paced);
  const TimePoint start = now_;
  submit(300'000, true);
  EXPECT_GT(now_ - start, 10ms);
  EXPECT_LT(now_ - start, paced.pacing.frame_interval);
  // 235 datagrams in groups of 16 at most.
  EXPECT_GE(waits_.size(), 14U);
  EXPECT_EQ(host_->stats().transport.send_calls, waits_.size() + 1);
  EXPECT_EQ(drain(), std::vector<std::uint32_t>{0});
  // Without a rate the next one leaves at once.
  ASSERT_TRUE(host_->set_stream_rate({}).has_value());
  waits_.clear();
  submit(300'000);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(SessionTest, FlushDropsTheQueueAndStartsAtTheNextKeyframe) {
  submit(5000, true);
  for (int i = 0; i < 20; ++i) submit(5000);
  EXPECT_EQ(*client_->flush_backlog(), 21U);
  submit(5000);
  EXPECT_TRUE(drain().empty());
  EXPECT_TRUE(client_->stats().waits_for_keyframe);
  submit(5000, true);
  submit(5000);
  EXPECT_EQ(drain(), (std::vector<std::uint32_t>{22, 23}));
  const Session::Stats stats = client_->stats();
  EXPECT_FALSE(stats.waits_for_keyframe);
  EXPECT_EQ(stats.frames_flushed, 22U);
  // Not a loss.
  EXPECT_EQ(stats.media.frames_lost, 0U);
  EXPECT_EQ(stats.media.frames_complete, 24U);
}

TEST_F(SessionTest, FlushKeepsAKeyframeThatIsTheNewestFrame) {
  for (int i = 0; i < 5; ++i) submit(5000);
  submit(5000, true);
  EXPECT_EQ(*client_->flush_backlog(), 5U);
  EXPECT_EQ(*client_->flush_backlog(), 0U);
  submit(5000);
  EXPECT_EQ(drain(), (std::vector<std::uint32_t>{5, 6}));
  EXPECT_EQ(client_->stats().frames_flushed, 5U);
}

TEST_F(SessionTest, FlushDropsAFrameThatHasBegunToArriveButNotAKeyframe) {
  for (const bool keyframe : {false, true}) {
    const auto sealed = host_->seal_frame(random_bytes(random_, 10'000), info(keyframe));
    const std::size_t half = 5 * host_->datagram_bytes();
    (void)host_->send_sealed(sealed->first(half));
    EXPECT_EQ(*client_->flush_backlog(), 0U);
    (void)host_->send_sealed(sealed->subspan(half));
    EXPECT_EQ(drain().size(), keyframe ? 1U : 0U);
  }
}

TEST_F(SessionTest, ForgedRepeatedAndForeignDatagramsAreCounted) {
  InputSealer sealer(secret(1), crypto::CipherSuite::aes128_gcm);  // another key
  const InputPacket forged = sealer.seal(key(65));
  const auto put = [this](ByteView bytes) {
    (void)client_socket_->send({}, host_socket_->local_address(), bytes, bytes.size());
  };
  put(forged);
  put(Bytes(1454));  // video-shaped, toward the host
  put(Bytes(1));
  EXPECT_EQ(*host_->poll_input(), std::nullopt);
  EXPECT_EQ(host_->stats().inputs_refused, 3U);

  // A recorded event sent again does nothing.
  const auto secrets = crypto::derive_direction_secrets(secret(7).view());
  InputSealer own(secrets.client_to_host, crypto::CipherSuite::aes128_gcm);
  const InputPacket event = own.seal(key(65));
  put(event);
  put(event);
  EXPECT_EQ(*host_->poll_input(), key(65));
  EXPECT_EQ(*host_->poll_input(), std::nullopt);
  EXPECT_EQ(host_->stats().inputs_refused, 4U);

  // Another address than the one configured.
  SessionConfig elsewhere = config(Role::host);
  elsewhere.remote = *SocketAddress::parse("192.0.2.77", 1);
  host_ = make(elsewhere);
  put(own.seal(key(66)));
  EXPECT_EQ(*host_->poll_input(), std::nullopt);
  EXPECT_EQ(host_->stats().foreign, 1U);
}

// Video cannot be reflected as input nor input as video: each direction has its own key.
TEST_F(SessionTest, ClientDropsInputShapedDatagrams) {
  const auto secrets = crypto::derive_direction_secrets(secret(7).view());
  InputSealer own(secrets.client_to_host, crypto::CipherSuite::aes128_gcm);
  (void)host_socket_->send({}, client_socket_->local_address(), own.seal(key(65)), kInputPacketBytes);
  EXPECT_TRUE(drain().empty());
  EXPECT_EQ(client_->stats().media.count(media::MediaReceiver::Outcome::bad_size), 1U);
}

TEST_F(SessionTest, EveryShapeOfParameters) {
  for (const auto suite : {crypto::CipherSuite::aes128_gcm, crypto::CipherSuite::chacha20_poly1305}) {
    for (const auto scheme : {fec::Scheme::gf16, fec::Scheme::gf8}) {
      for (const std::uint16_t shard : {std::uint16_t{512}, std::uint16_t{9170}}) {
        SessionConfig host = config(Role::host);
        host.params.suite = suite;
        host.params.scheme = scheme;
        host.params.shard_payload = shard;
        host.params.max_data_per_block = scheme == fec::Scheme::gf8 ? 100 : 4096;
        SessionConfig client = config(Role::client);
        client.params = host.params;
        host_ = make(host);
        client_ = make(client);
        const Bytes au = random_bytes(random_, 200'000);
        ASSERT_TRUE(host_->submit_frame(au, info(true)).has_value());
        auto frame = client_->poll_frame();
        ASSERT_TRUE(frame.has_value() && frame->has_value());
        EXPECT_EQ((*frame)->au, au);
        ASSERT_TRUE(client_->send_input(key(65)).has_value());
        EXPECT_EQ(*host_->poll_input(), key(65));
      }
    }
  }
}

// Each end on two threads, one sending and one receiving, in real time. Runs under ThreadSanitizer.
TEST_F(SessionTest, SendingAndReceivingThreads) {
  constexpr std::uint32_t kFrames = 100;
  SessionConfig host_config = config(Role::host);
  SessionConfig client_config = config(Role::client);
  for (SessionConfig* each : {&host_config, &client_config}) {
    each->now = monotonic_now;
    each->wait_until = nullptr;
    each->send_patience = 10s;
  }
  host_config.pacing.stream_rate = BitRate::from_kbps(1'000'000);
  host_config.pacing.frame_interval = 1ms;
  host_ = make(host_config);
  client_ = make(client_config);
  const Bytes au = random_bytes(random_, 60'000);
  std::thread sender([&] {
    for (std::uint32_t i = 0; i < kFrames; ++i) {
      EXPECT_TRUE(host_->submit_frame(au, info(i == 0)).has_value());
      (void)host_->stats();
    }
  });
  std::thread host_receiver([&] {
    for (std::uint32_t i = 0; i < kFrames;) {
      pollfd entry{host_->fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
      while (const auto event = *host_->poll_input()) EXPECT_EQ(event->code, i++);
    }
  });
  std::thread client_sender([&] {
    for (std::uint32_t i = 0; i < kFrames; ++i) EXPECT_TRUE(client_->send_input(key(i)).has_value());
    (void)client_->stats();
  });
  for (std::uint32_t i = 0; i < kFrames;) {
    pollfd entry{client_->fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
    while (auto frame = *client_->poll_frame()) {
      EXPECT_EQ(frame->index, i++);
      EXPECT_EQ(frame->au, au);
      (void)client_->recycle(std::move(frame->au));
    }
  }
  sender.join();
  host_receiver.join();
  client_sender.join();
}

}  // namespace
}  // namespace punktfunk::endpoint
