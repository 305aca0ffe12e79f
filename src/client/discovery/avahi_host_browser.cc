// SPDX-License-Identifier: MIT OR Apache-2.0
// Everything that is Avahi's happens on the thread of its poll: only the list crosses, under a lock.
#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-common/address.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/thread-watch.h>
#include <avahi-common/timeval.h>
#include <net/if.h>

#include <map>
#include <mutex>
#include <utility>

#include "client/discovery/host_browser.h"

namespace punktfunk::client {

namespace {

constexpr const char* kServiceType = "_punktfunk._udp";
constexpr unsigned kRetryMs = 2000;  // after the daemon, or the bus, went away
// Each resolver is an object in the daemon, which has its own bound; and this is a client's memory.
constexpr std::size_t kMaxResolvers = FoundHosts::kMaxSightings;
constexpr std::size_t kMaxTxtBytes = 2048;  // our hosts' have some 500

std::string no_daemon_sentence(const char* why) {
  return std::string("Hosts on this network cannot be listed, because the Avahi daemon does not answer (") +
         why + "); start it (systemctl start avahi-daemon), or give a host's address.";
}

class AvahiHostBrowser final : public HostBrowser {
 public:
  AvahiHostBrowser() : poll_(avahi_threaded_poll_new()) {
    if (poll_ == nullptr) return;
    // At once, but on the poll's thread: to connect may take long when the daemon hangs.
    retry_ = api()->timeout_new(api(), nullptr, &AvahiHostBrowser::on_retry, this);
    schedule_retry(0);
    is_running_ = avahi_threaded_poll_start(poll_) == 0;
  }
  ~AvahiHostBrowser() override {
    if (poll_ == nullptr) return;
    if (is_running_) avahi_threaded_poll_stop(poll_);
    drop_client();
    api()->timeout_free(retry_);
    avahi_threaded_poll_free(poll_);
  }

  [[nodiscard]] bool is_running() const { return is_running_; }
  [[nodiscard]] std::vector<FoundHost> hosts() const override {
    const std::lock_guard lock(mutex_);
    return hosts_.merged();
  }
  [[nodiscard]] std::string trouble() const override {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  const AvahiPoll* api() const { return avahi_threaded_poll_get(poll_); }

  void schedule_retry(unsigned ms) {
    timeval at{};
    api()->timeout_update(retry_, avahi_elapse_time(&at, ms, 0));
  }

  static void on_retry(AvahiTimeout* timeout, void* self) {
    auto* browser = static_cast<AvahiHostBrowser*>(self);
    browser->api()->timeout_update(timeout, nullptr);
    browser->connect();
  }

  void connect() {
    drop_client();
    int error = 0;
    // NO_FAIL: waits for a daemon that does not run yet.
    client_ = avahi_client_new(api(), AVAHI_CLIENT_NO_FAIL, &AvahiHostBrowser::on_client, this, &error);
    if (client_ == nullptr) fail_and_retry(avahi_strerror(error));
  }

  void drop_client() {
    resolvers_.clear();  // freed with the client
    browser_ = nullptr;
    if (client_ != nullptr) avahi_client_free(std::exchange(client_, nullptr));
    const std::lock_guard lock(mutex_);
    hosts_.clear();
  }

  void fail_and_retry(const char* why) {
    set_trouble(no_daemon_sentence(why));
    schedule_retry(kRetryMs);
  }

  void set_trouble(std::string sentence) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(sentence);
  }

  static void on_client(AvahiClient* client, AvahiClientState state, void* self) {
    auto* browser = static_cast<AvahiHostBrowser*>(self);
    browser->client_ = client;  // called before avahi_client_new() returns as well
    switch (state) {
      case AVAHI_CLIENT_S_RUNNING:
      case AVAHI_CLIENT_S_REGISTERING:
      case AVAHI_CLIENT_S_COLLISION:
        if (browser->browser_ == nullptr) browser->browse();
        return;
      case AVAHI_CLIENT_CONNECTING:
        // With the daemon went its browsers.
        browser->resolvers_.clear();
        browser->browser_ = nullptr;
        browser->set_trouble(no_daemon_sentence("it does not run"));
        return;
      case AVAHI_CLIENT_FAILURE:
        browser->fail_and_retry(avahi_strerror(avahi_client_errno(client)));
        return;
    }
  }

  void browse() {
    browser_ = avahi_service_browser_new(client_, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, kServiceType, nullptr,
                                         AvahiLookupFlags{}, &AvahiHostBrowser::on_browse, this);
    if (browser_ == nullptr) return fail_and_retry(avahi_strerror(avahi_client_errno(client_)));
    set_trouble("");
  }

  static std::string key_of(AvahiIfIndex interface, AvahiProtocol protocol, const char* name) {
    return std::to_string(interface) + "/" + std::to_string(protocol) + "/" + name;
  }

