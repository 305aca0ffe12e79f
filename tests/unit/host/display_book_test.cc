// SPDX-License-Identifier: MIT OR Apache-2.0
// Who has which display, in virtual time.
#include "host/display/display_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "seed.h"

namespace punktfunk::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Book = DisplayBook;
using Leave = Book::Leave;
using State = Book::State;

constexpr DisplayMode kSmall = DisplayMode::from_hz(1280, 720, 60);
constexpr DisplayMode kLarge = DisplayMode::from_hz(1920, 1080, 60);

class DisplayBookTest : public testing::Test {
 protected:
  Book::DisplayId open(Book::HolderId holder, const char* key, const DisplayMode& mode = kSmall) {
    const auto answer = book.acquire(holder, key, mode, std::nullopt, now);
    const auto* start = std::get_if<Book::Start>(&answer);
    EXPECT_NE(start, nullptr);
    if (start == nullptr) return 0;
    book.started(start->id, now);
    return start->id;
  }
  // The display that acquire() gives at once; 0: it does not.
  Book::DisplayId take(Book::HolderId holder, const char* key, const DisplayMode& mode = kSmall,
                       std::optional<Book::DisplayId> share = std::nullopt) {
    const auto answer = book.acquire(holder, key, mode, share, now);
    const auto* taken = std::get_if<Book::Take>(&answer);
    return taken != nullptr ? taken->id : 0;
  }

  Book book{Book::Policy{}};
  TimePoint now{seconds(100)};
};

TEST_F(DisplayBookTest, LingersTenSecondsAndNoLonger) {
  const auto id = open(1, "a");
  book.release(id, 1, Leave::lost, {}, now);
  EXPECT_EQ(book.next_deadline(), now + seconds(10));
  book.handle_deadline(now + seconds(10) - milliseconds(1));
  EXPECT_TRUE(book.take_ends().empty());
  book.handle_deadline(now + seconds(10));
  EXPECT_EQ(book.take_ends(), std::vector<Book::DisplayId>{id});
  EXPECT_EQ(book.find(id)->state, State::ending);
  EXPECT_FALSE(book.next_deadline());
  book.ended(id);
  EXPECT_TRUE(book.entries().empty());
}

TEST_F(DisplayBookTest, GivenBackOnlyWhileItsTimeLasts) {
  const auto id = open(1, "a");
  book.release(id, 1, Leave::lost, {}, now);
  now += seconds(9);
  EXPECT_EQ(take(2, "a"), id);
  EXPECT_FALSE(book.next_deadline());
  book.release(id, 2, Leave::lost, {}, now);
  now += seconds(11);  // nobody looked at the clock in between
  EXPECT_NE(open(3, "a"), id);
  EXPECT_EQ(book.take_ends(), std::vector<Book::DisplayId>{id});
}

