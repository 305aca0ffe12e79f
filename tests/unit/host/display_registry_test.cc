// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include "host/display/fake/fake_display.h"

namespace punktfunk::host {
namespace {

class DisplayRegistryTest : public testing::Test {
 protected:
  DisplayRegistryTest() {
    auto backend = std::make_unique<FakeDisplayBackend>();
    backend_ = backend.get();
    counters_ = backend->counters();
    registry_ = std::make_unique<DisplayRegistry>(std::move(backend));
  }

  Result<DisplayLease> acquire(const std::string& key, std::uint32_t width = 1280) {
    DisplayRequest request;
    request.mode = DisplayMode::from_hz(width, 720, 60);
    return registry_->acquire(key, request);
  }

  FakeDisplayBackend* backend_ = nullptr;
  std::shared_ptr<FakeDisplayBackend::Counters> counters_;
  std::unique_ptr<DisplayRegistry> registry_;
};

TEST_F(DisplayRegistryTest, LastLeaseEndsTheDisplay) {
  auto first = acquire("a");
  auto second = acquire("a");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(&**first, &**second);
  EXPECT_EQ(counters_->created, 1);
  first->release();
  EXPECT_EQ(counters_->destroyed, 0);
  EXPECT_EQ(registry_->count(), 1u);
  second->release();
  EXPECT_EQ(counters_->destroyed, 1);
  EXPECT_EQ(registry_->count(), 0u);
  second->release();  // harmless
}

TEST_F(DisplayRegistryTest, ClientsDoNotShare) {
  const auto first = acquire("a");
  const auto second = acquire("b");
  ASSERT_TRUE(first && second);
  EXPECT_NE(&**first, &**second);
  EXPECT_EQ(registry_->count(), 2u);
}

TEST_F(DisplayRegistryTest, AnotherModeIsAnotherDisplay) {
  auto first = acquire("a");
  auto second = acquire("a", 1920);
  ASSERT_TRUE(first && second);
  EXPECT_EQ((*second)->mode().width, 1920u);
  EXPECT_EQ(counters_->created, 2);
  first->release();
  EXPECT_EQ(counters_->destroyed, 1);
  EXPECT_TRUE((*second)->alive());
}

TEST_F(DisplayRegistryTest, ModeChangesUnlessAnotherSessionLooksOn) {
  auto first = acquire("a");
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->set_mode(DisplayMode::from_hz(1920, 1080, 60)));
  EXPECT_EQ((*first)->mode().width, 1920u);
  auto second = acquire("a", 1920);  // 1920x720: another display of the same client
  ASSERT_TRUE(second);
  DisplayRequest same;
  same.mode = DisplayMode::from_hz(1920, 1080, 60);
  auto onlooker = registry_->acquire("a", same);
  ASSERT_TRUE(onlooker);
  EXPECT_EQ(&**onlooker, &**first);
  EXPECT_FALSE(first->set_mode(DisplayMode::from_hz(800, 600, 60)));
  EXPECT_EQ((*first)->mode().width, 1920u);
  onlooker->release();
  EXPECT_TRUE(first->set_mode(DisplayMode::from_hz(800, 600, 60)));
  counters_->refuse_mode_changes = true;
  EXPECT_FALSE(first->set_mode(DisplayMode::from_hz(640, 480, 60)));
  EXPECT_EQ((*first)->mode().width, 800u);
}

TEST_F(DisplayRegistryTest, ADeadDisplayIsNotHandedOut) {
  const auto first = acquire("a");
  ASSERT_TRUE(first);
  dynamic_cast<FakeDisplay&>(**first).die();
  EXPECT_FALSE((*first)->death_reason().empty());
  const auto second = acquire("a");
  ASSERT_TRUE(second);
  EXPECT_TRUE((*second)->alive());
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