  static void on_browse(AvahiServiceBrowser*, AvahiIfIndex interface, AvahiProtocol protocol,
                        AvahiBrowserEvent event, const char* name, const char* type, const char* domain,
                        AvahiLookupResultFlags, void* self) {
    auto* browser = static_cast<AvahiHostBrowser*>(self);
    switch (event) {
      case AVAHI_BROWSER_NEW:
        return browser->resolve(interface, protocol, name, type, domain);
      case AVAHI_BROWSER_REMOVE:
        return browser->forget(key_of(interface, protocol, name));
      case AVAHI_BROWSER_FAILURE:
        return browser->fail_and_retry(avahi_strerror(avahi_client_errno(browser->client_)));
      case AVAHI_BROWSER_CACHE_EXHAUSTED:
      case AVAHI_BROWSER_ALL_FOR_NOW:
        return;
    }
  }

  // The resolver stays: it reports again when the host's addresses or records change.
  void resolve(AvahiIfIndex interface, AvahiProtocol protocol, const char* name, const char* type,
               const char* domain) {
    const std::string key = key_of(interface, protocol, name);
    if (resolvers_.size() >= kMaxResolvers || resolvers_.contains(key)) return;
    AvahiServiceResolver* resolver =
        avahi_service_resolver_new(client_, interface, protocol, name, type, domain, AVAHI_PROTO_UNSPEC,
                                   AvahiLookupFlags{}, &AvahiHostBrowser::on_resolve, this);
    if (resolver != nullptr) resolvers_.emplace(key, resolver);
  }

  void forget(const std::string& key) {
    if (const auto at = resolvers_.find(key); at != resolvers_.end()) {
      avahi_service_resolver_free(at->second);
      resolvers_.erase(at);
    }
    const std::lock_guard lock(mutex_);
    hosts_.remove(key);
  }

  static void on_resolve(AvahiServiceResolver*, AvahiIfIndex interface, AvahiProtocol protocol,
                         AvahiResolverEvent event, const char* name, const char*, const char*,
                         const char* host_name, const AvahiAddress* address, std::uint16_t port,
                         AvahiStringList* txt, AvahiLookupResultFlags, void* self) {
    auto* browser = static_cast<AvahiHostBrowser*>(self);
    // A service whose host does not answer stays in the browser: the resolver goes on trying.
    if (event != AVAHI_RESOLVER_FOUND || address == nullptr) return;
    Announcement announcement;
    announcement.name = name;
    announcement.host_name = host_name != nullptr ? host_name : "";
    char ip[AVAHI_ADDRESS_STR_MAX] = {};
    avahi_address_snprint(ip, sizeof ip, address);
    announcement.address = ip;
    // fe80::/10 means something only on its interface.
    char interface_name[IF_NAMESIZE] = {};
    const bool is_link_local = address->proto == AVAHI_PROTO_INET6 && address->data.ipv6.address[0] == 0xfe &&
                               (address->data.ipv6.address[1] & 0xc0) == 0x80;
    if (is_link_local && interface > 0 &&
        if_indextoname(static_cast<unsigned>(interface), interface_name) != nullptr)
      announcement.address += std::string("%") + interface_name;
    announcement.port = port;
    std::size_t bytes = 0;
    for (; txt != nullptr; txt = avahi_string_list_get_next(txt)) {
      bytes += avahi_string_list_get_size(txt);
      if (bytes > kMaxTxtBytes) break;
      announcement.txt.emplace_back(reinterpret_cast<const char*>(avahi_string_list_get_text(txt)),
                                    avahi_string_list_get_size(txt));
    }
    auto host = parse_announcement(announcement);
    const std::lock_guard lock(browser->mutex_);
    const std::string key = key_of(interface, protocol, name);
    if (host) {
      browser->hosts_.add(key, std::move(*host));
    } else {
      browser->hosts_.remove(key);
    }
  }

  AvahiThreadedPoll* poll_;
  bool is_running_ = false;
  // The poll's thread only, while it runs.
  AvahiTimeout* retry_ = nullptr;
  AvahiClient* client_ = nullptr;
  AvahiServiceBrowser* browser_ = nullptr;
  std::map<std::string, AvahiServiceResolver*> resolvers_;

  mutable std::mutex mutex_;
  FoundHosts hosts_;
  std::string trouble_;
};

}  // namespace

Result<std::unique_ptr<HostBrowser>> start_host_browser() {
  auto browser = std::make_unique<AvahiHostBrowser>();
  if (!browser->is_running())
    return fail(
        "Hosts on this network cannot be listed, because no thread could be started for it; close "
        "other programs.");
  return std::unique_ptr<HostBrowser>(std::move(browser));
}

}  // namespace punktfunk::client
