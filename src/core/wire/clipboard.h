// SPDX-License-Identifier: MIT OR Apache-2.0
// Messages of the shared clipboard (protocol section 24.6). The first three are frames of the control stream,
// the last two of a transfer stream, where the content follows them as raw bytes.
//
// encode() gives the body only; decode() gives nullopt for a body that must be refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kMaxClipKinds = 16;
inline constexpr std::size_t kMaxMimeBytes = 128;
inline constexpr std::uint32_t kNoFileIndex = 0xFFFFFFFF;

// Client to host. Nothing moves before it.
struct ClipControl {
  static constexpr std::uint8_t kFiles = 1;

  bool enabled = false;
  std::uint8_t flags = 0;  // kFiles
  bool operator==(const ClipControl&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ClipControl> decode(ByteView body);
};

enum class ClipReason : std::uint8_t {
  ok = 0,
  no_backend = 1,
  taken_over = 2,
  disabled_by_policy = 3,
  no_files = 4,
  no_grant = 5,
};

// Host to client: the answer to ClipControl, and again on every change.
struct ClipState {
  static constexpr std::uint8_t kText = 1;
  static constexpr std::uint8_t kFiles = 2;

  bool enabled = false;
  std::uint8_t policy = 0;  // kText, kFiles
  std::uint8_t reason = 0;  // a ClipReason, or one that this build does not know
  bool operator==(const ClipState&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ClipState> decode(ByteView body);
};

// Either way. A newer `seq` (is_newer) replaces the older offers of that side.
struct ClipOffer {
  struct Kind {
    std::string mime;         // at most kMaxMimeBytes
    std::uint64_t bytes = 0;  // a hint; 0 = unknown
    bool operator==(const Kind&) const = default;
  };

  std::uint32_t seq = 0;
  std::vector<Kind> kinds;  // at most kMaxClipKinds; more are not written
  bool operator==(const ClipOffer&) const = default;
  [[nodiscard]] Bytes encode() const;
  // nullopt = refuse, also more than kMaxClipKinds.
  [[nodiscard]] static std::optional<ClipOffer> decode(ByteView body);
};

// From the reading side.
struct ClipFetch {
  std::uint32_t seq = 0;                    // of the offer
  std::uint32_t file_index = kNoFileIndex;  // 0 when absent on the wire
  std::string mime;                         // at most kMaxMimeBytes
  bool operator==(const ClipFetch&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ClipFetch> decode(ByteView body);
};

enum class ClipStatus : std::uint8_t { ok = 0, stale = 1, unavailable = 2, denied = 3 };

// From the owner of the content. With ClipStatus::ok the content follows, to the end of the stream.
struct ClipFetchHeader {
  std::uint8_t status = 0;        // a ClipStatus, or one that this build does not know, which is a failure
  std::uint64_t total_bytes = 0;  // 0 = unknown; nothing may be allocated on its word
  bool operator==(const ClipFetchHeader&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ClipFetchHeader> decode(ByteView body);
};

}  // namespace punktfunk::wire
