// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/host_session.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/log.h"
#include "control/identity/identity.h"
#include "core/session/bitrate_grant.h"
#include "host/session/input_router.h"
#include "host/session/ticking_capturer.h"

namespace punktfunk::host {

using wire::CloseCode;

namespace {

// Section 8.1, compositor 2: sway is one.
constexpr std::uint8_t kCompositorWlroots = 2;

// nullopt: a display can be made of it.
std::optional<std::string> objection_to(const wire::Mode& mode) {
  // 1000 times a hostile refresh rate may wrap around; the bound on the wire value comes first.
  if (mode.refresh_hz > kMaxRefreshMillihertz / 1000)
    return "The host cannot show more than 240 pictures a second; ask for fewer.";
  return refuse_mode(display_mode(mode));
}

// How long a session waits for older ones to give back what it is to get: their threads and their display
// end within a second even on a busy machine.
constexpr Duration kGiveBackLimit = std::chrono::seconds(5);
constexpr Duration kGiveBackStep = std::chrono::milliseconds(20);

}  // namespace

HostSession::HostSession(endpoint::SessionRequest request, const SessionSettings& settings,
                         DisplayRegistry* displays, endpoint::HostEndpoint& endpoint, SessionPlan plan)
    : request_(std::move(request)),
      settings_(settings),
      displays_(displays),
      endpoint_(endpoint),
      plan_(std::move(plan)) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pf-session");
    run();
  });
}

HostSession::~HostSession() {
  ended();
  thread_.join();
}

bool HostSession::wait_for_others() {
  const TimePoint limit = monotonic_now() + kGiveBackLimit;
  for (const auto& other : plan_.after) {
    while (other.wait_for(kGiveBackStep) != std::future_status::ready) {
      const std::lock_guard lock(mutex_);
      if (ended_ || monotonic_now() > limit) return false;
    }
  }
  is_waiting_ = false;
  return true;
}

void HostSession::run() {
  if (!wait_for_others()) {
    endpoint_.refuse(request_.id, CloseCode::busy,
                     "The earlier session did not end in time; try again in a moment.");
  } else if (const auto refusal = set_up()) {
    spdlog::warn("No session for \"{}\": {}", request_.device_name, refusal->reason);
    endpoint_.refuse(request_.id, refusal->code, refusal->reason);
  } else {
    // After the answer has left: the client's side of the handshake runs meanwhile.
    set_up_input();
    watch();
  }
  tear_down();
  give_back_.set_value();
  // Else what encoder and pictures took stays in the allocator's arenas: up to 20 MB after a few sessions at
  // 720p.
  ::malloc_trim(0);
  gone_ = true;
}

std::optional<HostSession::Refusal> HostSession::set_up() {
  const wire::ClientHello& hello = request_.hello;
  if (auto objection = objection_to(hello.mode)) return Refusal{CloseCode::setup_failed, *objection};
  const std::uint8_t codecs =
      settings_.source == VideoSource::synthetic ? wire::kCodecH264 : encodable_codecs();
  if (!hello.probe_only && (hello.video_codecs & codecs & wire::kCodecH264) == 0) {
    return Refusal{CloseCode::setup_failed,
                   "Host and client have no video codec in common; this host encodes H.264."};
  }
  BitRate budget = BitRate::from_kbps(hello.bitrate_kbps);
  if (budget.kbps() == 0) budget = plan_.default_bitrate;
  if (budget.kbps() == 0) budget = automatic_bitrate(hello.mode);
  budget = std::clamp(budget, media::kLowestBudget, settings_.max_bitrate);

  VideoPipeline::Setup setup;
  setup.source.mode = hello.mode;
  setup.wire_budget = budget;
  setup.frame_limit = settings_.frame_limit;
  if (hello.probe_only) {
    // Section 19: neither display nor encoder.
  } else if (settings_.source == VideoSource::synthetic) {
    setup.source = synthetic_source(hello.mode, budget, 0);
  } else if (auto refusal = set_up_desktop(setup)) {
    return refusal;
  }

  VideoPipeline::Callbacks callbacks;
  callbacks.failed = [this](const Fault& fault) { fail(fault); };
  callbacks.timing = [this](const wire::HostTiming& timing) {
    endpoint_.send_host_timing(request_.id, timing);
  };
  callbacks.finished = [this] { endpoint_.end(request_.id, CloseCode::done, "All frames were sent."); };
  callbacks.resumed = [this](Duration gap) {
    const auto ms = static_cast<std::uint32_t>(std::min(to_ms(gap), 4e9));
    spdlog::info("\"{}\" had no new picture for {} ms.", request_.device_name, ms);
    endpoint_.send_gap(request_.id, ms);
    const std::lock_guard lock(mutex_);
    told_.last_gap_ms = ms;
  };
  callbacks.probed = [this](const wire::ProbeResult& result) {
    endpoint_.send_probe_result(request_.id, result);
  };
  auto pipeline = std::make_unique<VideoPipeline>(std::move(setup), endpoint_.socket(), std::move(callbacks));
  if (const auto capturing = pipeline->start_capture(); !capturing) {
    return Refusal{CloseCode::setup_failed, capturing.error().message};
  }
  mode_ = hello.mode;
  {
    const std::lock_guard lock(mutex_);
    told_.mode = mode_;
  }
  {
    const std::lock_guard lock(parts_mutex_);
    pipeline_ = std::move(pipeline);
    asked_ = budget;
  }
  endpoint::SessionAnswer answer;
  answer.mode = hello.mode;
  answer.bitrate_kbps = static_cast<std::uint32_t>(budget.kbps());
  answer.video_codec = wire::kCodecH264;
  answer.compositor = settings_.source == VideoSource::synthetic ? std::uint8_t{0} : kCompositorWlroots;
  answer.frame_limit = settings_.frame_limit;
  endpoint_.accept(request_.id, answer);
  return std::nullopt;
}

