// SPDX-License-Identifier: MIT OR Apache-2.0
// The API's answers for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "apps/host/ctl/request.h"

namespace punktfunk::ctl {

using Json = nlohmann::json;

void print_status(const Json& answer, const Request& request);
void print_sessions(const Json& answer, const Request& request);
void print_stopped(const Json& answer, const Request& request);
void print_keyframe(const Json& answer, const Request& request);
void print_displays(const Json& answer, const Request& request);
void print_display_ended(const Json& answer, const Request& request);
void print_pin(const Json& answer, const Request& request);
void print_pending(const Json& answer, const Request& request);
void print_decision(const Json& answer, const Request& request);
void print_clients(const Json& answer, const Request& request);
void print_client(const Json& answer, const Request& request);
void print_unpaired(const Json& answer, const Request& request);
void print_settings(const Json& answer, const Request& request);
void print_setting(const Json& answer, const Request& request);
void print_log(const Json& answer, const Request& request);

// One event: its time, its type, and what its data says.
void print_event(const std::string& type, const Json& data);

}  // namespace punktfunk::ctl
