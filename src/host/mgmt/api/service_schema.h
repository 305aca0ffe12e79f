// SPDX-License-Identifier: MIT OR Apache-2.0
// The shapes of what the API takes and gives: published in the OpenAPI document, and checked by it.
#pragma once

#include "host/mgmt/http/schema.h"

namespace punktfunk::host::api::schemas {

using http::Schema;

[[nodiscard]] Schema fingerprint();
[[nodiscard]] Schema status();
[[nodiscard]] Schema rights();
[[nodiscard]] Schema stream_figures();
[[nodiscard]] Schema host_figures();
[[nodiscard]] Schema session();
[[nodiscard]] Schema display();
[[nodiscard]] Schema pairing();
[[nodiscard]] Schema pending_device();
[[nodiscard]] Schema client();
[[nodiscard]] Schema settings();
[[nodiscard]] Schema settings_view();
[[nodiscard]] Schema log_line();

// What comes in.
[[nodiscard]] Schema settings_change();
[[nodiscard]] Schema rights_request();
[[nodiscard]] Schema client_edit();
[[nodiscard]] Schema arm_request();

// {"name": [items]}
[[nodiscard]] Schema list_of(const char* name, const Schema& item);

}  // namespace punktfunk::host::api::schemas