std::optional<HostSession::Refusal> HostSession::set_up_desktop(VideoPipeline::Setup& setup) {
  const auto refuse = [](const Error& error) { return Refusal{CloseCode::setup_failed, error.message}; };
  auto opening = open_encoder(setup.source.mode, setup.wire_budget);
  if (const auto acquired = acquire_display(setup.source.mode); !acquired) return refuse(acquired.error());
  if (lease_->mode() != display_mode(setup.source.mode))
    return Refusal{CloseCode::setup_failed, "The display just changed its size; connect again."};
  auto capturer = settings_.parts.capturer({lease_->wayland_socket(), lease_->output_name(), lease_->mode()});
  if (!capturer) return refuse(capturer.error());
  setup.source.capturer = std::move(*capturer);

  auto choice = opening.get();
  if (!choice) return refuse(choice.error());
  spdlog::info("{}", choice->why);
  setup.source.encoder = std::move(choice->encoder);
  return std::nullopt;
}

Result<void> HostSession::acquire_display(const wire::Mode& mode) {
  DisplayRequest wanted;
  wanted.mode = display_mode(mode);
  wanted.start_commands = settings_.start_commands;
  auto lease = displays_->acquire(control::fingerprint_hex(request_.fingerprint), wanted, plan_.share);
  if (!lease) return tl::unexpected(lease.error());
  lease_ = std::move(*lease);
  display_ = lease_.id();
  return {};
}

std::future<Result<EncoderChoice>> HostSession::open_encoder(const wire::Mode& mode, BitRate budget) const {
  EncoderConfig config;
  config.width = mode.width;
  config.height = mode.height;
  config.refresh_num = mode.refresh_hz;
  config.bitrate = budget;
  return std::async(std::launch::async, [this, config] { return settings_.parts.encoder(config); });
}

PictureSource HostSession::synthetic_source(const wire::Mode& mode, BitRate budget,
                                            std::uint32_t first_index) const {
  SyntheticConfig config;
  config.video = {mode.width, mode.height, mode.refresh_hz, 1, budget, VideoCodec::h264, 0};
  config.seed = settings_.synthetic_seed;
  config.first_index = first_index;
  PictureSource source;
  source.mode = mode;
  source.capturer = std::make_unique<TickingCapturer>(mode.refresh_hz * 1000);
  source.encoder = create_synthetic_encoder(config);
  return source;
}

void HostSession::set_up_input() {
  if (!lease_) return;
  auto injector = settings_.parts.injector({lease_->wayland_socket(), lease_->output_name()});
  if (!injector) return fail({FaultPart::capture, injector.error().message});
  const std::lock_guard lock(parts_mutex_);
  injector_ = std::move(*injector);
}

void HostSession::tear_down() {
  std::unique_ptr<VideoPipeline> pipeline;
  std::unique_ptr<Injector> injector;
  {
    const std::lock_guard lock(parts_mutex_);
    pipeline = std::move(pipeline_);
    injector = std::move(injector_);
  }
  if (pipeline) {
    pipeline->stop();
    const SessionStatistics stats = pipeline->statistics();
    spdlog::info(
        "The session of \"{}\" is over: {} frames, {} keyframes, {} packets not taken by the kernel.",
        request_.device_name, stats.frames, stats.keyframes, stats.datagrams_dropped);
  }
  injector.reset();  // releases what the client held down
  pipeline.reset();
  DisplayBook::Leave how = DisplayBook::Leave::lost;
  std::string new_key;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) how = leave_, new_key = new_key_;
    // Nobody is to come back to a display that broke again and again.
    if (is_beyond_repair_) how = DisplayBook::Leave::quit;
  }
  display_ = 0;
  lease_.release(how, new_key);
}

