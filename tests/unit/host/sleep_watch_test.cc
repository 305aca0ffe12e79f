// SPDX-License-Identifier: MIT OR Apache-2.0
// Sleep and wake, with a private bus and a logind of our own on it.
#include "host/power/sleep_watch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/time.h"
#include "scratch_folder.h"

namespace punktfunk::host {
namespace {

// A dbus-daemon for one test.
class PrivateBus {
 public:
  explicit PrivateBus(const std::string& folder) : address_("unix:path=" + folder + "/bus") {
    std::ofstream(folder + "/bus.conf")
        << "<busconfig><type>system</type><listen>" << address_
        << "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow send_destination=\"*\" "
           "eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n";
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ready[1], 1);
      const std::string config = "--config-file=" + folder + "/bus.conf";
      ::execlp("dbus-daemon", "dbus-daemon", config.c_str(), "--nofork", "--nopidfile", "--print-address=1",
               static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(ready[1]);
    // It prints its address once it listens, and nothing if it cannot.
    std::array<char, 512> line{};
    is_up_ = ::read(ready[0], line.data(), line.size()) > 0;
    ::close(ready[0]);
  }
  ~PrivateBus() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] bool is_up() const { return is_up_; }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  const std::string address_;
  pid_t pid_ = -1;
  bool is_up_ = false;
};

// Answers Inhibit with a pipe, keeps its other end, and says PrepareForSleep when told to.
class FakeLogind {
 public:
  explicit FakeLogind(const std::string& address) {
    sd_bus* bus = nullptr;
    EXPECT_GE(sd_bus_new(&bus), 0);
    EXPECT_GE(sd_bus_set_address(bus, address.c_str()), 0);
    EXPECT_GE(sd_bus_set_bus_client(bus, 1), 0);
    EXPECT_GE(sd_bus_start(bus), 0);
    static const sd_bus_vtable kTable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Inhibit", "ssss", "h", &FakeLogind::inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("PrepareForSleep", "b", 0), SD_BUS_VTABLE_END};
    EXPECT_GE(sd_bus_add_object_vtable(bus, nullptr, "/org/freedesktop/login1",
                                       "org.freedesktop.login1.Manager", kTable, this),
              0);
    EXPECT_GE(sd_bus_request_name(bus, "org.freedesktop.login1", 0), 0);
    bus_ = bus;
    thread_ = std::thread([this] { run(); });
  }
  ~FakeLogind() {
    stopping_ = true;
    thread_.join();
    sd_bus_flush_close_unref(bus_);
    for (auto& [what, fd] : locks_) ::close(fd);
  }

  // Whether a lock of this kind is held, which its holder ends by closing its end.
  bool has_lock(const std::string& what) {
    const std::lock_guard guard(mutex_);
    for (const auto& [kind, fd] : locks_) {
      pollfd end{fd, POLLIN, 0};
      if (kind == what && ::poll(&end, 1, 0) == 0) return true;
    }
    return false;
  }
  bool wait_for_lock(const std::string& what, bool held) {
    for (const TimePoint limit = monotonic_now() + std::chrono::seconds(20); monotonic_now() < limit;) {
      if (has_lock(what) == held) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }
  void say_sleep(bool going) {
    const std::lock_guard guard(mutex_);
    pending_.push_back(going);
  }

 private:
  static int inhibit(sd_bus_message* call, void* self, sd_bus_error*) {
    const char *what = nullptr, *who = nullptr, *why = nullptr, *mode = nullptr;
    if (sd_bus_message_read(call, "ssss", &what, &who, &why, &mode) < 0) return -EINVAL;
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return -errno;
    auto& logind = *static_cast<FakeLogind*>(self);
    {
      const std::lock_guard guard(logind.mutex_);
      logind.locks_.emplace_back(std::string(what) + " " + mode, ends[0]);
    }
    const int rc = sd_bus_reply_method_return(call, "h", ends[1]);
    ::close(ends[1]);
    return rc;
  }
  void run() {
    while (!stopping_) {
      while (sd_bus_process(bus_, nullptr) > 0) {
      }
      std::vector<bool> say;
      {
        const std::lock_guard guard(mutex_);
        say.swap(pending_);
      }
      for (const bool going : say)
        EXPECT_GE(sd_bus_emit_signal(bus_, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
                                     "PrepareForSleep", "b", going ? 1 : 0),
                  0);
      sd_bus_wait(bus_, 5'000);
    }
  }

  sd_bus* bus_ = nullptr;
  std::mutex mutex_;
  std::vector<std::pair<std::string, int>> locks_;
  std::vector<bool> pending_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

class SleepWatchTest : public testing::Test {
 protected:
  SleepWatchTest() : bus_(folder_.path().string()) {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", bus_.address().c_str(), 1);
  }
  void SetUp() override {
    ASSERT_TRUE(bus_.is_up()) << "dbus-daemon is missing: install the package dbus-daemon";
  }

  SleepWatch::Callbacks callbacks() {
    return {[this] {
              // Told while the machine still waits for us.
              slept_while_locked_ = logind_ != nullptr && logind_->has_lock("sleep delay");
              ++slept_;
            },
            [this] { ++woke_; }};
  }
  static bool eventually(const std::function<bool()>& condition) {
    for (const TimePoint limit = monotonic_now() + std::chrono::seconds(20); monotonic_now() < limit;) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  test::ScratchFolder folder_;
  PrivateBus bus_;
  std::unique_ptr<FakeLogind> logind_;
  std::atomic<int> slept_ = 0, woke_ = 0;
  std::atomic<bool> slept_while_locked_ = false;
};

TEST_F(SleepWatchTest, SleepWaitsUntilTheClientsAreTold) {
  logind_ = std::make_unique<FakeLogind>(bus_.address());
  SleepWatch watch;
  watch.start(callbacks());
  for (int round = 1; round <= 2; ++round) {
    ASSERT_TRUE(logind_->wait_for_lock("sleep delay", true));
    logind_->say_sleep(true);
    ASSERT_TRUE(logind_->wait_for_lock("sleep delay", false)) << "the machine would wait for nothing";
    EXPECT_EQ(slept_, round);
    EXPECT_TRUE(slept_while_locked_);
    logind_->say_sleep(false);
    EXPECT_TRUE(eventually([&] { return woke_ == round; }));
  }
}

TEST_F(SleepWatchTest, DoesNotIdleWhileSomebodyStreams) {
  logind_ = std::make_unique<FakeLogind>(bus_.address());
  SleepWatch watch;
  watch.start(callbacks());
  ASSERT_TRUE(logind_->wait_for_lock("sleep delay", true));
  EXPECT_FALSE(logind_->has_lock("idle block"));
  watch.set_streaming(true);
  EXPECT_TRUE(logind_->wait_for_lock("idle block", true));
  watch.set_streaming(false);
  EXPECT_TRUE(logind_->wait_for_lock("idle block", false));
  EXPECT_FALSE(logind_->has_lock("sleep block")) << "whoever wants the machine to sleep may";
}

TEST_F(SleepWatchTest, EndsWithTheBusAndWithoutLogind) {
  SleepWatch without_logind;
  without_logind.start(callbacks());
  without_logind.stop();
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
  SleepWatch without_bus;
  without_bus.start(callbacks());
  without_bus.set_streaming(true);
  EXPECT_EQ(slept_, 0);
}

}  // namespace
}  // namespace punktfunk::host
