// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "base/function_ref.h"

namespace punktfunk {

// Where core may have two pieces of work done at once. Core has no threads; whoever has one to spare passes a
// WorkerLane in.
class Lanes {
 public:
  virtual ~Lanes() = default;

  // Returns when both are done. They may run at the same time, `there` on another thread; neither throws.
  // One call at a time.
  virtual void run_both(FunctionRef<void()> here, FunctionRef<void()> there) = 0;
};

}  // namespace punktfunk
