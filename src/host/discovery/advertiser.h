// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "host/discovery/advertisement.h"

namespace punktfunk::host {

// Announces this host on its networks until it is destroyed. It runs on a thread of its own and needs no
// attention: a name that another host has gets a number, a daemon that goes away and comes back is told
// again, and while there is none the log says so once, with the remedy.
class Advertiser {
 public:
  virtual ~Advertiser() = default;
};

// `describe` is called on the advertiser's thread, at the start and every 30 s: addresses come and go. An
// error where this build has no mDNS.
[[nodiscard]] Result<std::unique_ptr<Advertiser>> start_advertiser(std::function<Advertisement()> describe);

}  // namespace punktfunk::host
