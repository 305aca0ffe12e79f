// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/encode/synthetic/synthetic_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/synthetic_frame.h"

namespace punktfunk::host {
namespace {

// The protocol's smallest bound on a unit is far above this; it keeps a unit at 1 kbit/s and 240 Hz
// checkable.
constexpr std::uint64_t kSmallest = 64;
constexpr std::uint64_t kLargest = 64u << 20;

class SyntheticEncoder final : public VideoEncoder {
 public:
  explicit SyntheticEncoder(const SyntheticConfig& config)
      : config_(config),
        index_(config.first_index),
        bitrate_(config.video.bitrate),
        chain_(std::max<std::size_t>(config.references, 1)) {}

  Result<EncodedFrame> encode(const I420View&, bool force_keyframe) override {
    const bool keyframe = force_keyframe || first_;
    first_ = false;
    const std::uint64_t share =
        bitrate_.bits_per_second / 8 * config_.video.refresh_den / std::max(config_.video.refresh_num, 1u);
    const std::uint64_t wanted = keyframe ? share * config_.keyframe_factor : share;
    unit_.resize(std::clamp(wanted, kSmallest, kLargest));
    fill_synthetic(unit_, config_.seed, index_++);
    const auto reference = std::exchange(anchor_, std::nullopt);
    const bool anchor = reference.has_value() && !keyframe;
    chain_.on_coded(count_, keyframe ? std::nullopt : std::optional(reference.value_or(count_ - 1)));
    ++count_;
    return EncodedFrame{unit_, keyframe, anchor};
  }

  media::ReferenceChain::Answer invalidate(std::uint32_t first, std::uint32_t last) override {
    using Answer = media::ReferenceChain::Answer;
    if (config_.references == 0) return Answer::keyframe;
    const auto outcome = chain_.invalidate(first, last);
    anchor_.reset();
    if (outcome.answer == Answer::anchor) anchor_ = outcome.reference;
    return outcome.answer;
  }

  BitRate set_bitrate(BitRate bitrate) override { return bitrate_ = bitrate; }

  std::string describe() const override { return fmt::format("synthetic units, seed {}", config_.seed); }

 private:
  const SyntheticConfig config_;
  std::uint32_t index_;
  BitRate bitrate_;
  media::ReferenceChain chain_;
  std::uint32_t count_ = 0;              // pictures coded
  std::optional<std::uint32_t> anchor_;  // what the next one refers to instead of its predecessor
  Bytes unit_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<VideoEncoder> make_synthetic_encoder(const SyntheticConfig& config) {
  return std::make_unique<SyntheticEncoder>(config);
}

}  // namespace punktfunk::host
