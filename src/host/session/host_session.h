// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/session/ask_reader.h"
#include "endpoint/host_endpoint.h"
#include "endpoint/host_sessions.h"
#include "host/display/display.h"
#include "host/input/injector.h"
#include "host/session/automatic_bitrate.h"
#include "host/session/repair_plan.h"
#include "host/session/session_parts.h"
#include "host/session/session_statistics.h"
#include "host/session/source_watch.h"
#include "host/session/video_pipeline.h"

namespace punktfunk::host {

enum class VideoSource : std::uint8_t { desktop, synthetic };

struct SessionSettings {
  VideoSource source = VideoSource::desktop;
  std::vector<std::string> start_commands;  // run inside each embedded desktop
  BitRate bitrate;                          // for clients that leave it to the host; zero = by picture size
  BitRate max_bitrate = BitRate::from_kbps(200'000);
  std::uint64_t synthetic_seed = 1;
  std::uint32_t frame_limit = 0;  // access units per session; 0 = until closed
  SessionParts parts;
};

// What the session manager decided about a session before it begins.
struct SessionPlan {
  BitRate default_bitrate;  // for a client that leaves it to the host; zero: by picture size
  // The display of another session, which this one looks at, too.
  std::optional<DisplayBook::DisplayId> share;
  // Older sessions that must have given everything back first.
  std::vector<std::shared_future<void>> after;
};

[[nodiscard]] constexpr DisplayMode display_mode(const wire::Mode& mode) {
  return DisplayMode::from_hz(mode.width, mode.height, mode.refresh_hz);
}

// One client's session: its display, its frame path, its input. Set-up, watch, repair and tear-down run on a
// thread of its own, because a display takes its time to come and go. Everything public: control loop, unless
// noted.
class HostSession {
 public:
  // Starts setting up at once and answers through `endpoint`. `displays` may be null with a synthetic source.
  // References outlive the session.
  HostSession(endpoint::SessionRequest request, const SessionSettings& settings, DisplayRegistry* displays,
              endpoint::HostEndpoint& endpoint, SessionPlan plan = {});
  ~HostSession();
  HostSession(const HostSession&) = delete;
  HostSession& operator=(const HostSession&) = delete;

  void started(endpoint::MediaGrant grant);
  void input(const wire::InputEvent& event);
  // Releases every key and button it holds down.
  void let_go();
  void feedback(const wire::Feedback& feedback);
  // Sets the wire budget the client asks for, within the bounds; returns what is in force.
  [[nodiscard]] std::optional<wire::BitrateChanged> bitrate_asked(std::uint32_t kbps);
  // The client asks for another mode. True: it is in force, or the session is about to change to it.
  [[nodiscard]] bool reconfigure_asked(const wire::Mode& mode);
  // Filler leaves soon. False: this session is not set up.
  [[nodiscard]] bool probe_asked(const wire::ProbeRequest& request);
  [[nodiscard]] bool is_starting(TimePoint now) const;
  // Segmentation offload was given up, because it lost packets.
  [[nodiscard]] bool is_offload_off() const { return offload_off_; }
  // What the session did so far; all zero until it is set up. Any thread.
  [[nodiscard]] SessionStatistics statistics() const;
  // Held up by an older session (SessionPlan::after). Any thread.
  [[nodiscard]] bool is_waiting() const { return is_waiting_; }
  // In force, or wanted while it starts. Any thread.
  [[nodiscard]] wire::Mode mode() const;
  void request_keyframe();
  // The display it has; 0: none (yet). Any thread.
  [[nodiscard]] DisplayBook::DisplayId display() const { return display_; }
  // Begins the tear-down; never blocks. `how` and `new_key`: what becomes of its display, if no other session
  // has it (DisplayLease::release()). Only the first call counts.
  void ended(DisplayBook::Leave how = DisplayBook::Leave::lost, std::string new_key = {});
  // Ready once display and encoder are given back. Any thread.
  [[nodiscard]] std::shared_future<void> given_back() const { return given_back_; }
  // The tear-down is complete: destroying the session will not block.
  [[nodiscard]] bool is_gone() const { return gone_; }

 private:
  void run();
  // Whether all that this session must wait for came to an end in time; false as well when this one ended.
  [[nodiscard]] bool wait_for_others();
  // The sentence that refuses the session, and its code; nullopt when it is set up and accepted.
  struct Refusal {
    wire::CloseCode code;
    std::string reason;
  };
  [[nodiscard]] std::optional<Refusal> set_up();
  [[nodiscard]] std::optional<Refusal> set_up_desktop(VideoPipeline::Setup& setup);
  void set_up_input();
  void tear_down();
  void fail(const Fault& fault);
  [[nodiscard]] Result<void> acquire_display(const wire::Mode& mode);
  // Opens an encoder on another thread while the display gets ready.
  [[nodiscard]] std::future<Result<EncoderChoice>> open_encoder(const wire::Mode& mode, BitRate budget) const;
  [[nodiscard]] PictureSource synthetic_source(const wire::Mode& mode, BitRate budget,
                                               std::uint32_t first_index) const;

  // host_session_watch.cc; on the session thread.
  void watch();
  void start_sending(const endpoint::MediaGrant& grant);
  // What is wrong with the source, if anything.
  [[nodiscard]] std::optional<Fault> look_at_source(TimePoint now);
  // Lowers the rate when the encoder is too slow for it, and gives it back.
  void follow_cadence();
  void change_mode(const wire::Mode& mode);
  // False: the session is over.
  [[nodiscard]] bool repair(Fault fault);
  // Another source for `mode_`, which opens an epoch.
  [[nodiscard]] Result<void> rebuild(bool new_display);
  void end_in_words(const std::string& words);

  const endpoint::SessionRequest request_;
  const SessionSettings& settings_;
  DisplayRegistry* const displays_;
  endpoint::HostEndpoint& endpoint_;
  const SessionPlan plan_;
  std::promise<void> give_back_;
  const std::shared_future<void> given_back_ = give_back_.get_future().share();
  std::atomic<DisplayBook::DisplayId> display_ = 0;
  std::atomic<bool> is_waiting_ = true;

  DisplayLease lease_;  // session thread only, and so are the next five
  RepairPlan repairs_;
  std::optional<SourceWatch> watch_;  // from start_sending() on
  wire::Mode mode_;                   // in force
  std::uint8_t epoch_ = 0;
  bool is_beyond_repair_ = false;
  mutable std::mutex parts_mutex_;  // the next five, between the session thread and the control loop
  std::unique_ptr<Injector> injector_;
  std::unique_ptr<VideoPipeline> pipeline_;
  BitRate asked_;                   // in force where no ceiling is below
  std::optional<BitRate> ceiling_;  // CadenceWatch's, as far as it was followed
  bool said_too_slow_ = false;      // in the log
  media::AskReader asks_;           // control loop only
  bool offload_off_ = false;        // the same

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<endpoint::MediaGrant> grant_;
  bool ended_ = false;
  DisplayBook::Leave leave_ = DisplayBook::Leave::lost;  // once ended_
  std::string new_key_;
  std::optional<Fault> fault_;
  std::optional<wire::Mode> mode_asked_;
  std::optional<TimePoint> input_at_;  // given to the desktop since the session thread looked
  SessionStatistics told_;             // the session's own part of the statistics
  std::atomic<bool> gone_ = false;
  std::thread thread_;
};

}  // namespace punktfunk::host
