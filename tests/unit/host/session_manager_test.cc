// SPDX-License-Identifier: MIT OR Apache-2.0
// Sessions as the management API sees them, and what a device gets that comes back: a host of synthetic
// access units and clients, on real sockets of this machine.
#include "host/session/session_manager.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/random.h"
#include "control/identity/identity.h"
#include "control/identity/trust_store.h"
#include "endpoint/client_endpoint.h"
#include "scratch_folder.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::CloseCode;

// Generous: it bounds a failure and paces nothing.
constexpr auto kPatience = seconds(20);

class Viewer final : public endpoint::ClientEvents {
 public:
  Viewer(const control::Identity& identity, const SocketAddress& host, RandomSource& random)
      : endpoint_(endpoint::ClientEndpoint::create({}, host, &identity, random, *this).value()) {}
  ~Viewer() override { vanish(); }

  void connect(const control::Fingerprint& host, std::optional<wire::SessionId> resume = std::nullopt,
               std::uint32_t width = 640) {
    wire::ClientHello hello;
    hello.mode = {width, 480, 30};
    hello.video_codecs = wire::kCodecH264;
    hello.bitrate_kbps = 2000;
    hello.resume = resume;
    hello.features.set(wire::kClientHostTiming);
    endpoint::ConnectOptions options;
    options.pin = host;
    endpoint_->connect(options, hello);
  }
  // As a program that was killed: not another word.
  void vanish() {
    if (endpoint_) endpoint_->stop();
  }

  bool wait_for_frames(std::uint64_t count) {
    return wait([&] { return frames_ >= count || end_; }) && !end_;
  }
  bool wait_for_keyframes(std::uint64_t count) {
    return wait([&] { return keyframes_ >= count; });
  }
  std::optional<endpoint::ClientEnd> wait_for_end() {
    (void)wait([&] { return end_.has_value(); });
    const std::lock_guard lock(mutex_);
    return end_;
  }
  wire::SessionId session_id() {
    const std::lock_guard lock(mutex_);
    return session_id_;
  }
  std::uint64_t keyframes() {
    const std::lock_guard lock(mutex_);
    return keyframes_;
  }

 private:
  bool wait(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, done);
  }
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  void on_pending() override {}
  void on_session(const wire::ServerHello& hello, const control::Fingerprint&) override {
    note([&] { session_id_ = hello.session_id; });
  }
  void on_stream_config(const wire::StreamConfig&) override {}
  void on_frame(media::Frame frame) override {
    note([&] {
      ++frames_;
      if ((frame.flags & wire::kFlagKeyframe) != 0) ++keyframes_;
    });
  }
  void on_host_timing(const wire::HostTiming&) override {}
  void on_paired(const control::Fingerprint&) override {}
  void on_ended(const endpoint::ClientEnd& end) override {
    note([&] { end_ = end; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t frames_ = 0, keyframes_ = 0;
  wire::SessionId session_id_{};
  std::optional<endpoint::ClientEnd> end_;
  std::unique_ptr<endpoint::ClientEndpoint> endpoint_;  // last: its thread calls the above
};

class SessionManagerTest : public testing::Test {
 protected:
  void open(const AdmissionPolicy& policy = {}, std::function<void(bool)> on_activity = {}) {
    SessionSettings settings;
    settings.source = VideoSource::synthetic;
    manager_ = std::make_unique<SessionManager>(settings, nullptr, policy);
    socket_ = UdpSocket::bind(*SocketAddress::parse("127.0.0.1", 0)).value();
    endpoint_ = endpoint::HostEndpoint::create({}, *socket_, host_, clients_, random_, *manager_).value();
    manager_->attach(*endpoint_);
    manager_->on_activity(std::move(on_activity));
    ASSERT_TRUE(clients_.put({couch_.fingerprint(), "Couch"}));
    ASSERT_TRUE(clients_.put({desk_.fingerprint(), "Desk"}));
    endpoint_->start();
  }
  void TearDown() override {
    if (!endpoint_) return;
    endpoint_->stop(CloseCode::host_going_down, "The host was stopped.");
    manager_->stop();
  }
  std::unique_ptr<Viewer> viewer(const control::Identity& identity) {
    return std::make_unique<Viewer>(identity, socket_->local_address(), random_);
  }
  std::unique_ptr<Viewer> streaming(const control::Identity& identity) {
    auto out = viewer(identity);
    out->connect(host_.fingerprint());
    EXPECT_TRUE(out->wait_for_frames(3));
    return out;
  }
  // The one session that is not ending.
  SessionInfo only() {
    std::optional<SessionInfo> found;
    for (const SessionInfo& info : manager_->sessions()) {
      if (info.state == SessionInfo::State::ending) continue;
      EXPECT_FALSE(found) << "two sessions";
      found = info;
    }
    EXPECT_TRUE(found) << "no session";
    return found.value_or(SessionInfo{});
  }

  SystemRandom random_;
  test::ScratchFolder folder_;
  control::Identity host_ = control::Identity::create_ephemeral("punktfunk-host").value();
  control::Identity couch_ = control::Identity::create_ephemeral("punktfunk-client").value();
  control::Identity desk_ = control::Identity::create_ephemeral("punktfunk-client").value();
  control::TrustStore clients_ = control::TrustStore::open(folder_.path()).value();
  std::unique_ptr<SessionManager> manager_;
  std::unique_ptr<UdpSocket> socket_;
  std::unique_ptr<endpoint::HostEndpoint> endpoint_;
};

TEST_F(SessionManagerTest, ListsWhatRuns) {
  open();
  EXPECT_TRUE(manager_->sessions().empty());
  const auto couch = streaming(couch_);
  const SessionInfo info = only();
  EXPECT_EQ(info.device_name, "Couch");
  EXPECT_EQ(info.fingerprint, couch_.fingerprint());
  EXPECT_EQ(info.address.ip(), "127.0.0.1");
  EXPECT_EQ(info.state, SessionInfo::State::streaming);
  EXPECT_EQ(info.mode, (wire::Mode{640, 480, 30}));
  EXPECT_EQ(info.bitrate_kbps, 2000u);
  EXPECT_EQ(info.codec, wire::kCodecH264);
  EXPECT_EQ(info.display, 0u) << "synthetic access units need no display";
  EXPECT_GT(info.statistics.frames, 0u);
  EXPECT_NEAR(static_cast<double>(info.since_unix_s), static_cast<double>(wall_clock_ns()) / 1e9, 60);
  EXPECT_TRUE(manager_->displays().empty());
}

TEST_F(SessionManagerTest, StopsWithWordsAndAsksForKeyframes) {
  open();
  const auto couch = streaming(couch_);
  const auto desk = streaming(desk_);
  const auto before = couch->keyframes();
  const auto sessions = manager_->sessions();
  ASSERT_EQ(sessions.size(), 2u);
  ASSERT_TRUE(manager_->request_keyframe(sessions[0].id));
  EXPECT_TRUE(couch->wait_for_keyframes(before + 1));
  ASSERT_TRUE(manager_->stop_session(sessions[0].id, "Bed time."));
  const auto end = couch->wait_for_end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, CloseCode::denied);
  EXPECT_EQ(end->message, "Bed time.");
  EXPECT_EQ(only().device_name, "Desk");
  EXPECT_TRUE(desk->wait_for_frames(10));
  EXPECT_FALSE(manager_->stop_session(4711, ""));
  EXPECT_FALSE(manager_->request_keyframe(4711));
}

TEST_F(SessionManagerTest, ALostSessionThatIsNamedMakesRoomAtOnce) {
  open({.when_busy = WhenBusy::refuse, .max_sessions = 1, .max_encoders = 1});
  const auto lost = streaming(couch_);  // lives, as it would after a change of networks that went unnoticed
  const auto back = viewer(couch_);
  back->connect(host_.fingerprint(), lost->session_id(), 800);
  EXPECT_TRUE(back->wait_for_frames(3));
  const auto end = lost->wait_for_end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, CloseCode::superseded);
  EXPECT_EQ(only().mode.width, 800u);
}

