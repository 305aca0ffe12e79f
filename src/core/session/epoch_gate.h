// SPDX-License-Identifier: MIT OR Apache-2.0
// Which frames still count, and which mode is in force at the client: section 16.2.
#pragma once

#include <cstdint>
#include <optional>

#include "core/wire/session_messages.h"

namespace punktfunk::media {

// A mode moves when its StreamConfig and the first frame of its epoch are both there, in either order; frames
// are decoded without waiting for the former. Pure; one thread.
class EpochGate {
 public:
  explicit EpochGate(const wire::Mode& mode) : mode_(mode), promised_(mode) {}

  enum class Frame : std::uint8_t {
    same,   // of the epoch in progress
    first,  // opens an epoch: a keyframe with its parameter sets
    past,   // 1 to 128 epochs behind: drop it
  };
  [[nodiscard]] Frame on_frame(std::uint8_t epoch) {
    if (wire::is_past_epoch(epoch, epoch_)) return Frame::past;
    if (epoch == epoch_) return Frame::same;
    epoch_ = epoch;
    return Frame::first;
  }

  // Only the newest one is kept: whoever describes many epochs before their frames is not owed memory.
  void on_config(const wire::StreamConfig& config) { config_ = {config.epoch, config.mode}; }
  // The host answered a request for another mode.
  void on_reconfigured(const wire::Reconfigured& answer) { promised_ = answer.mode; }

  // The size to expect of the epoch's pictures: what its config says, else what the host promised last.
  [[nodiscard]] wire::Mode expected() const { return config_is_here() ? config_->mode : promised_; }
  // The mode in force changed: its value, once.
  [[nodiscard]] std::optional<wire::Mode> take_change() {
    if (!config_is_here() || config_->mode == mode_) return std::nullopt;
    promised_ = mode_ = config_->mode;
    return mode_;
  }
  // In force.
  [[nodiscard]] const wire::Mode& mode() const { return mode_; }
  [[nodiscard]] std::uint8_t epoch() const { return epoch_; }

 private:
  struct Config {
    std::uint8_t epoch = 0;
    wire::Mode mode;
  };
  [[nodiscard]] bool config_is_here() const { return config_ && config_->epoch == epoch_; }

  wire::Mode mode_;
  wire::Mode promised_;
  std::uint8_t epoch_ = 0;
  std::optional<Config> config_;
};

}  // namespace punktfunk::media
