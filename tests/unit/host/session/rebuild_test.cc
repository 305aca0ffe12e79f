// SPDX-License-Identifier: MIT OR Apache-2.0
// Whole sessions of a real host and a real client on this machine, whose parts break when a test says so.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "client/session/stream_session.h"
#include "control/identity/trust_store.h"
#include "host/display/fake/fake_display.h"
#include "host/input/fake/fake_injector.h"
#include "host/session/session_manager.h"
#include "host/session/ticking_capturer.h"
#include "scratch_folder.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk::host {
namespace {

using namespace std::chrono_literals;
constexpr Duration kPatience = 30s;
constexpr std::uint32_t kHz = 120;

// What the test breaks, by number of the part in the order in which the session asked for it.
struct Faults {
  std::mutex mutex;
  std::deque<int> pictures_until_capture_ends;  // of each capturer; what is missing never ends
  std::deque<int> pictures_until_encoder_fails;
  std::atomic<std::int64_t> encode_ms = 0;  // what each picture takes longer
  int capturers = 0;
  int encoders = 0;
  std::vector<DisplayMode> captured_modes;

  static int next(std::deque<int>& list) {
    if (list.empty()) return -1;
    const int value = list.front();
    list.pop_front();
    return value;
  }
};

class BreakingCapturer final : public Capturer, private CaptureSink {
 public:
  explicit BreakingCapturer(int pictures) : left_(pictures), ticks_(kHz * 1000) {}
  Result<void> start(CaptureSink& sink) override {
    sink_ = &sink;
    return ticks_.start(*this);
  }
  void stop() override { ticks_.stop(); }
  void request_frame() override {}
  CaptureStats stats() const override { return ticks_.stats(); }
  const char* name() const override { return "breaking"; }

 private:
  void on_frame(CapturedFrame frame) override {
    if (left_ == 0) return;
    if (left_ > 0 && --left_ == 0) return sink_->on_capture_ended({"The fake capture ended."});
    sink_->on_frame(std::move(frame));
  }
  void on_capture_ended(const Error&) override {}
  int left_;
  CaptureSink* sink_ = nullptr;
  TickingCapturer ticks_;
};

class BreakingEncoder final : public VideoEncoder {
 public:
  BreakingEncoder(int pictures, const EncoderConfig& config, const std::atomic<std::int64_t>& work_ms)
      : left_(pictures), work_ms_(work_ms) {
    SyntheticConfig synthetic;
    synthetic.video = config;
    inner_ = create_synthetic_encoder(synthetic);
  }
  Result<EncodedFrame> encode(const I420View& picture, bool force_keyframe) override {
    if (left_ == 0) return punktfunk::fail("The fake encoder failed.");
    if (left_ > 0) --left_;
    // The work of a slow encoder; nothing waits for it.
    std::this_thread::sleep_for(std::chrono::milliseconds(work_ms_));
    return inner_->encode(picture, force_keyframe);
  }
  BitRate set_bitrate(BitRate rate) override { return inner_->set_bitrate(rate); }
  std::string describe() const override { return "breaking"; }

 private:
  int left_;
  const std::atomic<std::int64_t>& work_ms_;
  std::unique_ptr<VideoEncoder> inner_;
};

// Gives fake displays out, and kills them.
class MortalDisplays final : public DisplayBackend {
 public:
  const char* name() const override { return "mortal"; }
  Result<std::unique_ptr<Display>> create(const DisplayRequest& request) override {
    auto display = std::make_unique<FakeDisplay>(request.mode, counters);
    const std::lock_guard lock(mutex_);
    newest_ = display->death();
    return display;
  }
  void kill_newest() {
    const std::lock_guard lock(mutex_);
    newest_->strike();
  }
  std::shared_ptr<FakeDisplayBackend::Counters> counters = std::make_shared<FakeDisplayBackend::Counters>();