TEST_F(SessionManagerTest, NobodyEndsTheSessionOfAnotherDevice) {
  open({.when_busy = WhenBusy::refuse});
  const auto couch = streaming(couch_);
  const auto thief = viewer(desk_);
  thief->connect(host_.fingerprint(), couch->session_id());
  const auto end = thief->wait_for_end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, CloseCode::busy);
  EXPECT_NE(end->message.find("\"Couch\" has been streaming since "), std::string::npos) << end->message;
  EXPECT_TRUE(couch->wait_for_frames(10));
  EXPECT_EQ(only().device_name, "Couch");
  // The owner thinks better of it.
  manager_->set_admission({.when_busy = WhenBusy::take_over});
  const auto desk = streaming(desk_);
  EXPECT_EQ(couch->wait_for_end()->message, "\"Desk\" took this session over.");
}

TEST_F(SessionManagerTest, AVanishedSessionMakesRoomOnceItWasSilent) {
  open({.max_sessions = 1});
  streaming(couch_)->vanish();
  const auto back = viewer(couch_);
  const TimePoint asked = monotonic_now();
  back->connect(host_.fingerprint());
  EXPECT_TRUE(back->wait_for_frames(3));
  // Long before the idle timeout of 8 s would have ended it; the margin is for a busy machine.
  EXPECT_LT(to_seconds(monotonic_now() - asked), 6.0);
  EXPECT_EQ(only().device_name, "Couch");
}

TEST_F(SessionManagerTest, ANewcomerThatGivesUpWhileItWaitsIsForgotten) {
  open({.max_sessions = 1});
  streaming(couch_)->vanish();
  {
    const auto impatient = viewer(couch_);
    impatient->connect(host_.fingerprint());
    const TimePoint limit = monotonic_now() + kPatience;
    while (manager_->sessions().size() < 2 && monotonic_now() < limit) std::this_thread::yield();
  }
  const auto back = viewer(couch_);
  back->connect(host_.fingerprint());
  EXPECT_TRUE(back->wait_for_frames(3));
}

TEST_F(SessionManagerTest, ActivityIsToldAndEverybodyHearsThatTheHostStops) {
  std::mutex mutex;
  std::vector<bool> told;
  open({}, [&](bool streams) {
    const std::lock_guard lock(mutex);
    told.push_back(streams);
  });
  const auto couch = streaming(couch_);
  const auto desk = streaming(desk_);
  endpoint_->end_all(CloseCode::host_going_down, "The host goes to sleep.");
  for (Viewer* one : {couch.get(), desk.get()}) {
    const auto end = one->wait_for_end();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, CloseCode::host_going_down);
    EXPECT_EQ(end->message, "The host goes to sleep.");
  }
  const auto again = streaming(couch_);
  endpoint_->stop(CloseCode::host_going_down, "The host was stopped.");
  const auto end = again->wait_for_end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->message, "The host was stopped.");
  const std::lock_guard lock(mutex);
  EXPECT_EQ(told, (std::vector<bool>{true, false, true, false}));
}

}  // namespace
}  // namespace punktfunk::host
