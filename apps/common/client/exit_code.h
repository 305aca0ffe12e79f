// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "endpoint/client_node.h"

namespace punktfunk::apps {

// What a client program's exit status says. The programs' --help and the documentation list them.
enum class ExitCode : int {
  ok = 0,
  failed = 1,
  usage = 2,
  trust = 3,         // the host is unknown, or not the one that was paired; or pairing failed
  timed_out = 4,     // no answer, or the connection was lost
  refused = 5,       // the host said no
  check = 6,         // punktfunk-probe: it streamed, but a check of what came found something wrong
  not_found = 7,     // nothing of that name: no host, neither saved nor announced
  interrupted = 130  // stopped by the user before it was done: 128 + SIGINT, as shells have it
};

[[nodiscard]] ExitCode exit_code_for(const endpoint::ClientEnd& end);
// A stable word for programs that read JSON: "refused", "untrusted", "timed_out", …
[[nodiscard]] const char* word_for(ExitCode code);

}  // namespace punktfunk::apps
