// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
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
#include "host/session/session_statistics.h"
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
};

// What a picture of this size and rate deserves when nobody said a number: about 0.18 bit a pixel, the middle
// of what x264 at its fastest presets needs for a clean desktop (10 Mbit/s at 720p60, 22 at 1080p60), held in
// 2 … 100 Mbit/s.
[[nodiscard]] BitRate automatic_bitrate(const wire::Mode& mode);

// One client's session: its display, its frame path, its input. Set-up, watch and tear-down run on a thread
// of its own, because a display takes its time to come and go. Everything public: control loop, unless noted.
class HostSession {
 public:
  // Starts setting up at once and answers through `endpoint`. `displays` may be null with a synthetic source.
  // References outlive the session.
  HostSession(endpoint::SessionRequest request, const SessionSettings& settings, DisplayRegistry* displays,
              endpoint::HostEndpoint& endpoint);
  ~HostSession();
  HostSession(const HostSession&) = delete;
  HostSession& operator=(const HostSession&) = delete;

  void started(endpoint::MediaGrant grant);
  void input(const wire::InputEvent& event);
  void feedback(const wire::Feedback& feedback);
  // Sets the wire budget the client asks for, within the bounds; returns what is in force.
  [[nodiscard]] std::optional<wire::BitrateChanged> bitrate_asked(std::uint32_t kbps);
  // Filler leaves soon. False: this session is not set up.
  [[nodiscard]] bool probe_asked(const wire::ProbeRequest& request);
  // Segmentation offload was given up, because it lost packets.
  [[nodiscard]] bool is_offload_off() const { return offload_off_; }
  // What the session did so far; all zero until it is set up. Any thread.
  [[nodiscard]] SessionStatistics statistics() const;
  // Begins the tear-down; never blocks.
  void ended();
  // The tear-down is complete: destroying the session will not block.
  [[nodiscard]] bool is_gone() const { return gone_; }

 private:
  void run();
  // The sentence that refuses the session, and its code; nullopt when it is set up and accepted.
  struct Refusal {
    wire::CloseCode code;
    std::string reason;
  };
  [[nodiscard]] std::optional<Refusal> set_up();
  [[nodiscard]] std::optional<Refusal> set_up_desktop(VideoPipeline::Setup& setup);
  void set_up_input();
  void watch();
  void tear_down();
  void fail(const Error& error);

  const endpoint::SessionRequest request_;
  const SessionSettings& settings_;
  DisplayRegistry* const displays_;
  endpoint::HostEndpoint& endpoint_;

  DisplayLease lease_;              // session thread only
  mutable std::mutex parts_mutex_;  // the next two, between the session thread and the control loop
  std::unique_ptr<Injector> injector_;
  std::unique_ptr<VideoPipeline> pipeline_;
  media::AskReader asks_;     // control loop only
  bool offload_off_ = false;  // the same

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<endpoint::MediaGrant> grant_;
  bool ended_ = false;
  std::optional<std::string> failure_;
  std::atomic<bool> gone_ = false;
  std::thread thread_;
};

}  // namespace punktfunk::host
