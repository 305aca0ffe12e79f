// SPDX-License-Identifier: MIT OR Apache-2.0
// What a session's thread does while the session runs: it looks after its source, changes modes and repairs.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "core/session/bitrate_grant.h"
#include "host/session/host_session.h"

namespace punktfunk::host {

using wire::CloseCode;

namespace {
// How often the session thread looks after its source when no other event wakes it.
constexpr Duration kWatchEvery = std::chrono::milliseconds(100);
// A dying program's sockets close before its end shows: how long that is waited for before capture is blamed.
constexpr int kDeathNoticeMs = 200;

std::string text_of(const wire::Mode& mode) {
  return fmt::format("{}x{}@{}", mode.width, mode.height, mode.refresh_hz);
}
}  // namespace

void HostSession::watch() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    if (!grant_) {
      // Nothing can be put right before the client is ready to hear of it, which the handshake bounds.
      changed_.wait(lock, [this] { return ended_ || grant_; });
      continue;
    }
    if (!watch_) {
      const endpoint::MediaGrant grant = *grant_;
      lock.unlock();
      start_sending(grant);
      lock.lock();
      continue;
    }
    std::optional<Fault> fault = std::exchange(fault_, std::nullopt);
    const auto mode = fault ? std::nullopt : std::exchange(mode_asked_, std::nullopt);
    lock.unlock();
    if (mode) change_mode(*mode);
    follow_cadence();
    if (!fault) fault = look_at_source(monotonic_now());
    const bool goes_on = !fault || repair(std::move(*fault));
    lock.lock();
    if (!goes_on) return changed_.wait(lock, [this] { return ended_; });
    changed_.wait_for(lock, kWatchEvery, [this] { return ended_ || fault_ || mode_asked_; });
  }
}

void HostSession::start_sending(const endpoint::MediaGrant& grant) {
  if (request_.hello.probe_only)
    spdlog::info("Speed test for \"{}\" at {}.", request_.device_name, request_.remote.to_string());
  else
    spdlog::info("Streaming {} to \"{}\" at {}.", text_of(mode_), request_.device_name,
                 request_.remote.to_string());
  pipeline_->start_sending(grant);  // only this thread replaces pipeline_
  watch_.emplace(monotonic_now());
}

std::optional<Fault> HostSession::look_at_source(TimePoint now) {
  if (lease_ && !lease_->alive()) return Fault{FaultPart::display, lease_->death_reason()};
  const auto progress = pipeline_->progress();
  if (!progress) return std::nullopt;  // a speed test
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(input_at_, std::nullopt)) watch_->on_input(now);
  }
  switch (watch_->update(progress->captured, progress->encoding_since, now)) {
    case SourceWatch::Verdict::fine:
      return std::nullopt;
    case SourceWatch::Verdict::poke:
      pipeline_->poke();
      return std::nullopt;
    case SourceWatch::Verdict::no_first_picture:
      return Fault{FaultPart::capture, fmt::format("The desktop gave no first picture within {:g} s.",
                                                   to_seconds(SourceWatch::kFirstPicture))};
    case SourceWatch::Verdict::stalled:
      return Fault{FaultPart::capture,
                   fmt::format("The desktop stopped giving pictures and did not answer for "
                               "{:g} s.",
                               to_seconds(SourceWatch::kAnswer))};
    case SourceWatch::Verdict::encoder_stuck:
      return Fault{FaultPart::encoder_hung, fmt::format("The encoder did not finish a picture within {:g} s.",
                                                        to_seconds(SourceWatch::kEncode))};
  }
  return std::nullopt;
}

void HostSession::follow_cadence() {
  wire::BitrateChanged changed;
  {
    const std::lock_guard lock(parts_mutex_);
    const auto ceiling = pipeline_->cadence_ceiling();
    if (std::exchange(ceiling_, ceiling) == ceiling) return;
    const bool is_pinned = request_.hello.bitrate_kbps != 0;
    if (ceiling && !std::exchange(said_too_slow_, true))
      spdlog::warn(
          "This machine encodes {} for \"{}\" slower than the pictures come, so some are left out; {}. A "
          "smaller "
          "picture or a lower refresh rate helps most.",
          text_of(mode_), request_.device_name,
          is_pinned ? "the bitrate stays, because the client fixed it" : "the bitrate is lowered");
    if (is_pinned) return;
    const bool is_cut = ceiling && *ceiling < asked_;
    const BitRate budget = is_cut ? *ceiling : asked_;
    if (budget == pipeline_->wire_budget()) return;
    pipeline_->set_wire_budget(budget);
    changed = {static_cast<std::uint32_t>(budget.kbps()),
               is_cut ? wire::BitrateReason::cadence : wire::BitrateReason::granted};
  }
  endpoint_.send_bitrate(request_.id, changed);
}