TEST_F(DisplayBookTest, ForEverAndNotAtAll) {
  book = Book({.linger = std::nullopt});
  const auto kept = open(1, "a");
  book.release(kept, 1, Leave::lost, {}, now);
  EXPECT_FALSE(book.next_deadline());
  book.handle_deadline(now + std::chrono::hours(10'000));
  EXPECT_TRUE(book.take_ends().empty());
  book = Book({.linger = Duration::zero()});
  const auto gone = open(2, "a");
  book.release(gone, 2, Leave::lost, {}, now);
  EXPECT_EQ(book.take_ends(), std::vector<Book::DisplayId>{gone});
  book.set_linger(seconds(3));
  const auto again = open(3, "a");
  book.release(again, 3, Leave::lost, {}, now);
  EXPECT_EQ(book.next_deadline(), now + seconds(3));
}

TEST_F(DisplayBookTest, QuitEndsAtOnceUnlessSomebodyElseLooksOn) {
  const auto id = open(1, "a");
  EXPECT_EQ(take(2, "b", kLarge, id), id);
  book.release(id, 1, Leave::quit, {}, now);
  EXPECT_TRUE(book.take_ends().empty());
  book.release(id, 2, Leave::quit, {}, now);
  EXPECT_EQ(book.take_ends(), std::vector<Book::DisplayId>{id});
  book.release(id, 2, Leave::quit, {}, now);  // harmless
  EXPECT_TRUE(book.take_ends().empty());
}

TEST_F(DisplayBookTest, AnotherModeIsAChangeOfTheKeptOne) {
  const auto id = open(1, "a");
  book.release(id, 1, Leave::lost, {}, now);
  const auto answer = book.acquire(2, "a", kLarge, std::nullopt, now);
  ASSERT_TRUE(std::holds_alternative<Book::Change>(answer));
  // Nobody joins a display whose mode is about to be another one.
  EXPECT_TRUE(std::holds_alternative<Book::Wait>(book.acquire(3, "b", kSmall, id, now)));
  book.mode_changed(id, kLarge);
  EXPECT_EQ(book.find(id)->mode, kLarge);
  EXPECT_TRUE(book.begin_change(id));
  EXPECT_FALSE(book.begin_change(id));
  book.mode_changed(id, kSmall);
  EXPECT_EQ(take(3, "b", kLarge, id), id);
  EXPECT_FALSE(book.begin_change(id));
}

TEST_F(DisplayBookTest, TheFittingOneOfTwoElseTheOneLeftLast) {
  const auto small = open(1, "a", kSmall);
  const auto large = open(2, "a", kLarge);
  book.release(large, 2, Leave::lost, {}, now);
  book.release(small, 1, Leave::lost, {}, now + seconds(1));
  EXPECT_EQ(take(3, "a", kLarge), large);
  book.release(large, 3, Leave::lost, {}, now + seconds(2));
  const auto answer = book.acquire(4, "a", DisplayMode::from_hz(800, 600, 60), std::nullopt, now);
  ASSERT_TRUE(std::holds_alternative<Book::Change>(answer));
  EXPECT_EQ(std::get<Book::Change>(answer).id, large);
}

TEST_F(DisplayBookTest, ClientThatLeavesWhileItsDisplayStarts) {
  for (const Leave how : {Leave::quit, Leave::lost}) {
    const auto id = std::get<Book::Start>(book.acquire(1, "a", kSmall, std::nullopt, now)).id;
    book.release(id, 1, how, {}, now);
    // Coming back before it is there does not make a second one.
    EXPECT_TRUE(std::holds_alternative<Book::Wait>(book.acquire(2, "a", kSmall, std::nullopt, now)));
    book.started(id, now);
    EXPECT_EQ(book.find(id)->state, how == Leave::quit ? State::ending : State::lingering);
    (void)book.take_ends();
  }
}

TEST_F(DisplayBookTest, HandoverOutlivesAPolicyOfKeepingNothing) {
  book = Book({.linger = Duration::zero()});
  const auto id = open(1, "a");
  book.release(id, 1, Leave::handed_over, "b", now);
  EXPECT_TRUE(book.take_ends().empty());
  now += Book::kHandover - milliseconds(1);
  EXPECT_EQ(take(2, "b"), id);
  book.release(id, 2, Leave::handed_over, "c", now);
  now += Book::kHandover;
  book.handle_deadline(now);
  EXPECT_EQ(book.take_ends(), std::vector<Book::DisplayId>{id});
}

TEST_F(DisplayBookTest, OnlySoManyWait) {
  book = Book({.linger = std::nullopt, .max_lingering = 2});
  std::vector<Book::DisplayId> ids;
  for (const char* key : {"a", "b", "c"}) ids.push_back(open(ids.size() + 1, key));
  for (std::size_t i = 0; i < ids.size(); ++i)
    book.release(ids[i], i + 1, Leave::lost, {}, now += seconds(1));
  EXPECT_EQ(book.take_ends(), std::vector<Book::DisplayId>{ids[0]});
}

// Whatever happens in whatever order: no display is forgotten, none is given away twice, and a client that is
// here once at a time has one display.
TEST_F(DisplayBookTest, RandomEventsKeepTheInvariants) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  const auto pick = [&random](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (int round = 0; round < 300; ++round) {
    const bool one_at_a_time = pick(2) == 0;
    const std::optional<Duration> linger =
        pick(4) == 0 ? std::nullopt : std::optional<Duration>(seconds(pick(12)));
    Book under_test({.linger = linger, .max_lingering = 3});
    TimePoint at{seconds(1)};
    Book::HolderId next_holder = 1;
    std::map<Book::HolderId, std::pair<Book::DisplayId, std::string>> holders;
    std::set<Book::DisplayId> starting, changing, live;
    std::set<Book::DisplayId> to_end;
    const DisplayMode modes[] = {kSmall, kLarge};
    for (int step = 0; step < 200; ++step) {
      at += milliseconds(pick(2000));
      switch (pick(8)) {
        case 0:
        case 1: {
          const std::string key(1, static_cast<char>('a' + pick(4)));
          const bool is_here = std::any_of(holders.begin(), holders.end(),
                                           [&](const auto& one) { return one.second.second == key; });
          if (one_at_a_time && is_here) break;
          std::optional<Book::DisplayId> share;
          if (!one_at_a_time && pick(3) == 0) share = static_cast<Book::DisplayId>(1 + pick(20));
          const auto answer = under_test.acquire(next_holder, key, modes[pick(2)], share, at);
          std::optional<Book::DisplayId> id;
          if (const auto* start = std::get_if<Book::Start>(&answer)) {
            id = start->id;
            EXPECT_TRUE(starting.insert(*id).second);
          } else if (const auto* taken = std::get_if<Book::Take>(&answer)) {
            id = taken->id;
            EXPECT_TRUE(live.contains(*id)) << "given a display that is not there";
          } else if (const auto* change = std::get_if<Book::Change>(&answer)) {
            id = change->id;
            EXPECT_TRUE(live.contains(*id));
            changing.insert(*id);
          }
          if (id) {
            EXPECT_FALSE(to_end.contains(*id)) << "given a display that ends";
            holders.emplace(next_holder, std::pair(*id, key));
          }
          ++next_holder;
          break;
        }
        case 2:
          if (!starting.empty()) {
            const auto id = *std::next(starting.begin(), static_cast<std::ptrdiff_t>(pick(starting.size())));
            starting.erase(id);
            if (pick(4) == 0) {
              under_test.start_failed(id);
              std::erase_if(holders, [&](const auto& one) { return one.second.first == id; });
            } else {
              live.insert(id);
              under_test.started(id, at);
            }
          }
          break;
        case 3:
          if (!changing.empty()) {
            under_test.mode_changed(*changing.begin(), modes[pick(2)]);
            changing.erase(changing.begin());
          }
          break;
        case 4:
        case 5:
          if (!holders.empty()) {
            const auto one = std::next(holders.begin(), static_cast<std::ptrdiff_t>(pick(holders.size())));
            const Leave how = static_cast<Leave>(pick(3));
            under_test.release(one->second.first, one->first, how, one->second.second, at);
            changing.erase(one->second.first);
            holders.erase(one);
          }
          break;
        case 6:
          if (!live.empty() && pick(4) == 0)
            under_test.died(*std::next(live.begin(), static_cast<std::ptrdiff_t>(pick(live.size()))));
          if (pick(4) == 0) (void)under_test.end(static_cast<Book::DisplayId>(1 + pick(20)));
          break;
        default:
          if (const auto due = under_test.next_deadline(); due && *due <= at) under_test.handle_deadline(at);
          break;
      }
      for (const auto id : under_test.take_ends()) {
        EXPECT_TRUE(to_end.insert(id).second) << "ended twice";
        EXPECT_TRUE(live.contains(id)) << "ended before it was there";
        for (const auto& [holder, held] : holders) EXPECT_NE(held.first, id) << "ended under a session";
      }
      while (!to_end.empty() && pick(2) == 0) {
        under_test.ended(*to_end.begin());
        live.erase(*to_end.begin());
        to_end.erase(to_end.begin());
      }
      std::map<std::string, int> usable;
      std::size_t lingering = 0;
      for (const Book::Entry& entry : under_test.entries()) {
        if (entry.state == State::lingering) {
          ++lingering;
          EXPECT_TRUE(entry.holders.empty());
          EXPECT_TRUE(!linger || entry.until) << "would never end";
        }
        if (entry.state == State::leased) {
          EXPECT_FALSE(entry.holders.empty()) << "nobody will ever release it";
        }
        if (entry.state != State::ending && !entry.is_dead) ++usable[entry.key];
      }
      EXPECT_LE(lingering, 3u);
      if (one_at_a_time) {
        for (const auto& [key, count] : usable) EXPECT_LE(count, 1) << "two displays for " << key;
      }
      if (HasFailure()) FAIL() << "round " << round << ", step " << step;
    }
    // In the end everything goes.
    under_test.stop();
    for (const auto id : starting) {
      live.insert(id);
      under_test.started(id, at);
    }
    for (const auto& [holder, held] : holders) under_test.release(held.first, holder, Leave::lost, {}, at);
    for (const auto id : under_test.take_ends()) to_end.insert(id);
    for (const auto id : to_end) under_test.ended(id);
    EXPECT_TRUE(under_test.entries().empty());
    EXPECT_TRUE(std::holds_alternative<Book::Refused>(
        under_test.acquire(next_holder, "a", kSmall, std::nullopt, at)));
  }
}

}  // namespace
}  // namespace punktfunk::host
