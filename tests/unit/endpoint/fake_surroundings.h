// SPDX-License-Identifier: MIT OR Apache-2.0
// What the control machines talk to in tests: everything is written down, nothing happens.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/client_control.h"
#include "control/host_control.h"
#include "core/wire/control_frame.h"

namespace punktfunk::control {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using wire::CloseCode;
using wire::FrameType;

inline constexpr TimePoint kStart{seconds(1000)};

inline Bytes frame_of(FrameType type, ByteView body = {}) {
  Bytes bytes;
  wire::append_frame(bytes, type, body);
  return bytes;
}

// A frame whose type no version of the protocol has.
inline Bytes unknown_frame(ByteView body) { return frame_of(static_cast<FrameType>(0x7777), body); }

// Frames a machine wrote.
class Written {
 public:
  void add(ByteView bytes) {
    append(all, bytes);
    parser_.push(bytes);
    wire::Frame frame;
    while (parser_.next(frame) == wire::FrameParser::Status::frame) frames.push_back(frame);
  }
  [[nodiscard]] std::size_t count(FrameType type) const {
    std::size_t found = 0;
    for (const auto& frame : frames) found += frame.is(type) ? std::size_t{1} : 0;
    return found;
  }
  // The body of the newest frame, which must be of this type.
  [[nodiscard]] ByteView last(FrameType type) const {
    if (frames.empty() || !frames.back().is(type)) {
      ADD_FAILURE() << "the last frame is another";
      return {};
    }
    return frames.back().body;
  }
  Bytes all;
  std::vector<wire::Frame> frames;

 private:
  wire::FrameParser parser_;
};

struct Closed {
  CloseCode code;
  std::string reason;
};

class FakeHostSide final : public HostControl::Surroundings {
 public:
  Written written;
  std::optional<Closed> closed;
  std::set<crypto::Digest> paired;
  std::vector<std::pair<crypto::Digest, std::string>> stored;
  std::vector<std::optional<access::Offer>> stored_rights;
  std::vector<wire::ClientHello> hellos;
  int ready = 0;
  bool can_store = true;
  bool parks = false;
  bool trusts_first_use = false;
  std::optional<Refusal> bars;
  std::uint32_t grants = wire::kGrantAll;
  std::vector<std::uint32_t> asked_grants;
  std::vector<wire::ClientHello> knocks;
  std::vector<std::uint32_t> bitrates_asked;
  std::optional<wire::BitrateChanged> bitrate_answer;
  std::vector<wire::ProbeRequest> probes_asked;
  bool serves_probes = true;
  std::vector<wire::Mode> modes_asked;
  bool takes_modes = false;
  std::uint64_t clock_ns = 1'700'000'000'000'000'000;

  void write(ByteView bytes) override {
    EXPECT_FALSE(closed) << "wrote after closing";
    written.add(bytes);
  }
  void close(CloseCode code, std::string_view reason) override {
    EXPECT_FALSE(closed) << "closed twice";
    closed = Closed{code, std::string(reason)};
  }
  bool is_paired(const crypto::Digest& fingerprint) override { return paired.contains(fingerprint); }
  bool store_pairing(const crypto::Digest& fingerprint, const std::string& name,
                     const std::optional<access::Offer>& rights) override {
    stored.emplace_back(fingerprint, name);
    stored_rights.push_back(rights);
    return can_store;
  }
  std::variant<Parked, Admitted, Refusal> knock(const wire::ClientHello& hello) override {
    knocks.push_back(hello);
    if (parks) return Parked{};
    if (trusts_first_use) return Admitted{};
    return Refusal{CloseCode::pairing_not_armed, "Not paired."};
  }
  std::optional<Refusal> barred(const wire::ClientHello&) override { return bars; }
  bool permits(std::uint32_t needed) override {
    asked_grants.push_back(needed);
    return access::allows(grants, needed);
  }
  void session_requested(const wire::ClientHello& hello) override { hellos.push_back(hello); }
  void session_ready() override { ++ready; }
  std::optional<wire::BitrateChanged> bitrate_asked(std::uint32_t kbps) override {
    bitrates_asked.push_back(kbps);
    return bitrate_answer;
  }
  bool reconfigure_asked(const wire::Mode& mode) override {
    modes_asked.push_back(mode);
    return takes_modes;
  }
  bool starting = false;
  bool is_starting() override { return starting; }
  bool probe_asked(const wire::ProbeRequest& request) override {
    probes_asked.push_back(request);
    return serves_probes;
  }
  std::uint64_t session_time_ns(TimePoint) override { return clock_ns; }
};

class FakeClientSide final : public ClientControl::Surroundings {
 public:
  Bytes opening;  // the first write, stream type included
  Written written;
  std::optional<Closed> closed;
  int pendings = 0;
  std::vector<wire::ServerHello> sessions;
  std::vector<wire::StreamConfig> configs;
  std::vector<bool> pairings;
  std::vector<wire::BitrateChanged> bitrates;
  std::vector<wire::Reconfigured> modes;
  int gaps = 0;
  std::vector<wire::ProbeResult> probe_results;
  std::vector<std::pair<std::uint32_t, std::string>> refusals;
  bool keys_can_be_made = true;

  void write(ByteView bytes) override {
    EXPECT_FALSE(closed) << "wrote after closing";
    if (opening.empty()) {
      opening.assign(bytes.begin(), bytes.end());
      EXPECT_EQ(bytes[0], 0) << "the stream type comes first";
      bytes = bytes.subspan(1);
    }
    written.add(bytes);
  }
  void close(CloseCode code, std::string_view reason) override {
    EXPECT_FALSE(closed) << "closed twice";
    closed = Closed{code, std::string(reason)};
  }
  void pending() override { ++pendings; }
  bool session_opened(const wire::ServerHello& hello) override {
    sessions.push_back(hello);
    return keys_can_be_made;
  }
  void stream_config(const wire::StreamConfig& config) override { configs.push_back(config); }
  void bitrate_changed(const wire::BitrateChanged& changed, TimePoint) override {
    bitrates.push_back(changed);
  }
  void reconfigured(const wire::Reconfigured& answer) override { modes.push_back(answer); }
  std::vector<wire::AccessUpdate> accesses;
  void access_changed(const wire::AccessUpdate& update) override { accesses.push_back(update); }
  void pipeline_gap(TimePoint) override { ++gaps; }
  void probe_result(const wire::ProbeResult& result, TimePoint) override { probe_results.push_back(result); }
  void pairing_finished(bool accepted) override { pairings.push_back(accepted); }
  void refused(std::uint32_t code, std::string_view reason) override {
    refusals.emplace_back(code, std::string(reason));
  }
};

// Gives out the bytes it was told, then zeros.
class ScriptedRandom final : public RandomSource {
 public:
  void add(ByteView bytes) { append(script_, bytes); }
  void fill(MutableBytes out) override {
    for (std::uint8_t& byte : out) byte = next_ < script_.size() ? script_[next_++] : std::uint8_t{0};
  }

 private:
  Bytes script_;
  std::size_t next_ = 0;
};

}  // namespace punktfunk::control
