// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "host/display/fake/fake_display.h"

namespace punktfunk::host {
namespace {

using std::chrono::seconds;
using Leave = DisplayBook::Leave;
using State = DisplayBook::State;

class DisplayRegistryTest : public testing::Test {
 protected:
  DisplayRegistryTest() { open({}); }

  // Every display of the registry before must be gone.
  void open(DisplayBook::Policy policy) {
    auto backend = std::make_unique<FakeDisplayBackend>();
    backend_ = backend.get();
    counters_ = backend->counters();
    registry_ = std::make_unique<DisplayRegistry>(std::move(backend), policy);
  }

  Result<DisplayLease> acquire(const std::string& key, std::uint32_t width = 1280,
                               std::optional<DisplayBook::DisplayId> share = std::nullopt) {
    DisplayRequest request;
    request.mode = DisplayMode::from_hz(width, 720, 60);
    return registry_->acquire(key, request, share);
  }
  // Until the watching thread has done its part.
  bool eventually(const std::function<bool()>& condition) {
    const TimePoint limit = monotonic_now() + seconds(20);
    while (!condition()) {
      if (monotonic_now() > limit) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  FakeDisplayBackend* backend_ = nullptr;
  std::shared_ptr<FakeDisplayBackend::Counters> counters_;
  std::unique_ptr<DisplayRegistry> registry_;
};

TEST_F(DisplayRegistryTest, QuitEndsAndLossKeeps) {
  auto lease = acquire("a");
  ASSERT_TRUE(lease);
  Display* const display = &**lease;
  lease->release(Leave::lost);
  EXPECT_EQ(counters_->destroyed, 0);
  ASSERT_EQ(registry_->list().size(), 1u);
  EXPECT_EQ(registry_->list()[0].state, State::lingering);
  EXPECT_GT(registry_->list()[0].left.value(), seconds(5));
  EXPECT_EQ(registry_->list()[0].sessions, 0u);
  auto again = acquire("a");
  ASSERT_TRUE(again);
  EXPECT_EQ(&**again, display);
  again->release(Leave::quit);
  EXPECT_EQ(counters_->destroyed, 1);
  EXPECT_EQ(registry_->count(), 0u);
  again->release();  // harmless
}

TEST_F(DisplayRegistryTest, KeptDisplayEndsByItself) {
  open({.linger = std::chrono::milliseconds(20)});
  auto lease = acquire("a");
  ASSERT_TRUE(lease);
  lease->release();
  EXPECT_TRUE(eventually([&] { return registry_->count() == 0; }));
  EXPECT_EQ(counters_->destroyed, 1);
}

TEST_F(DisplayRegistryTest, ClientsDoNotShareUnlessAskedTo) {
  auto first = acquire("a");
  const auto second = acquire("b");
  ASSERT_TRUE(first && second);
  EXPECT_NE(&**first, &**second);
  auto guest = acquire("c", 640, first->id());
  ASSERT_TRUE(guest);
  EXPECT_EQ(&**guest, &**first);
  EXPECT_EQ((*guest)->mode().width, 1280u);  // the display's, not the guest's
  EXPECT_EQ(registry_->count(), 2u);
  first->release(Leave::quit);
  EXPECT_EQ(counters_->destroyed, 0);
  guest->release(Leave::quit);
  EXPECT_EQ(counters_->destroyed, 1);
}

TEST_F(DisplayRegistryTest, SecondSessionOfOneClientHasItsOwn) {
  auto first = acquire("a");
  auto second = acquire("a", 1920);
  ASSERT_TRUE(first && second);
  EXPECT_NE(&**first, &**second);
  EXPECT_EQ((*second)->mode().width, 1920u);
}

TEST_F(DisplayRegistryTest, KeptDisplayChangesItsMode) {
  auto first = acquire("a");
  ASSERT_TRUE(first);
  Display* const display = &**first;
  first->release();
  auto second = acquire("a", 1920);
  ASSERT_TRUE(second);
  EXPECT_EQ(&**second, display);
  EXPECT_EQ((*second)->mode().width, 1920u);
  EXPECT_EQ(registry_->list()[0].mode.width, 1920u);
  // One that cannot is replaced.
  second->release();
  counters_->refuse_mode_changes = true;
  auto third = acquire("a", 800);
  ASSERT_TRUE(third);
  EXPECT_EQ((*third)->mode().width, 800u);
  EXPECT_EQ(counters_->created, 2);
  EXPECT_EQ(counters_->destroyed, 1);
}

TEST_F(DisplayRegistryTest, ModeChangesUnlessAnotherSessionLooksOn) {
  auto first = acquire("a");
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->set_mode(DisplayMode::from_hz(1920, 1080, 60)));
  EXPECT_EQ((*first)->mode().width, 1920u);
  auto onlooker = acquire("b", 1280, first->id());
  ASSERT_TRUE(onlooker);
  EXPECT_FALSE(first->set_mode(DisplayMode::from_hz(800, 600, 60)));
  EXPECT_EQ((*first)->mode().width, 1920u);
  onlooker->release();
  EXPECT_TRUE(first->set_mode(DisplayMode::from_hz(800, 600, 60)));
  counters_->refuse_mode_changes = true;
  EXPECT_FALSE(first->set_mode(DisplayMode::from_hz(640, 480, 60)));
  EXPECT_EQ((*first)->mode().width, 800u);
}

TEST_F(DisplayRegistryTest, ADeadDisplayIsNotHandedOut) {
  auto first = acquire("a");
  ASSERT_TRUE(first);
  dynamic_cast<FakeDisplay&>(**first).die();
  EXPECT_FALSE((*first)->death_reason().empty());
  first->release(Leave::lost);
  EXPECT_EQ(counters_->destroyed, 1);
  auto second = acquire("a");
  ASSERT_TRUE(second);
  // One that dies while it waits is cleared away without anybody asking for it.
  const auto death = dynamic_cast<FakeDisplay&>(**second).death();
  second->release(Leave::lost);
  death->strike();
  EXPECT_TRUE(eventually([&] { return registry_->count() == 0; }));
}

TEST_F(DisplayRegistryTest, HandedOverToAnotherClient) {
  open({.linger = Duration::zero()});
  auto first = acquire("a");
  ASSERT_TRUE(first);
  Display* const display = &**first;
  first->release(Leave::handed_over, "b");
  auto second = acquire("b");
  ASSERT_TRUE(second);
  EXPECT_EQ(&**second, display);
  EXPECT_EQ(registry_->list()[0].key, "b");
}

TEST_F(DisplayRegistryTest, EndedByItsOwner) {
  auto lease = acquire("a");
  ASSERT_TRUE(lease);
  const auto id = lease->id();
  EXPECT_FALSE(registry_->end(id));  // in use
  lease->release();
  EXPECT_TRUE(registry_->end(id));
  EXPECT_EQ(counters_->destroyed, 1);
  EXPECT_FALSE(registry_->end(id));
}

TEST_F(DisplayRegistryTest, StopEndsEverything) {
  auto held = acquire("a");
  auto kept = acquire("b");
  ASSERT_TRUE(held && kept);
  kept->release();
  registry_->stop();
  EXPECT_EQ(counters_->destroyed, 1);
  EXPECT_FALSE(acquire("c"));
  held->release(Leave::lost);
  EXPECT_EQ(counters_->destroyed, 2);
}

TEST_F(DisplayRegistryTest, FailuresLeaveNothing) {
  backend_->fail_next("No display today.");
  const auto failed = acquire("a");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "No display today.");
  EXPECT_FALSE(acquire("a", 9000));  // refused before the backend is asked
  EXPECT_EQ(counters_->created, 0);
  EXPECT_EQ(registry_->count(), 0u);
}

TEST_F(DisplayRegistryTest, LeasesMove) {
  open({.linger = Duration::zero()});
  auto acquired = acquire("a");
  ASSERT_TRUE(acquired);
  DisplayLease lease = std::move(*acquired);
  EXPECT_TRUE(lease);
  EXPECT_FALSE(*acquired);
  lease = DisplayLease();
  EXPECT_EQ(counters_->destroyed, 1);
}

}  // namespace
}  // namespace punktfunk::host