void HostSession::change_mode(const wire::Mode& mode) {
  if (mode == mode_) return;
  const wire::Mode before = std::exchange(mode_, mode);
  pipeline_->stop_source();  // it would take the new size for a fault
  if (const auto changed = lease_ ? lease_.set_mode(display_mode(mode)) : Result<void>{};
      !changed && lease_->alive()) {
    spdlog::warn("\"{}\" keeps {}: {}", request_.device_name, text_of(before), changed.error().message);
    mode_ = before;
  }
  const BitRate in_force = pipeline_->wire_budget();
  BitRate budget = in_force;
  if (request_.hello.bitrate_kbps == 0 && settings_.bitrate.kbps() == 0 && mode_ != before) {
    const std::lock_guard lock(parts_mutex_);
    // A ceiling was about the pictures before.
    ceiling_.reset();
    budget = asked_ = std::clamp(budget_after_mode_change(asked_, before, mode_), media::kLowestBudget,
                                 settings_.max_bitrate);
  }
  pipeline_->set_wire_budget(budget);
  if (const auto built = rebuild(false); !built) return fail({FaultPart::capture, built.error().message});
  if (mode_ == before) return;
  // After the epoch's StreamConfig, by which the client knows that this is about another picture.
  if (budget != in_force)
    endpoint_.send_bitrate(request_.id,
                           {static_cast<std::uint32_t>(budget.kbps()), wire::BitrateReason::granted});
  spdlog::info("\"{}\" now sees {} instead of {}.", request_.device_name, text_of(mode_), text_of(before));
  const std::lock_guard lock(mutex_);
  ++told_.mode_changes;
}

bool HostSession::repair(Fault fault) {
  if (lease_ && lease_->alive() && fault.part == FaultPart::capture) {
    // A display that ends tears capture and input down with it, and they may notice first. Its own end says
    // more.
    pollfd death{lease_->death_fd(), POLLIN, 0};
    (void)::poll(&death, 1, kDeathNoticeMs);
  }
  if (lease_ && !lease_->alive()) fault = {FaultPart::display, lease_->death_reason()};
  const auto plan = fault.part == FaultPart::encoder_hung ? std::nullopt  // its thread cannot be taken back
                                                          : repairs_.on_fault(fault, monotonic_now());
  {
    std::unique_lock lock(mutex_);
    told_.last_fault = fault.message;
    if (ended_) return true;
    if (plan) {
      ++told_.rebuilds;
      (void)changed_.wait_until(lock, plan->not_before, [this] { return ended_; });
      if (ended_) return true;
      fault_.reset();  // what the old source may have said meanwhile
    }
  }
  if (!plan) {
    end_in_words(fault.part == FaultPart::encoder_hung ? fault.message : repairs_.last_words());
    return false;
  }
  spdlog::warn("The stream of \"{}\" is rebuilt{}: {}", request_.device_name,
               plan->new_display ? ", with a new display" : "", fault.message);
  if (const auto built = rebuild(plan->new_display); !built)
    fail({lease_ ? FaultPart::capture : FaultPart::display, built.error().message});
  return true;
}

Result<void> HostSession::rebuild(bool new_display) {
  pipeline_->stop_source();
  PictureSource source;
  source.mode = mode_;
  if (settings_.source == VideoSource::synthetic) {
    source = synthetic_source(mode_, pipeline_->wire_budget(), pipeline_->units_encoded());
  } else {
    auto opening = open_encoder(mode_, pipeline_->wire_budget());
    if (new_display || !lease_) {
      std::unique_ptr<Injector> injector;
      {
        const std::lock_guard lock(parts_mutex_);
        injector = std::move(injector_);
      }
      injector.reset();
      display_ = 0;
      lease_.release(DisplayBook::Leave::quit);
      if (auto acquired = acquire_display(mode_); !acquired) return acquired;
      // A display that another session shows, too, has the size it has.
      const DisplayMode shown = lease_->mode();
      source.mode = mode_ = {shown.width, shown.height, shown.refresh_millihertz / 1000};
    }
    auto capturer =
        settings_.parts.capturer({lease_->wayland_socket(), lease_->output_name(), display_mode(mode_)});
    if (!capturer) return tl::unexpected(capturer.error());
    source.capturer = std::move(*capturer);
    auto choice = opening.get();
    if (!choice) return tl::unexpected(choice.error());
    source.encoder = std::move(choice->encoder);
  }
  ++epoch_;
  endpoint_.begin_epoch(request_.id, epoch_, mode_);
  {
    const std::lock_guard lock(mutex_);
    told_.mode = mode_;
    told_.epoch = epoch_;
  }
  watch_.emplace(monotonic_now());
  if (auto started = pipeline_->start_source(std::move(source), epoch_); !started) return started;
  const bool has_input = [&] {
    const std::lock_guard lock(parts_mutex_);
    return injector_ != nullptr;
  }();
  if (!has_input) set_up_input();
  return {};
}

void HostSession::end_in_words(const std::string& words) {
  is_beyond_repair_ = true;
  spdlog::error("The session of \"{}\" ends: {}", request_.device_name, words);
  endpoint_.end(request_.id, CloseCode::setup_failed, words);
}

}  // namespace punktfunk::host
