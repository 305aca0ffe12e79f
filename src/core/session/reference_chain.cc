// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/reference_chain.h"

namespace punktfunk::media {

namespace {

// Half-space order modulo 2^32.
bool is_at_or_after(std::uint32_t number, std::uint32_t other) {
  return static_cast<std::int32_t>(number - other) >= 0;
}

}  // namespace

void ReferenceChain::on_coded(std::uint32_t number, std::optional<std::uint32_t> reference) {
  // Nothing refers to what lies before a keyframe, and a number out of order begins a new stream.
  if (!reference || number != first_ + count_) {
    first_ = number;
    count_ = 0;
  }
  if (count_ == kHistory) {
    ++first_;
    --count_;
  }
  at(number) = {number, reference, false};
  ++count_;
}

const ReferenceChain::Picture* ReferenceChain::find(std::uint32_t number) const {
  return number - first_ < count_ ? &pictures_[number % kHistory] : nullptr;
}

ReferenceChain::Outcome ReferenceChain::invalidate(std::uint32_t first, std::uint32_t last) {
  for (std::uint32_t i = first_; i != first_ + count_; ++i) {
    Picture& picture = at(i);
    if (is_at_or_after(i, first) && is_at_or_after(last, i)) picture.lost = true;
    if (!picture.reference || picture.lost) continue;
    const Picture* reference = find(*picture.reference);
    // Of one that was forgotten it is only known whether it is older than all that is lost.
    picture.lost = reference != nullptr ? reference->lost : is_at_or_after(*picture.reference, first);
  }
  for (std::uint32_t age = 0; age < count_ && age < kept_; ++age) {
    const Picture& picture = at(first_ + count_ - 1 - age);
    if (!picture.lost) return {age == 0 ? Answer::already : Answer::anchor, picture.number};
  }
  return {};
}

}  // namespace punktfunk::media
