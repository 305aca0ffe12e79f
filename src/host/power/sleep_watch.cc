// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/power/sleep_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-bus.h>

#include <array>
#include <utility>

#include "base/log.h"
#include "base/time.h"

namespace punktfunk::host {

namespace {

constexpr const char* kService = "org.freedesktop.login1";
constexpr const char* kObject = "/org/freedesktop/login1";
constexpr const char* kInterface = "org.freedesktop.login1.Manager";
// logind answers within milliseconds; a bus whose logind hangs must not keep the host from stopping.
constexpr std::uint64_t kAnswerLimitUs = 2'000'000;

struct BusCloser {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
struct MessageFree {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};

}  // namespace

// The connection to the system bus. On the watching thread.
class SleepWatch::Bus {
 public:
  explicit Bus(const Callbacks& callbacks) : callbacks_(callbacks) {}

  // False: there is nothing to watch.
  bool open() {
    sd_bus* bus = nullptr;
    int rc = sd_bus_open_system(&bus);
    if (rc < 0) return unavailable("the system bus", rc);
    bus_.reset(bus);
    sd_bus_set_method_call_timeout(bus, kAnswerLimitUs);
    rc =
        sd_bus_match_signal(bus, nullptr, kService, kObject, kInterface, "PrepareForSleep", &on_signal, this);
    if (rc < 0) return unavailable("logind", rc);
    delay_ = inhibit("sleep", "Clients are told before this machine sleeps", "delay");
    return delay_.valid();
  }

  // What has arrived is handled; false: the bus is gone.
  bool process() {
    int rc = 0;
    do {
      rc = sd_bus_process(bus_.get(), nullptr);
    } while (rc > 0);
    return rc == 0 || unavailable("the system bus", rc);
  }

  void set_streaming(bool streaming) {
    if (!streaming) return idle_.reset();
    if (!idle_.valid()) idle_ = inhibit("idle", "Somebody streams from this machine", "block");
  }

  [[nodiscard]] pollfd wait() const {
    const int events = sd_bus_get_events(bus_.get());
    return {sd_bus_get_fd(bus_.get()), static_cast<short>(events < 0 ? POLLIN : events), 0};
  }

 private:
  static int on_signal(sd_bus_message* message, void* self, sd_bus_error*) {
    int going = 0;
    if (sd_bus_message_read_basic(message, 'b', &going) > 0) static_cast<Bus*>(self)->prepare(going != 0);
    return 0;
  }

  void prepare(bool going) {
    if (going) {
      callbacks_.going_to_sleep();
      delay_.reset();  // the machine sleeps now
      return;
    }
    if (!delay_.valid()) delay_ = inhibit("sleep", "Clients are told before this machine sleeps", "delay");
    callbacks_.awake();
  }

  // A lock that lasts as long as the descriptor is open; invalid: none was given.
  UniqueFd inhibit(const char* what, const char* why, const char* mode) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message* answer = nullptr;
    int rc = sd_bus_call_method(bus_.get(), kService, kObject, kInterface, "Inhibit", &error, &answer, "ssss",
                                what, "punktfunk", why, mode);
    const std::unique_ptr<sd_bus_message, MessageFree> owned(answer);
    sd_bus_error_free(&error);
    int fd = -1;
    if (rc >= 0) rc = sd_bus_message_read_basic(answer, 'h', &fd);
    if (rc < 0) {
      unavailable("logind", rc);
      return {};
    }
    return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));  // the message owns its own
  }

  static bool unavailable(const char* what, int rc) {
    spdlog::debug("Sleep of this machine is not watched: {} does not answer ({}).", what, ::strerror(-rc));
    return false;
  }

  const Callbacks& callbacks_;
  std::unique_ptr<sd_bus, BusCloser> bus_;
  UniqueFd delay_;  // holds sleep up until the clients are told
  UniqueFd idle_;   // keeps the machine from idling
};

SleepWatch::SleepWatch() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void SleepWatch::start(Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pf-sleep");
    run();
  });
}

void SleepWatch::stop() {
  stopping_ = true;
  (void)::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void SleepWatch::set_streaming(bool streaming) {
  if (streaming_.exchange(streaming) != streaming) (void)::eventfd_write(wake_.get(), 1);
}

void SleepWatch::run() {
  Bus bus(callbacks_);
  if (!bus.open()) return;
  while (!stopping_) {
    bus.set_streaming(streaming_);
    if (!bus.process()) return;
    std::array<pollfd, 2> waits = {pollfd{wake_.get(), POLLIN, 0}, bus.wait()};
    // The library has no timer running: every call it makes here waits for its answer.
    (void)::poll(waits.data(), waits.size(), -1);
    eventfd_t ignored = 0;
    (void)::eventfd_read(wake_.get(), &ignored);
  }
}

}  // namespace punktfunk::host
