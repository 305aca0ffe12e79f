// SPDX-License-Identifier: MIT OR Apache-2.0
// What a host does, in Prometheus' text format 0.0.4: counters since its start, over all sessions. No label
// takes a value from the network, so the number of series has a bound.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/mgmt/api/host_service.h"

namespace punktfunk::host::api {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

struct MetricsInput {
  HostStatus status;
  HostFigures figures;
  std::vector<SessionInfo> sessions;
  std::vector<DisplayInfo> displays;
  std::map<int, std::uint64_t> api_requests;  // by HTTP status
};

[[nodiscard]] std::string metrics_text(const MetricsInput& input);

}  // namespace punktfunk::host::api