void HostSession::fail(const Fault& fault) {
  {
    const std::lock_guard lock(mutex_);
    if (!fault_) fault_ = fault;
  }
  changed_.notify_all();
}

void HostSession::started(endpoint::MediaGrant grant) {
  {
    const std::lock_guard lock(mutex_);
    grant_ = std::move(grant);
  }
  changed_.notify_all();
}

void HostSession::ended(DisplayBook::Leave how, std::string new_key) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    leave_ = how;
    new_key_ = std::move(new_key);
  }
  changed_.notify_all();
}

void HostSession::input(const wire::InputEvent& event) {
  {
    const std::lock_guard lock(parts_mutex_);
    if (!injector_ || !route_input(event, *injector_)) return;
    injector_->flush();
  }
  const TimePoint now = monotonic_now();
  const std::lock_guard lock(mutex_);
  input_at_ = now;
}

void HostSession::let_go() {
  const std::lock_guard lock(parts_mutex_);
  if (!injector_) return;
  injector_->release_all();
  injector_->flush();
}

void HostSession::feedback(const wire::Feedback& feedback) {
  const media::AskReader::Action action = asks_.read(feedback);
  const std::lock_guard lock(parts_mutex_);
  if (!pipeline_) return;
  if (pipeline_->on_loss_report(feedback)) {
    offload_off_ = true;
    spdlog::warn(
        "Packets to \"{}\" are lost when the kernel cuts them (segmentation offload); they are now sent one "
        "by "
        "one, which takes more processor time.",
        request_.device_name);
  }
  if (action == media::AskReader::Action::keyframe) pipeline_->request_keyframe();
  if (action == media::AskReader::Action::invalidate)
    pipeline_->go_on_without({*feedback.invalidate_first, *feedback.invalidate_last});
  if (asks_.read_resend(feedback)) pipeline_->send_again(*feedback.resend_frame, feedback.resend_shards);
}

wire::Mode HostSession::mode() const {
  const std::lock_guard lock(mutex_);
  return told_.mode.width != 0 ? told_.mode : request_.hello.mode;
}

void HostSession::request_keyframe() {
  const std::lock_guard lock(parts_mutex_);
  if (pipeline_) pipeline_->request_keyframe();
}

SessionStatistics HostSession::statistics() const {
  SessionStatistics statistics;
  {
    const std::lock_guard lock(parts_mutex_);
    if (!pipeline_) return statistics;
    statistics = pipeline_->statistics();
  }
  const std::lock_guard lock(mutex_);
  statistics.mode = told_.mode;
  statistics.epoch = told_.epoch;
  statistics.mode_changes = told_.mode_changes;
  statistics.rebuilds = told_.rebuilds;
  statistics.last_fault = told_.last_fault;
  statistics.last_gap_ms = told_.last_gap_ms;
  return statistics;
}

bool HostSession::reconfigure_asked(const wire::Mode& mode) {
  if (request_.hello.probe_only || objection_to(mode)) return false;
  {
    const std::lock_guard lock(mutex_);
    if (!grant_ || ended_) return false;
    mode_asked_ = mode;
  }
  changed_.notify_all();
  return true;
}

bool HostSession::probe_asked(const wire::ProbeRequest& request) {
  const std::lock_guard lock(parts_mutex_);
  if (!pipeline_) return false;
  pipeline_->start_probe(request);
  return true;
}

bool HostSession::is_starting(TimePoint now) const {
  const std::lock_guard lock(parts_mutex_);
  if (!pipeline_) return false;
  const auto first = pipeline_->first_frame_at();
  return !first || now - *first < media::ProbeGate::kRampGrace;
}

std::optional<wire::BitrateChanged> HostSession::bitrate_asked(std::uint32_t kbps) {
  const std::lock_guard lock(parts_mutex_);
  if (!pipeline_) return std::nullopt;
  const auto answer = media::grant_bitrate(kbps, pipeline_->wire_budget(),
                                           {.most = settings_.max_bitrate, .cadence = ceiling_});
  asked_ = std::clamp(BitRate::from_kbps(kbps), media::kLowestBudget, settings_.max_bitrate);
  pipeline_->set_wire_budget(BitRate::from_kbps(answer.bitrate_kbps));
  return answer;
}

}  // namespace punktfunk::host