 private:
  std::mutex mutex_;
  std::shared_ptr<FakeDisplay::Death> newest_;
};

class Listener final : public client::StreamListener {
 public:
  void on_connected(const wire::ServerHello& hello, const control::Fingerprint&) override {
    note([&] { features = hello.features; });
  }
  void on_ended(const endpoint::ClientEnd& why) override {
    note([&] { end = why; });
  }
  void on_reconfigured(const wire::Reconfigured& answer) override {
    note([&] { answers.push_back(answer); });
  }
  void on_mode_changed(const client::ModeChange& change) override {
    note([&] { changes.push_back(change); });
  }
  void on_access_unit(ByteView, const client::FrameReport&) override {
    note([&] { ++units; });
  }
  void on_picture(const client::Picture&, const client::FrameReport&) override {}
  void on_statistics(const client::StreamStatistics& now) override {
    note([&] { rate = now.network.node.rate, reason = now.network.node.rate_reason; });
  }

  [[nodiscard]] bool wait(const std::function<bool()>& done) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kPatience, done);
  }
  // Until `count` more access units came.
  [[nodiscard]] bool wait_units(std::uint64_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kPatience, [&, until = units + count] { return units >= until || end; }) &&
           !end;
  }

  std::mutex mutex;
  std::condition_variable changed;
  wire::FeatureSet features;
  std::uint64_t units = 0;
  std::vector<wire::Reconfigured> answers;
  std::vector<client::ModeChange> changes;
  BitRate rate;  // once a second, and so is the next
  std::optional<wire::BitrateReason> reason;
  std::optional<endpoint::ClientEnd> end;

 private:
  template <class F>
  void note(F write) {
    const std::lock_guard lock(mutex);
    write();
    changed.notify_all();
  }
};

class SessionRebuild : public ::testing::Test {
 protected:
  void start(bool ties_modes = true, std::uint32_t fixed_kbps = 0) {
    SessionSettings settings;
    settings.parts.capturer = [this](const CaptureSource& source) -> Result<std::unique_ptr<Capturer>> {
      const std::lock_guard lock(faults_.mutex);
      ++faults_.capturers;
      faults_.captured_modes.push_back(source.mode);
      return std::make_unique<BreakingCapturer>(Faults::next(faults_.pictures_until_capture_ends));
    };
    settings.parts.encoder = [this](const EncoderConfig& config) -> Result<EncoderChoice> {
      const std::lock_guard lock(faults_.mutex);
      ++faults_.encoders;
      return EncoderChoice{std::make_unique<BreakingEncoder>(
                               Faults::next(faults_.pictures_until_encoder_fails), config, faults_.encode_ms),
                           "fake"};
    };
    settings.parts.injector = [](const InjectorTarget&) -> Result<std::unique_ptr<Injector>> {
      return std::make_unique<FakeInjector>();
    };
    auto backend = std::make_unique<MortalDisplays>();
    displays_ = backend.get();
    counters_ = backend->counters;
    sessions_.emplace(settings, std::make_unique<DisplayRegistry>(std::move(backend)));
    ASSERT_TRUE(clients_.put({client_.fingerprint(), "Couch"}).has_value());
    endpoint_ = endpoint::HostEndpoint::create({}, *socket_, host_, clients_, random_, *sessions_).value();
    sessions_->attach(*endpoint_);
    endpoint_->start();

    client::StreamOptions options;
    options.host = *SocketAddress::parse("127.0.0.1", socket_->local_address().port());
    options.pin = host_.fingerprint();
    options.hello.suites = {wire::kSuiteAes128Gcm};
    options.hello.mode = {640, 480, kHz};
    options.hello.video_codecs = wire::kCodecH264;
    options.hello.features.set(wire::kClientExtension);
    options.hello.abr_features = wire::kReadsBitrateReason;
    options.hello.bitrate_kbps = fixed_kbps;
    if (ties_modes) options.hello.features.set(wire::kStreamConfig);
    options.decode = false;
    session_ = client::StreamSession::start(options, client_, random_, listener_).value();
    ASSERT_TRUE(listener_.wait([&] { return listener_.units > 0 || listener_.end; }));
  }
  void TearDown() override {
    if (session_) {
      session_->quit();
      session_->stop();
    }
    if (endpoint_) endpoint_->stop(wire::CloseCode::host_going_down, "");
    if (sessions_) sessions_->stop();
  }
  SessionStatistics host_statistics() {
    const auto list = sessions_->sessions();
    return list.empty() ? SessionStatistics{} : list.front().statistics;
  }

