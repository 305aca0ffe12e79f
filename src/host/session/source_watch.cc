// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/source_watch.h"

#include <utility>

namespace punktfunk::host {

SourceWatch::Verdict SourceWatch::update(std::uint64_t captured, std::optional<TimePoint> encoding_since,
                                         TimePoint now) {
  const Duration pause = now - std::exchange(updated_, now);
  if (pause > kOwnPause) {
    last_ += pause;
    if (input_) *input_ += pause;
    if (poked_) *poked_ += pause;
    encoding_seen_ += pause;
  }
  if (std::exchange(encoding_, encoding_since) != encoding_since) encoding_seen_ = now;
  if (encoding_ && now - encoding_seen_ >= kEncode) return Verdict::encoder_stuck;
  if (captured != captured_) {
    captured_ = captured;
    last_ = now;
    input_.reset();
    poked_.reset();
    return Verdict::fine;
  }
  if (captured_ == 0) return now - last_ >= kFirstPicture ? Verdict::no_first_picture : Verdict::fine;
  if (poked_) return now - *poked_ >= kAnswer ? Verdict::stalled : Verdict::fine;
  if (now - last_ < kQuiet && !(input_ && now - *input_ >= kQuietAfterInput)) return Verdict::fine;
  poked_ = now;
  return Verdict::poke;
}

}  // namespace punktfunk::host
