// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/speed_test.h"

#include "apps/common/client/hello.h"
#include "apps/common/client/speed_report.h"
#include "apps/punktfunk/commands.h"
#include "apps/punktfunk/target.h"

namespace punktfunk::cli {

Outcome run_speed_test(Program& program, const HostOptions& options) {
  auto target = resolve_known_target(program, options.host);
  if (!target) return target.error();
  const auto identity = program.identity();
  if (!identity) return failure(identity.error());
  client::SpeedTestOptions test;
  test.pin = target->saved->fingerprint;
  test.hello = apps::client_hello("punktfunk");
  test.hello.mode = {1280, 720, 60};
  test.connect_budget = program.connect_budget();
  test.endpoint = program.endpoint_options();
  test.stop_requested = program.stop_requested();
  for (std::size_t i = 0; i < target->addresses.size(); ++i) {
    test.host = target->addresses[i];
    program.say_on_terminal("Measuring the link from " + target->name + " at " + test.host.to_string() +
                            " …");
    const auto result = client::run_speed_test(test, **identity, program.random());
    if (program.is_stop_requested() && !result)
      return failure(ExitCode::interrupted, "Stopped before the speed test was complete.");
    if (!result) {
      const bool silent = result.error().kind == endpoint::EndKind::timed_out;
      if (silent && i + 1 < target->addresses.size()) continue;
      return outcome_of(result.error(), target->name);
    }
    std::string text = apps::table_of(*result);
    if (text.ends_with('\n')) text.pop_back();
    Json json = Json::parse(apps::json_of(*result));
    json["ok"] = true;
    json["host"] = target->name;
    return {ExitCode::ok, std::move(text), std::move(json)};
  }
  return failure(ExitCode::timed_out, "Nothing answered.");
}

}  // namespace punktfunk::cli
