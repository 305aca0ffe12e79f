// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/repair_plan.h"

#include <fmt/format.h>

#include "base/text.h"
#include "core/wire/close_code.h"

namespace punktfunk::host {

std::optional<RepairPlan::Repair> RepairPlan::on_fault(const Fault& fault, TimePoint now) {
  fault_ = fault.message;
  const auto begin = budget_.take(now);
  if (!begin) return std::nullopt;
  Repair repair;
  repair.not_before = *begin;
  repair.new_display =
      fault.part == FaultPart::display ||
      (fault.part == FaultPart::capture && same_display_ && now - *same_display_ < kSuspicion);
  same_display_ = repair.new_display ? std::nullopt : begin;
  return repair;
}

std::string RepairPlan::last_words() const {
  const std::string why =
      fmt::format("The stream was rebuilt {} times within a minute and broke again: ", RebuildBudget::kMost);
  const std::size_t room = wire::kMaxCloseReason - why.size();
  if (fault_.size() <= room) return why + fault_;
  // What is cut off is the compositor's own last words, which the host's log has in full.
  return why + clean_text(fault_, room - 1) + ".";
}

}  // namespace punktfunk::host
