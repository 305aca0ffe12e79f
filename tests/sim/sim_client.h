// SPDX-License-Identifier: MIT OR Apache-2.0
// A client in the simulated network: the real ClientNode. Every access unit is checked byte for byte as it
// comes out.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "address_book.h"
#include "base/random.h"
#include "control/identity/identity.h"
#include "endpoint/client_node.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::sim {

class SimClient final : public Participant, private endpoint::ClientEvents {
 public:
  // `synthetic_seed` is what the host fills its access units from.
  SimClient(AddressBook& book, NodeId own, std::uint64_t seed, std::uint64_t synthetic_seed,
            const control::Identity* identity, control::QuicConfig quic = {});

  void connect(const std::optional<control::Fingerprint>& pin, TimePoint now,
               Duration budget = std::chrono::seconds(10));
  void pair(const std::string& pin, TimePoint now);

  void receive(TimePoint now, NodeId from, MutableBytes datagram) override;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const override { return node_->next_deadline(); }
  void handle_deadline(TimePoint now) override;
  [[nodiscard]] std::optional<std::pair<NodeId, Bytes>> poll_transmit(TimePoint now) override;

  struct Delivered {
    std::uint32_t index = 0;
    bool keyframe = false;
    TimePoint at{};
    Duration after_capture{};
  };
  // Access units that never came: the indices missing before a delivered one.
  struct Gap {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    TimePoint seen_at{};
    // The picture is whole again; nullopt when the run ended before.
    std::optional<TimePoint> healed_at;
    // From the last whole picture before the gap to the keyframe after it: how long the picture stood still.
    Duration frozen{};
  };

  // Asked for in connect(); 0: left to the host, and then to the client's rate control.
  std::uint32_t bitrate_kbps = 0;
  bool takes_filler = false;
  std::vector<Delivered> frames;
  std::vector<Gap> gaps;
  std::uint64_t wrong_frames = 0;  // content, order or index not as sent
  std::uint64_t recovered_shards = 0;
  std::uint64_t lost_frames = 0;
  std::vector<media::ProbeFigures> probes;
  std::vector<TimePoint> pendings;
  std::optional<wire::ServerHello> hello;
  std::vector<wire::StreamConfig> configs;
  std::vector<wire::Reconfigured> reconfigured;
  std::optional<control::Fingerprint> session_host;
  std::optional<control::Fingerprint> paired_host;
  std::optional<endpoint::ClientEnd> ended;
  std::optional<TimePoint> ended_at;

  [[nodiscard]] endpoint::ClientNode& node() { return *node_; }

 private:
  [[nodiscard]] endpoint::ConnectOptions options(const std::optional<control::Fingerprint>& pin) const;
  void on_pending() override { pendings.push_back(now_); }
  void on_session(const wire::ServerHello& answer, const control::Fingerprint& host) override;
  void on_stream_config(const wire::StreamConfig& config) override { configs.push_back(config); }
  void on_reconfigured(const wire::Reconfigured& answer) override { reconfigured.push_back(answer); }
  void on_frame(media::Frame frame) override;
  void on_host_timing(const wire::HostTiming&) override {}
  void on_probe(const media::ProbeFigures& figures) override { probes.push_back(figures); }
  void on_paired(const control::Fingerprint& host) override { paired_host = host; }
  void on_ended(const endpoint::ClientEnd& end) override;

  AddressBook& book_;
  const SocketAddress local_;  // as the client knows it; a NAT may show the host another
  const std::uint64_t synthetic_seed_;
  SeededRandom random_;
  std::unique_ptr<endpoint::ClientNode> node_;
  std::deque<std::pair<NodeId, Bytes>> outgoing_;
  std::uint32_t next_index_ = 0;
  std::optional<TimePoint> last_whole_;  // delivery of the newest frame of an unbroken picture
  TimePoint now_{};
};

}  // namespace punktfunk::sim
