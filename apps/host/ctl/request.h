// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace punktfunk::ctl {

// One command line of `punktfunk-host ctl`.
struct Request {
  std::string command;       // "status", "approve" …
  std::string target;        // a number, a name, or the beginning of a fingerprint
  std::string name;          // of rename, settings get and settings set
  std::string value;         // of settings set
  std::string rights;        // a preset, or names of grants with commas between
  std::string term;          // how long rights last
  std::string only_for;      // of pair: a fingerprint
  bool any_network = false;  // of pair
  bool disarm = false;       // of pair
  bool all = false;          // of unpair
  bool follow = false;       // of log
  std::uint32_t lines = 20;  // of log
  bool json = false;
};

// Adds the commands to `app`. A command line that is read writes into `request`, which outlives `app`.
void add_commands(CLI::App& app, Request& request);

}  // namespace punktfunk::ctl
