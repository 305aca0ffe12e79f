// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>

namespace punktfunk {

void init_log(const char* program) {
  auto logger = spdlog::stderr_color_mt(program);
  logger->set_pattern("%H:%M:%S.%e %n %^%l%$: %v");
  spdlog::set_default_logger(std::move(logger));
  const char* level = std::getenv("PUNKTFUNK_LOG");
  spdlog::set_level(level != nullptr ? spdlog::level::from_str(level) : spdlog::level::info);
}

}  // namespace punktfunk
