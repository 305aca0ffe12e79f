// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/ask_reader.h"

#include "core/session/recovery.h"

namespace punktfunk::media {

AskReader::Action AskReader::read(const wire::Feedback& feedback) {
  if (!feedback.ask) return Action::none;
  const bool keyframe = feedback.keyframe.value_or(false);
  const bool invalidates = feedback.invalidate_first && feedback.invalidate_last;
  // A number spent on a resend request alone is not an ask this host acts on.
  if (!keyframe && !invalidates) return Action::none;
  // Numbers run from 1; before the first ask, 0 is the last one acted on.
  if (!is_newer_ask(*feedback.ask, last_acted_.value_or(0))) return Action::none;
  last_acted_ = *feedback.ask;
  if (keyframe) return Action::keyframe;
  const std::uint32_t frames = *feedback.invalidate_last - *feedback.invalidate_first;
  return frames < Recovery::kMostInvalidated ? Action::invalidate : Action::keyframe;
}

bool AskReader::read_resend(const wire::Feedback& feedback) {
  if (!feedback.ask || !feedback.resend_frame || feedback.resend_shards.empty()) return false;
  if (!is_newer_ask(*feedback.ask, last_resent_.value_or(0))) return false;
  last_resent_ = *feedback.ask;
  return true;
}

}  // namespace punktfunk::media
