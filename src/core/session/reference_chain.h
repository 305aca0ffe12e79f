// SPDX-License-Identifier: MIT OR Apache-2.0
// Which earlier picture each one was coded from, so that an encoder knows what a client that lost some of
// them still has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace punktfunk::media {

// For an encoder that keeps its last pictures and can choose among them. Pictures have consecutive numbers
// that wrap. One thread.
class ReferenceChain {
 public:
  // `kept`: pictures the encoder can still refer to, at least 1.
  explicit ReferenceChain(std::size_t kept) : kept_(kept) {}

  // Picture `number` was coded: from nothing (keyframe), or from `reference`.
  void on_coded(std::uint32_t number, std::optional<std::uint32_t> reference);

  enum class Answer : std::uint8_t {
    already,   // the newest picture does not hang on any of those: what follows is decodable
    anchor,    // code the next one from `reference`
    keyframe,  // no picture is kept that the client has
  };
  struct Outcome {
    Answer answer = Answer::keyframe;
    std::uint32_t reference = 0;
  };
  // The client lacks pictures `first` … `last`, and so everything that hangs on one of them.
  [[nodiscard]] Outcome invalidate(std::uint32_t first, std::uint32_t last);

 private:
  struct Picture {
    std::uint32_t number = 0;
    std::optional<std::uint32_t> reference;
    bool lost = false;
  };
  // Longer than `kept`: what was forgotten may be what others hang on. Section 17 asks for no more at once.
  static constexpr std::size_t kHistory = 256;

  [[nodiscard]] const Picture* find(std::uint32_t number) const;

  [[nodiscard]] Picture& at(std::uint32_t number) { return pictures_[number % kHistory]; }

  const std::size_t kept_;
  std::array<Picture, kHistory> pictures_;  // a ring, by number
  std::uint32_t first_ = 0;                 // the oldest there is
  std::uint32_t count_ = 0;
};

}  // namespace punktfunk::media
