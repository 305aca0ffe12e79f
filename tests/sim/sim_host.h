// SPDX-License-Identifier: MIT OR Apache-2.0
// A host in the simulated network: the real HostNode, with sessions that send synthetic access units.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "address_book.h"
#include "base/random.h"
#include "control/identity/identity.h"
#include "control/identity/trust_store.h"
#include "core/pacing/pacer.h"
#include "core/session/ask_reader.h"
#include "core/session/bandwidth_probe.h"
#include "core/session/media_sender.h"
#include "core/session/parity_control.h"
#include "endpoint/host_node.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::sim {

// What a session of the simulated host does.
struct HostBehaviour {
  std::uint32_t bitrate_kbps = 10'000;
  std::uint32_t refresh_hz = 60;
  bool sends_media = true;
  bool follows_bitrate = false;            // grants what clients ask for, 500 … 200,000 kbit/s
  Duration thinks_for{};                   // before it accepts
  std::optional<wire::CloseCode> refusal;  // instead of accepting
  std::size_t max_sessions = 8;            // that stream; one more is refused as busy
  std::uint64_t synthetic_seed = 0;        // of the access units
  Duration first_frame_after{};            // the client is ready
  bool answers_probes = true;              // else filler leaves, and no result
  bool streams_units = false;              // part by part, toward clients that take it
};

class SimHost final : public Participant, private endpoint::HostSessions {
 public:
  // `folder` is where the paired clients are kept.
  SimHost(AddressBook& book, const std::filesystem::path& folder, std::uint64_t seed, HostBehaviour behaviour,
          endpoint::HostConfig config = {});

  void receive(TimePoint now, NodeId from, MutableBytes datagram) override;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
  void handle_deadline(TimePoint now) override;
  [[nodiscard]] std::optional<std::pair<NodeId, Bytes>> poll_transmit(TimePoint now) override;

  struct Ended {
    endpoint::SessionId id = 0;
    bool user_quit = false;
    std::string why;
  };
  std::vector<endpoint::SessionRequest> requested;
  std::vector<endpoint::SessionId> started;
  std::vector<endpoint::MediaGrant> grants;  // of those, for tests that send the media themselves
  std::vector<Ended> ended;
  std::vector<wire::InputEvent> inputs;
  std::vector<std::uint32_t> bitrates_asked;
  std::uint64_t frames_sent = 0;
  std::uint64_t keyframes_sent = 0;
  std::uint64_t units_streamed = 0;
  std::vector<wire::ProbeRequest> probes_asked;
  std::uint64_t data_packets = 0;
  std::uint64_t packets_sent = 0;
  std::uint8_t highest_parity = 0;

  [[nodiscard]] endpoint::HostNode& node() { return *node_; }
  [[nodiscard]] control::TrustStore& clients() { return clients_; }
  [[nodiscard]] const control::Identity& identity() const { return identity_; }

 private:
  // One running session's video.
  struct Stream {
    Stream(endpoint::MediaGrant granted, const HostBehaviour& behaviour);
    endpoint::MediaGrant grant;
    media::MediaSender sender;
    media::Pacer pacer;
    media::ParityControl parity;
    media::AskReader asks;
    BitRate budget;
    bool keyframe_wanted = true;
    std::optional<TimePoint> frame_due;
    std::deque<Bytes> unsent;
    std::optional<media::Pacer::Step> step;
    std::optional<media::BandwidthProbe> probe;
    std::optional<TimePoint> first_frame;
  };

  void session_requested(const endpoint::SessionRequest& request) override;
  void session_started(endpoint::SessionId id, endpoint::MediaGrant grant) override;
  void input(endpoint::SessionId id, const wire::InputEvent& event) override;
  void feedback(endpoint::SessionId id, const wire::Feedback& feedback) override;
  std::optional<wire::BitrateChanged> bitrate_asked(endpoint::SessionId id, std::uint32_t kbps) override;
  bool probe_asked(endpoint::SessionId id, const wire::ProbeRequest& request) override;
  bool is_starting(endpoint::SessionId id, TimePoint now) override;
  void session_ended(endpoint::SessionId id, bool user_quit, std::string_view why) override;
  void begin_frame(endpoint::SessionId id, Stream& stream, TimePoint now);
  void send_due(Stream& stream, TimePoint now);
  void send_filler(endpoint::SessionId id, Stream& stream, TimePoint now);

  AddressBook& book_;
  SeededRandom random_;
  std::mt19937_64 sizes_;
  HostBehaviour behaviour_;
  control::Identity identity_;
  control::TrustStore clients_;
  std::unique_ptr<endpoint::HostNode> node_;
  std::map<endpoint::SessionId, Stream> streams_;
  std::multimap<TimePoint, endpoint::SessionId> decisions_;
  std::deque<std::pair<NodeId, Bytes>> outgoing_;
  TimePoint now_{};
};

}  // namespace punktfunk::sim