  Faults faults_;
  test::ScratchFolder folder_;
  SystemRandom random_;
  control::Identity host_ = control::Identity::create_ephemeral("punktfunk-host").value();
  control::Identity client_ = control::Identity::create_ephemeral("punktfunk-client").value();
  control::TrustStore clients_ = control::TrustStore::open(folder_.path()).value();
  std::unique_ptr<UdpSocket> socket_ = UdpSocket::bind(*SocketAddress::parse("127.0.0.1", 0)).value();
  MortalDisplays* displays_ = nullptr;
  std::shared_ptr<FakeDisplayBackend::Counters> counters_;
  std::optional<SessionManager> sessions_;
  std::unique_ptr<endpoint::HostEndpoint> endpoint_;
  Listener listener_;
  std::unique_ptr<client::StreamSession> session_;
};

TEST_F(SessionRebuild, CaptureAndEncoderThatFailAreReplacedOnTheSameDisplay) {
  faults_.pictures_until_capture_ends = {20};
  faults_.pictures_until_encoder_fails = {-1, 20};
  start();
  ASSERT_TRUE(listener_.wait([&] { return listener_.units >= 60 || listener_.end; }));
  ASSERT_FALSE(listener_.end) << listener_.end->message;
  EXPECT_EQ(session_->statistics().epochs, 2u);
  EXPECT_EQ(session_->statistics().network.node.media.frames_lost, 0u) << "frame indices go on";
  EXPECT_EQ(counters_->created, 1);
  const SessionStatistics statistics = host_statistics();
  EXPECT_EQ(statistics.rebuilds, 2u);
  EXPECT_EQ(statistics.epoch, 2);
  EXPECT_EQ(statistics.last_fault, "The fake encoder failed.");
  EXPECT_EQ(statistics.encoder, "breaking");
  EXPECT_GE(statistics.frames, 40u);
  EXPECT_TRUE(listener_.changes.empty()) << "the mode is what it was";
}

TEST_F(SessionRebuild, ADisplayThatDiesIsReplaced) {
  start();
  ASSERT_TRUE(listener_.wait_units(10));
  displays_->kill_newest();
  ASSERT_TRUE(listener_.wait([&] { return counters_->created == 2; }));
  ASSERT_TRUE(listener_.wait_units(10));
  EXPECT_EQ(session_->statistics().epochs, 1u);
  EXPECT_EQ(host_statistics().last_fault, "The fake display was told to die.");
  EXPECT_EQ(counters_->destroyed, 1);
}

TEST_F(SessionRebuild, AnEncoderThatAlwaysFailsEndsTheSessionInWordsOnTheClient) {
  faults_.pictures_until_encoder_fails = {5, 0, 0, 0, 0};
  start();
  ASSERT_TRUE(listener_.wait([&] { return listener_.end.has_value(); }));
  EXPECT_EQ(listener_.end->kind, endpoint::EndKind::refused);
  EXPECT_EQ(listener_.end->code, wire::CloseCode::setup_failed);
  EXPECT_NE(listener_.end->message.find("rebuilt 3 times"), std::string::npos) << listener_.end->message;
  EXPECT_NE(listener_.end->message.find("The fake encoder failed."), std::string::npos);
  const std::lock_guard lock(faults_.mutex);
  EXPECT_EQ(faults_.encoders, 4);
}

