// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/common/client/exit_code.h"

namespace punktfunk::apps {

ExitCode exit_code_for(const endpoint::ClientEnd& end) {
  switch (end.kind) {
    case endpoint::EndKind::finished:
      return ExitCode::ok;
    case endpoint::EndKind::trust_failed:
    case endpoint::EndKind::pairing_failed:
      return ExitCode::trust;
    case endpoint::EndKind::timed_out:
    case endpoint::EndKind::connection_lost:
      return ExitCode::timed_out;
    case endpoint::EndKind::refused:
      return ExitCode::refused;
    case endpoint::EndKind::protocol_error:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

const char* word_for(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
      return "ok";
    case ExitCode::failed:
      return "failed";
    case ExitCode::usage:
      return "usage";
    case ExitCode::trust:
      return "untrusted";
    case ExitCode::timed_out:
      return "timed_out";
    case ExitCode::refused:
      return "refused";
    case ExitCode::check:
      return "check";
    case ExitCode::not_found:
      return "not_found";
    case ExitCode::interrupted:
      return "interrupted";
  }
  return "failed";
}

}  // namespace punktfunk::apps
