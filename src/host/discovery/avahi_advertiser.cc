// SPDX-License-Identifier: MIT OR Apache-2.0
// Everything happens on the thread of Avahi's poll: nothing here is shared.
#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/strlst.h>
#include <avahi-common/thread-watch.h>
#include <avahi-common/timeval.h>

#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "host/discovery/advertiser.h"

namespace punktfunk::host {

namespace {

constexpr const char* kServiceType = "_punktfunk._udp";
constexpr unsigned kRefreshMs = 30'000;
// After the bus went away, or where there is none: a machine may get one later.
constexpr unsigned kRetryMs = 2'000;

class AvahiAdvertiser final : public Advertiser {
 public:
  explicit AvahiAdvertiser(std::function<Advertisement()> describe)
      : describe_(std::move(describe)), poll_(avahi_threaded_poll_new()) {
    if (poll_ == nullptr) return;
    // The connection is made on the poll's thread: the host does not wait for a bus that hangs.
    timer_ = api()->timeout_new(api(), nullptr, &AvahiAdvertiser::on_timer, this);
    schedule(0);
    is_running_ = avahi_threaded_poll_start(poll_) == 0;
  }
  ~AvahiAdvertiser() override {
    if (poll_ == nullptr) return;
    if (is_running_) avahi_threaded_poll_stop(poll_);
    // Withdraws the service as well.
    if (client_ != nullptr) avahi_client_free(client_);
    api()->timeout_free(timer_);
    avahi_threaded_poll_free(poll_);
  }

  [[nodiscard]] bool is_running() const { return is_running_; }

 private:
  const AvahiPoll* api() const { return avahi_threaded_poll_get(poll_); }

  void schedule(unsigned ms) {
    timeval at{};
    api()->timeout_update(timer_, avahi_elapse_time(&at, ms, 0));
  }

  static void on_timer(AvahiTimeout*, void* self) {
    auto* advertiser = static_cast<AvahiAdvertiser*>(self);
    if (advertiser->client_ == nullptr || advertiser->has_failed_) {
      advertiser->connect();
    } else {
      advertiser->refresh();
    }
  }

  void connect() {
    group_ = nullptr;  // freed with its client
    has_failed_ = false;
    if (client_ != nullptr) avahi_client_free(std::exchange(client_, nullptr));
    schedule(kRefreshMs);
    int error = 0;
    // NO_FAIL: waits for a daemon that does not run yet.
    client_ = avahi_client_new(api(), AVAHI_CLIENT_NO_FAIL, &AvahiAdvertiser::on_client, this, &error);
    if (client_ == nullptr) give_up_for_now(avahi_strerror(error));
  }

  void give_up_for_now(const char* why) {
    has_failed_ = true;
    complain(why);
    schedule(kRetryMs);
  }

  // Once until the service is established again.
  void complain(const char* why) {
    if (std::exchange(has_complained_, true)) return;
    spdlog::warn(
        "This host is not announced on its network, because the Avahi daemon does not answer ({}); start it "
        "(systemctl start avahi-daemon). Clients reach the host by its address meanwhile.",
        why);
  }

  static void on_client(AvahiClient* client, AvahiClientState state, void* self) {
    auto* advertiser = static_cast<AvahiAdvertiser*>(self);
    advertiser->client_ = client;  // called before avahi_client_new() returns as well
    switch (state) {
      case AVAHI_CLIENT_S_RUNNING:
        return advertiser->publish();
      case AVAHI_CLIENT_S_COLLISION:
      case AVAHI_CLIENT_S_REGISTERING:
        // The machine's own name is being settled; records that name it are made anew after that.
        if (advertiser->group_ != nullptr) avahi_entry_group_reset(advertiser->group_);
        return;
      case AVAHI_CLIENT_CONNECTING:
        // With the daemon went what it announced.
        advertiser->group_ = nullptr;
        return advertiser->complain("it does not run");
      case AVAHI_CLIENT_FAILURE:
        return advertiser->give_up_for_now(avahi_strerror(avahi_client_errno(client)));
    }
  }