TEST_F(SessionRebuild, AModeIsChangedOnTheSameDisplayAndBothEndsFollow) {
  start();
  ASSERT_TRUE(listener_.features.has(wire::kStreamConfig));
  ASSERT_TRUE(listener_.wait_units(5));
  const wire::Mode wanted{1920, 1080, 60};
  session_->reconfigure(wanted);
  ASSERT_TRUE(listener_.wait([&] { return listener_.changes.size() == 1; }));
  EXPECT_EQ(listener_.changes[0].mode, wanted);
  EXPECT_EQ(listener_.changes[0].epoch, 1);
  EXPECT_EQ(listener_.answers, (std::vector<wire::Reconfigured>{{true, wanted}}));
  ASSERT_TRUE(listener_.wait_units(5));
  EXPECT_EQ(counters_->created, 1);
  EXPECT_EQ(counters_->mode_changes, 1);
  const SessionStatistics statistics = host_statistics();
  EXPECT_EQ(statistics.mode, wanted);
  EXPECT_EQ(statistics.mode_changes, 1u);
  EXPECT_EQ(statistics.rebuilds, 0u) << "nothing broke";
  EXPECT_EQ(statistics.wire_budget, automatic_bitrate(wanted)) << "the rate fits the larger picture";
  const std::lock_guard lock(faults_.mutex);
  ASSERT_EQ(faults_.captured_modes.size(), 2u);
  EXPECT_EQ(faults_.captured_modes[1], DisplayMode::from_hz(1920, 1080, 60));
}

TEST_F(SessionRebuild, ADisplayThatKeepsItsSizeIsSaidToAClientWithoutEpochs) {
  start(false);
  ASSERT_FALSE(listener_.features.has(wire::kStreamConfig));
  ASSERT_TRUE(listener_.wait_units(5));
  counters_->refuse_mode_changes = true;
  session_->reconfigure({800, 600, kHz});
  ASSERT_TRUE(listener_.wait([&] { return listener_.answers.size() == 2; }));
  EXPECT_EQ(listener_.answers[0], (wire::Reconfigured{true, {800, 600, kHz}}));
  EXPECT_EQ(listener_.answers[1], (wire::Reconfigured{false, {640, 480, kHz}}));
  ASSERT_TRUE(listener_.wait_units(5));
  EXPECT_TRUE(listener_.changes.empty());
  EXPECT_EQ(host_statistics().mode_changes, 0u);
}

TEST_F(SessionRebuild, AnEncoderSlowerThanItsPicturesGetsFewerBitsUntilAnotherMode) {
  faults_.encode_ms = 12;  // of 8.3 ms
  start();
  ASSERT_TRUE(listener_.wait([&] { return listener_.reason == wire::BitrateReason::cadence; }));
  const BitRate first = automatic_bitrate({640, 480, kHz});
  {
    const std::lock_guard lock(listener_.mutex);
    EXPECT_LT(listener_.rate, first);
    EXPECT_GE(listener_.rate.kbps(), first.kbps() / 4);
  }
  const SessionStatistics slow = host_statistics();
  ASSERT_TRUE(slow.cadence_ceiling);
  EXPECT_LT(slow.wire_budget, first);

  faults_.encode_ms = 0;
  const wire::Mode wanted{1280, 720, 60};
  session_->reconfigure(wanted);
  ASSERT_TRUE(listener_.wait(
      [&] { return listener_.changes.size() == 1 && listener_.reason == wire::BitrateReason::granted; }));
  EXPECT_FALSE(host_statistics().cadence_ceiling) << "it was about other pictures";
  EXPECT_GT(host_statistics().wire_budget, first) << "the rate fits the larger picture";
}

TEST_F(SessionRebuild, AFixedRateStaysHoweverSlowTheEncoder) {
  faults_.encode_ms = 12;
  start(true, 4'000);
  for (int i = 0; i < 30 && !host_statistics().cadence_ceiling; ++i) ASSERT_TRUE(listener_.wait_units(20));
  EXPECT_TRUE(host_statistics().cadence_ceiling);
  ASSERT_TRUE(listener_.wait_units(20));  // more than the session's thread takes to look
  EXPECT_EQ(host_statistics().wire_budget.kbps(), 4'000u);
}

TEST_F(SessionRebuild, ModesThatNoDisplayHasAreRefused) {
  start();
  session_->reconfigure({63, 480, 60});
  session_->reconfigure({640, 480, 4'294'968});  // times 1000 wraps around to an ordinary rate
  ASSERT_TRUE(listener_.wait([&] { return listener_.answers.size() == 2; }));
  for (const auto& answer : listener_.answers)
    EXPECT_EQ(answer, (wire::Reconfigured{false, {640, 480, kHz}}));
  EXPECT_EQ(counters_->mode_changes, 0);
}

}  // namespace
}  // namespace punktfunk::host
