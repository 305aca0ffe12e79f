// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "host/session/fault.h"
#include "host/session/rebuild_budget.h"

namespace punktfunk::host {

// What a session does about its faults: rebuild in place, with as little as will do, until that is no use any
// more. Pure in time.
class RepairPlan {
 public:
  // A capture that fails again this soon after it was rebuilt on the same display has a display that is
  // broken, whatever it says of itself. A new one costs the programs in it, so it is not the first choice.
  static constexpr Duration kSuspicion = std::chrono::seconds(10);

  struct Repair {
    bool new_display = false;  // with its programs started again; else only capture and encoder are new
    TimePoint not_before{};
  };
  // nullopt: it is over, for the reason that last_words() states.
  [[nodiscard]] std::optional<Repair> on_fault(const Fault& fault, TimePoint now);

  // One sentence for both ends, at most wire::kMaxCloseReason bytes.
  [[nodiscard]] std::string last_words() const;

 private:
  RebuildBudget budget_;
  std::string fault_;                      // the latest
  std::optional<TimePoint> same_display_;  // of the latest repair, if it kept the display
};

}  // namespace punktfunk::host
