// SPDX-License-Identifier: MIT OR Apache-2.0
// punktfunk-host: parses the command line and hands over to one of its verbs.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "apps/common/paths.h"
#include "apps/host/ctl/ctl.h"
#include "apps/host/ctl/exit_codes.h"
#include "apps/host/serve.h"
#include "base/log.h"
#include "host/mgmt/api/routes.h"

int main(int argc, char** argv) {
  using namespace punktfunk;
  // glibc raises its thresholds each time a large block is freed; from then on pictures and encoder state
  // come from the threads' arenas, whose tops are never given back: up to 12 MB stayed after some sessions.
  // Setting the default by hand keeps it where it is.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  const StopSignal stop;
  init_log("punktfunk-host");

  CLI::App app("Streams this machine's desktop to punktfunk clients.", "punktfunk-host");
  app.require_subcommand(1);
  std::string state_dir = default_state_dir("host");

  ServeOptions serve_options;
  CLI::App* serve_command = app.add_subcommand("serve", "Wait for clients and stream to them");
  serve_command->add_option("--state-dir", state_dir, "Where identity and paired devices are kept")
      ->capture_default_str();
  add_serve_options(*serve_command, serve_options);

  CLI::App* openapi_command =
      app.add_subcommand("openapi", "Print the OpenAPI 3.1 document of the management API");

  ctl::Request request;
  CLI::App* ctl_command = app.add_subcommand("ctl", "Talk to the running host");
  ctl_command->add_option("--state-dir", state_dir, "State directory of that host")->capture_default_str();
  ctl::add_commands(*ctl_command, request);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : ctl::kUsage;  // the library's own codes begin at 100
  }
  if (*openapi_command) {
    const auto document = host::http::openapi_document(host::api::make_router({}), PUNKTFUNK_PRODUCT_VERSION);
    std::printf("%s\n", document.dump(2).c_str());
    return 0;
  }
  serve_options.state_dir = state_dir;
  if (*ctl_command) return ctl::run(state_dir, request, stop);
  const Result<void> done = run_serve(serve_options, stop);
  if (done) return 0;
  std::fprintf(stderr, "punktfunk-host: %s\n", done.error().message.c_str());
  return 1;
}