  static void on_group(AvahiEntryGroup* group, AvahiEntryGroupState state, void* self) {
    auto* advertiser = static_cast<AvahiAdvertiser*>(self);
    advertiser->group_ = group;
    switch (state) {
      case AVAHI_ENTRY_GROUP_ESTABLISHED:
        advertiser->has_complained_ = false;
        spdlog::info("Announced on the network as \"{}\".", advertiser->name_);
        return;
      case AVAHI_ENTRY_GROUP_COLLISION:
        advertiser->take_other_name();
        return advertiser->publish();
      case AVAHI_ENTRY_GROUP_FAILURE:
        return advertiser->give_up_for_now(avahi_strerror(avahi_client_errno(advertiser->client_)));
      case AVAHI_ENTRY_GROUP_UNCOMMITED:
      case AVAHI_ENTRY_GROUP_REGISTERING:
        return;
    }
  }

  // "Tower" becomes "Tower #2".
  void take_other_name() {
    char* other = avahi_alternative_service_name(name_.c_str());
    if (other != nullptr) name_ = other;
    avahi_free(other);
  }

  static AvahiStringList* txt_list(const std::vector<std::string>& txt) {
    AvahiStringList* list = nullptr;
    // Each one is put in front.
    for (auto entry = txt.rbegin(); entry != txt.rend(); ++entry)
      list = avahi_string_list_add(list, entry->c_str());
    return list;
  }

  void publish() {
    if (group_ == nullptr) group_ = avahi_entry_group_new(client_, &AvahiAdvertiser::on_group, this);
    if (group_ == nullptr) return give_up_for_now(avahi_strerror(avahi_client_errno(client_)));
    published_ = describe_();
    if (name_.empty()) name_ = clean_text(published_.name, kMaxServiceNameBytes);
    avahi_entry_group_reset(group_);
    AvahiStringList* txt = txt_list(txt_of(published_));
    int error = AVAHI_ERR_COLLISION;
    // A name that another program of this machine has is refused here, one that another machine has later.
    for (int tries = 0; tries < 100 && error == AVAHI_ERR_COLLISION; ++tries) {
      if (tries > 0) take_other_name();
      error = avahi_entry_group_add_service_strlst(group_, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
                                                   AvahiPublishFlags{}, name_.c_str(), kServiceType, nullptr,
                                                   nullptr, published_.port, txt);
    }
    avahi_string_list_free(txt);
    if (error == 0) error = avahi_entry_group_commit(group_);
    if (error != 0) give_up_for_now(avahi_strerror(error));
  }

  void refresh() {
    schedule(kRefreshMs);
    if (group_ == nullptr || avahi_entry_group_get_state(group_) != AVAHI_ENTRY_GROUP_ESTABLISHED) return;
    Advertisement now = describe_();
    if (now == published_) return;
    published_ = std::move(now);
    AvahiStringList* txt = txt_list(txt_of(published_));
    const int error = avahi_entry_group_update_service_txt_strlst(group_, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
                                                                  AvahiPublishFlags{}, name_.c_str(),
                                                                  kServiceType, nullptr, txt);
    avahi_string_list_free(txt);
    if (error != 0) give_up_for_now(avahi_strerror(error));
  }

  const std::function<Advertisement()> describe_;
  AvahiThreadedPoll* poll_;
  bool is_running_ = false;
  // The poll's thread only, while it runs.
  AvahiTimeout* timer_ = nullptr;
  AvahiClient* client_ = nullptr;
  AvahiEntryGroup* group_ = nullptr;
  bool has_failed_ = false;
  bool has_complained_ = false;
  std::string name_;  // in force
  Advertisement published_;
};

}  // namespace

Result<std::unique_ptr<Advertiser>> start_advertiser(std::function<Advertisement()> describe) {
  auto advertiser = std::make_unique<AvahiAdvertiser>(std::move(describe));
  if (!advertiser->is_running())
    return fail(
        "This host is not announced on its network, because no thread could be started for it; close "
        "other programs.");
  return std::unique_ptr<Advertiser>(std::move(advertiser));
}

}  // namespace punktfunk::host
