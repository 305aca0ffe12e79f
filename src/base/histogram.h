// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace punktfunk {

// Percentiles of durations in fixed memory, whatever the length of a run: logarithmic buckets 1 % apart from
// 1 µs to 100 s, so a percentile is exact to half a per cent. Value type; not thread-safe.
class Histogram {
 public:
  void add(Duration value) {
    ++buckets_[bucket_of(value)];
    ++count_;
    largest_ = std::max(largest_, value);
    sum_ += value;
  }
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    largest_ = std::max(largest_, other.largest_);
    sum_ += other.sum_;
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration largest() const { return largest_; }
  [[nodiscard]] Duration sum() const { return sum_; }
  // How many were at most `bound`, to one per cent of it.
  [[nodiscard]] std::uint64_t count_at_most(Duration bound) const {
    if (bound >= largest_) return count_;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i <= bucket_of(bound); ++i) seen += buckets_[i];
    return seen;
  }

  // `share` 0 … 1; zero when nothing was added.
  [[nodiscard]] Duration percentile(double share) const {
    if (count_ == 0) return Duration::zero();
    const auto rank =
        static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      seen += buckets_[i];
      if (seen >= std::max<std::uint64_t>(rank, 1)) {
        const double us = std::exp((static_cast<double>(i) + 0.5) * kLogStep);
        return std::min(Duration(static_cast<std::int64_t>(us * 1000.0)), largest_);
      }
    }
    return largest_;
  }

 private:
  static constexpr double kLogStep = 0.00995033085316808;  // ln(1.01)
  static constexpr std::size_t kBuckets = 1852;            // ln(10^8) / ln(1.01), rounded up

  [[nodiscard]] static std::size_t bucket_of(Duration value) {
    const double us = std::max(1.0, static_cast<double>(value.count()) / 1000.0);
    return std::min(static_cast<std::size_t>(std::log(us) / kLogStep), kBuckets - 1);
  }

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  Duration largest_ = Duration::zero();
  Duration sum_ = Duration::zero();
};

}  // namespace punktfunk
