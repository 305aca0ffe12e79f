// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

namespace punktfunk::ctl {

// What scripts may rely on; docs/ctl.md lists them.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,    // the host tried, or refused, and says why
  kUsage = 2,     // the command line makes no sense
  kNoHost = 3,    // no host runs with this state folder
  kNotFound = 4,  // nothing answers to that number, name or fingerprint, or more than one thing does
  kNotNow = 5,    // it makes sense, but not in the state the host is in
};

}  // namespace punktfunk::ctl
