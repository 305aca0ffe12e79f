// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/input/held_keys.h"

#include <gtest/gtest.h>

#include "host/input/fake/fake_injector.h"

namespace punktfunk::host {
namespace {

TEST(HeldKeys, PassesOnChangesOnly) {
  HeldKeys held;
  EXPECT_FALSE(held.key(KEY_A, false));
  EXPECT_TRUE(held.key(KEY_A, true));
  EXPECT_FALSE(held.key(KEY_A, true));
  EXPECT_TRUE(held.key(KEY_A, false));
  EXPECT_TRUE(held.keys().empty());
}

TEST(HeldKeys, IgnoresWhatNoClientCanBeSent) {
  HeldKeys held;
  for (const unsigned code : {0u, 248u, 256u, 0x2ffu, 65535u})
    EXPECT_FALSE(held.key(static_cast<std::uint16_t>(code), true)) << code;
  EXPECT_TRUE(held.key(kMaxKey, true));
  for (const unsigned code : {0u, 1u, BTN_LEFT - 1u, BTN_TASK + 1u, 65535u})
    EXPECT_FALSE(held.button(static_cast<std::uint16_t>(code), true));
  EXPECT_TRUE(held.button(BTN_TASK, true));
}

TEST(FakeInjector, ReleaseAllLetsGoOfEverythingOnce) {
  FakeInjector injector;
  injector.key(KEY_LEFTSHIFT, true);
  injector.key(KEY_A, true);
  injector.button(BTN_RIGHT, true);
  injector.key(KEY_A, false);
  injector.release_all();
  injector.release_all();
  EXPECT_EQ(injector.events(), (std::vector<std::string>{"key 42 down", "key 30 down", "button 273 down",
                                                         "key 30 up", "key 42 up", "button 273 up"}));
}

}  // namespace
}  // namespace punktfunk::host
