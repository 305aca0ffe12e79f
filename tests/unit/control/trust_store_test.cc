// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/trust_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "base/log.h"
#include "base/unique_fd.h"
#include "control/identity/pin_store.h"
#include "scratch_folder.h"
#include "seed.h"

namespace punktfunk::control {
namespace {

using access::Lasts;
using test::content_of;
using test::mode_of;
using test::ScratchFolder;
using test::write_file;
using testing::HasSubstr;

Fingerprint number(std::uint32_t n) {
  Fingerprint fingerprint{};
  for (std::size_t i = 0; i < 4; ++i) fingerprint[i] = static_cast<std::uint8_t>(n >> (8 * i));
  fingerprint[31] = 1;
  return fingerprint;
}

Device device(std::uint32_t n, std::string name = "Couch") {
  Device one;
  one.fingerprint = number(n);
  one.name = std::move(name);
  one.rights = {wire::kGrantGamepad, Lasts::until, 5000 + n};
  one.paired_unix_s = 1000 + n;
  one.how = PairedBy::approval;
  return one;
}

std::string error_of(const Result<TrustStore>& store) { return store ? "" : store.error().message; }

void expect_sentence(const std::string& message, const char* part) {
  EXPECT_THAT(message, HasSubstr(part));
  EXPECT_THAT(message, HasSubstr("trust.db"));
  EXPECT_TRUE(message.ends_with('.')) << message;
}

// Runs `body` in a process of its own, as somebody whom permissions bind.
int as_ordinary_user(const std::filesystem::path& owned, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::getuid() == 0 &&
        (::chown(owned.c_str(), kNobody, kNobody) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
         ::setresuid(kNobody, kNobody, kNobody) != 0)) {
      ::_exit(99);
    }
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

TEST(TrustStore, KeepsWhatItWasTold) {
  const ScratchFolder scratch;
  const auto folder = scratch.path() / "state";
  {
    auto store = TrustStore::open(folder);
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE(store->list().empty());
    ASSERT_TRUE(store->put(device(2, " liv\u202eing\x07 room ")));
    ASSERT_TRUE(store->put(device(1, "")));
    EXPECT_EQ(mode_of(folder / "trust.db"), 0600u);
    EXPECT_EQ(mode_of(folder / "trust.db-wal"), 0600u);
    EXPECT_EQ(mode_of(folder), 0700u);
    EXPECT_FALSE(std::filesystem::exists(folder / "trust.db-shm"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "trust.db-wal"))
      << "one file to back up once the host stopped";
  auto store = TrustStore::open(folder);
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_EQ(store->list().size(), 2u);
  EXPECT_EQ(store->list()[0], device(1, "Unnamed device")) << "oldest pairing first";
  EXPECT_EQ(store->list()[1], device(2, "living room"));
  EXPECT_EQ(store->find(number(3)), nullptr);
  EXPECT_TRUE(store->contains(number(2)));

  Device changed = store->get(number(2)).value();
  changed.name = "den\n";
  changed.rights = {wire::kGrantPointer, Lasts::session, 0};
  EXPECT_EQ(store->put(changed)->name, "den");
  EXPECT_EQ(store->find(number(2))->rights, changed.rights);
  EXPECT_THAT(store->get(number(9)).error().message, HasSubstr("No paired device"));
  EXPECT_FALSE(store->remove(number(9)));
  const std::vector<Device> now = store->list();
  store = TrustStore(std::move(*store));  // moves are whole
  EXPECT_EQ(store->list(), now);
  EXPECT_EQ(store->remove(number(2))->name, "den");
  EXPECT_EQ(store->list().size(), 1u);
  EXPECT_EQ(store->remove_all().value(), 1u);
  EXPECT_TRUE(store->list().empty());
}

TEST(TrustStore, PutReplacesTheDevice) {
  const ScratchFolder scratch(/*in_memory=*/true);
  auto store = TrustStore::open(scratch.path());
  ASSERT_TRUE(store->put(device(1)));
  Device again = device(1, "Same box");
  again.rights = {};
  again.paired_unix_s = 9999;
  ASSERT_TRUE(store->put(again));
  EXPECT_EQ(store->list(), std::vector<Device>{again});
}

TEST(TrustStore, LastSeenOutlivesTheHost) {
  const ScratchFolder scratch(/*in_memory=*/true);
  {
    auto store = TrustStore::open(scratch.path());
    ASSERT_TRUE(store->put(device(1)));
    ASSERT_TRUE(store->put(device(2)));
    store->touch(number(1), 70'000);
    store->touch(number(1), 70'001);
    store->touch(number(2), 70'002);
    store->touch(number(7), 70'003);  // nobody
    EXPECT_EQ(store->find(number(1))->seen_unix_s, 70'001u);
  }
  auto store = TrustStore::open(scratch.path());
  EXPECT_EQ(store->find(number(1))->seen_unix_s, 70'001u);
  EXPECT_EQ(store->find(number(2))->seen_unix_s, 70'002u);
  EXPECT_EQ(store->list().size(), 2u);
}

TEST(TrustStore, AFullListTakesNobodyElse) {
  const ScratchFolder scratch(/*in_memory=*/true);
  auto old = PinStore::open(scratch.path() / "clients.json");
  std::string json = R"({"version": 1, "peers": [)";
  for (std::uint32_t n = 0; n < TrustStore::kMaxDevices; ++n) {
    json += (n == 0 ? "" : ",");
    json += R"({"fingerprint": ")" + fingerprint_hex(number(n)) + R"(", "name": "x", "added_unix_s": 1})";
  }
  write_file(scratch.path() / "clients.json", json + "]}");
  auto store = TrustStore::open(scratch.path());
  ASSERT_TRUE(store) << store.error().message;
  const auto refused = store->put(device(1'000'000));
  ASSERT_FALSE(refused);
  expect_sentence(refused.error().message, "Unpair");
  EXPECT_TRUE(store->put(device(7))) << "who is there already may change";
  EXPECT_EQ(store->list().size(), TrustStore::kMaxDevices);
}

TEST(TrustStore, TakesOverTheOldListOnce) {
  const ScratchFolder scratch(/*in_memory=*/true);
  const auto old_file = scratch.path() / "clients.json";
  {
    auto old = PinStore::open(old_file);
    ASSERT_TRUE(old->add(number(1), "Couch", 1234));
    ASSERT_TRUE(old->add(number(2), "Den", 1235));
  }
  const std::string content = content_of(old_file);
  {
    auto store = TrustStore::open(scratch.path());
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_EQ(store->list().size(), 2u);
    EXPECT_EQ(store->list()[0].name, "Couch");
    EXPECT_EQ(store->list()[0].paired_unix_s, 1234u);
    EXPECT_EQ(store->list()[0].rights, access::Rights{});
    EXPECT_EQ(store->list()[0].how, PairedBy::imported);
    EXPECT_FALSE(std::filesystem::exists(old_file));
    EXPECT_EQ(content_of(scratch.path() / "clients.json.imported"), content);
    ASSERT_TRUE(store->remove(number(1)));
  }
  // As after a crash before it was renamed, or put back by hand: who was unpaired stays out.
  write_file(old_file, content);
  auto store = TrustStore::open(scratch.path());
  ASSERT_TRUE(store);
  EXPECT_EQ(store->list().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(old_file));
}

TEST(TrustStore, ADamagedOldListLeavesNoNewOne) {
  const ScratchFolder scratch(/*in_memory=*/true);
  write_file(scratch.path() / "clients.json", R"({"version": 1, )");
  EXPECT_THAT(error_of(TrustStore::open(scratch.path())), HasSubstr("clients.json"));
  EXPECT_EQ(test::files_in(scratch.path()), 1u);
}

TEST(TrustStore, OneHostForAFolder) {
  const ScratchFolder scratch(/*in_memory=*/true);
  auto store = TrustStore::open(scratch.path());
  ASSERT_TRUE(store);
  EXPECT_THAT(error_of(TrustStore::open(scratch.path())), HasSubstr("already runs"));
  ASSERT_TRUE(store->put(device(1))) << "the first is not disturbed";
  store = fail("");
  EXPECT_TRUE(TrustStore::open(scratch.path()));
}

TEST(TrustStore, RefusesWhatIsNoStore) {
  struct Case {
    const char* what;
    std::function<void(const std::filesystem::path&)> make;
    const char* part;
  };
  const std::vector<Case> cases = {
      {"empty", [](const auto& file) { write_file(file, ""); }, "damaged"},
      {"text", [](const auto& file) { write_file(file, std::string(8192, 'x')); }, "damaged"},
      {"half a header", [](const auto& file) { write_file(file, "SQLite format 3"); }, "damaged"},
      {"a folder", [](const auto& file) { std::filesystem::create_directory(file); }, "regular file"},
      {"huge", [](const auto& file) { write_file(file, "x"), std::filesystem::resize_file(file, 17 << 20); },
       "too large"},
      {"another program's",
       [](const auto& file) {
         write_file(file, "");
         SqlDatabase other;
         ASSERT_TRUE(other.open(file).ok());
         ASSERT_TRUE(other.run("CREATE TABLE device (name TEXT)").ok());
       },
       "another program's"},
      {"of a newer version",
       [](const auto& file) {
         { ASSERT_TRUE(TrustStore::open(file.parent_path())); }
         SqlDatabase newer;
         ASSERT_TRUE(newer.open(file).ok());
         ASSERT_TRUE(newer.run("PRAGMA user_version = 2").ok());
       },
       "newer version"},
      {"without its table",
       [](const auto& file) {
         { ASSERT_TRUE(TrustStore::open(file.parent_path())); }
         SqlDatabase torn;
         ASSERT_TRUE(torn.open(file).ok());
         ASSERT_TRUE(torn.run("DROP TABLE device").ok());
       },
       "Restore it"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    const ScratchFolder scratch(/*in_memory=*/true);
    one.make(scratch.path() / "trust.db");
    const bool is_file = std::filesystem::is_regular_file(scratch.path() / "trust.db");
    const std::string before = is_file ? content_of(scratch.path() / "trust.db") : "";
    expect_sentence(error_of(TrustStore::open(scratch.path())), one.part);
    if (is_file && before.size() < 4096) {
      EXPECT_EQ(content_of(scratch.path() / "trust.db"), before) << "it stays as it is";
    }
  }
}

TEST(TrustStore, RefusesHostileRows) {
  const std::vector<const char*> edits = {
      "UPDATE device SET grants = 255",         // a right more, and a sum that does not fit
      "UPDATE device SET grants = 4294967296",  // no mask
      "UPDATE device SET grants = -1",          //
      "UPDATE device SET lasts = 3",            //
      "UPDATE device SET lasts = 0",            // would never expire
      "UPDATE device SET until_unix_s = 9000000000",
      "UPDATE device SET how = 200",
      "UPDATE device SET name = printf('%.*c', 60000, 'x')",
      "UPDATE device SET name = 'Cou' || char(0x202e) || 'ch'",
      "UPDATE device SET fingerprint = x'01'",
      "UPDATE device SET fingerprint = zeroblob(32)",
      "UPDATE device SET fingerprint = zeroblob(60000)",
      "UPDATE device SET sum = x''",
      "UPDATE device SET sum = zeroblob(32)",
      "INSERT INTO device SELECT randomblob(32), name, grants, lasts, until_unix_s, paired_unix_s, "
      "seen_unix_s, how, "
      "sum FROM device",
      "DROP TABLE starts",
      "DROP TABLE device; CREATE VIEW device AS SELECT zeroblob(32) AS fingerprint, 'x' AS name, 255 AS "
      "grants, "
      "0 AS lasts, 0 AS until_unix_s, 0 AS paired_unix_s, 0 AS seen_unix_s, 0 AS how, zeroblob(32) AS sum",
  };
  for (const char* edit : edits) {
    SCOPED_TRACE(edit);
    const ScratchFolder scratch(/*in_memory=*/true);
    {
      auto store = TrustStore::open(scratch.path());
      ASSERT_TRUE(store->put(device(1)));
    }
    {
      SqlDatabase database;
      ASSERT_TRUE(database.open(scratch.path() / "trust.db").ok());
      ASSERT_TRUE(database.run(edit).ok());
    }
    expect_sentence(error_of(TrustStore::open(scratch.path())), "Restore it");
  }
}

// A store with damage anywhere is refused, or holds exactly who was in it.
TEST(TrustStore, DamageNeverLetsAnybodyIn) {
  std::mt19937_64 random(test::new_seed());
  const ScratchFolder scratch(/*in_memory=*/true);
  const auto file = scratch.path() / "trust.db";
  std::vector<Device> devices;
  {
    auto store = TrustStore::open(scratch.path());
    for (std::uint32_t n = 0; n < 40; ++n) ASSERT_TRUE(store->put(device(n, "Device " + std::to_string(n))));
    devices = store->list();
  }
  const std::string whole = content_of(file);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string damaged = whole;
    const auto at = [&] { return random() % damaged.size(); };
    if (round % 8 == 0) {
      damaged.resize(at());
    } else {
      const auto count = 1 + random() % 4;
      for (std::uint64_t i = 0; i < count; ++i)
        damaged[at()] = static_cast<char>(damaged[at()] ^ (1 << random() % 8));
    }
    write_file(file, damaged);
    std::filesystem::remove(file.string() + "-wal");
    const auto store = TrustStore::open(scratch.path());
    if (!store) {
      EXPECT_TRUE(store.error().message.ends_with('.'));
      ++refused;
    } else {
      ASSERT_EQ(store->list(), devices) << "round " << round;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(TrustStore, AFolderThatCannotBeWritten) {
  const ScratchFolder scratch(/*in_memory=*/true);
  const auto folder = scratch.path() / "state";
  const auto run = [&](auto body) { return as_ordinary_user(scratch.path(), body); };
  ASSERT_EQ(run([&] {
              auto store = TrustStore::open(folder);
              return store && store->put(device(1)) ? 0 : 1;
            }),
            0);
  const auto refuses = [&](mode_t folder_mode, mode_t file_mode) {
    return run([&, folder_mode, file_mode] {
      ::chmod((folder / "trust.db").c_str(), file_mode);
      ::chmod(folder.c_str(), folder_mode);
      const std::string why = error_of(TrustStore::open(folder));
      ::chmod(folder.c_str(), 0700);
      std::printf("%s\n", why.c_str());
      std::fflush(stdout);
      return why.find("trust.db") != std::string::npos && why.ends_with('.') ? 0 : 1;
    });
  };
  EXPECT_EQ(refuses(0700, 0400), 0) << "the file";
  EXPECT_EQ(refuses(0500, 0600), 0) << "the folder";
  EXPECT_EQ(refuses(0700, 0000), 0) << "not readable";
  // And with everything as it was, it is all there.
  EXPECT_EQ(run([&] {
              ::chmod((folder / "trust.db").c_str(), 0600);
              const auto store = TrustStore::open(folder);
              return store && store->list().size() == 1 ? 0 : 1;
            }),
            0);
}

TEST(TrustStore, AFullDiskRefusesTheChange) {
  const ScratchFolder scratch(/*in_memory=*/true);
  {
    auto store = TrustStore::open(scratch.path());
    ASSERT_TRUE(store->put(device(1)));
    {
      const test::FullDisk full;
      const auto refused = store->put(device(2));
      ASSERT_FALSE(refused);
      expect_sentence(refused.error().message, "disk");
      EXPECT_THAT(refused.error().message, HasSubstr("does not count"));
      EXPECT_FALSE(store->contains(number(2)));
      Device changed = device(1);
      changed.rights = {};
      EXPECT_FALSE(store->put(changed));
      EXPECT_FALSE(store->remove(number(1)));
      EXPECT_FALSE(store->remove_all());
      EXPECT_EQ(store->list(), std::vector<Device>{device(1)});
      store->touch(number(1), 80'000);  // only said
    }
    ASSERT_TRUE(store->put(device(3))) << "with room again it goes on";
  }
  const auto store = TrustStore::open(scratch.path());
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_EQ(store->list().size(), 2u);
  EXPECT_EQ(store->list()[0].seen_unix_s, 80'000u);
  EXPECT_EQ(store->list()[1], device(3));
}

// Kills `work` at a moment by chance: `delay` after it wrote the `after`th byte to its pipe, each the word
// that a change is done. How many it wrote.
std::uint32_t changes_before_kill(std::uint64_t after, std::chrono::microseconds delay,
                                  const std::function<void(const UniqueFd&)>& work) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    read_end.reset();
    work(write_end);
    ::_exit(0);
  }
  write_end.reset();
  std::uint32_t done = 0;
  char byte = 0;
  while (done < after && ::read(read_end.get(), &byte, 1) == 1) ++done;
  std::this_thread::sleep_for(delay);
  ::kill(child, SIGKILL);
  while (::read(read_end.get(), &byte, 1) == 1) ++done;
  ::waitpid(child, nullptr, 0);
  return done;
}

TEST(TrustStore, KilledInTheMiddleOfAChange) {
  std::mt19937_64 random(test::new_seed());
  for (int round = 0; round < 25; ++round) {
    const ScratchFolder scratch(/*in_memory=*/true);
    const std::uint32_t done = changes_before_kill(
        random() % 20, std::chrono::microseconds(random() % 3000), [&](const UniqueFd& pipe) {
          auto store = TrustStore::open(scratch.path());
          for (std::uint32_t n = 0;; ++n) {
            // One device more, of a pair that differs in every value.
            if (!store || !store->put(device(n / 2, n % 2 == 0 ? "Before" : "After")) ||
                ::write(pipe.get(), "x", 1) != 1) {
              ::_exit(1);
            }
          }
        });
    const auto store = TrustStore::open(scratch.path());
    ASSERT_TRUE(store) << store.error().message;
    // What was reported is there, and at most the one change more that was under way; each whole.
    const std::uint32_t there = [&] {
      std::uint32_t changes = 0;
      for (const Device& one : store->list()) changes += one.name == "After" ? 2u : 1u;
      return changes;
    }();
    EXPECT_GE(there, done);
    EXPECT_LE(there, done + 1);
    for (std::uint32_t n = 0; n < store->list().size(); ++n) {
      EXPECT_EQ(store->list()[n], device(n, store->list()[n].name));
    }
  }
}

TEST(TrustStore, KilledWhileItTakesOverTheOldList) {
  spdlog::set_level(spdlog::level::warn);
  std::mt19937_64 random(test::new_seed());
  int unfinished = 0;
  for (int round = 0; round < 25; ++round) {
    const ScratchFolder scratch(/*in_memory=*/true);
    std::string json = R"({"version": 1, "peers": [)";
    for (std::uint32_t n = 0; n < 200; ++n) {
      json += (n == 0 ? "" : ",");
      json += R"({"fingerprint": ")" + fingerprint_hex(number(n)) + R"(", "name": "x", "added_unix_s": 1})";
    }
    write_file(scratch.path() / "clients.json", json + "]}");
    ::chmod((scratch.path() / "clients.json").c_str(), 0600);
    const auto done =
        changes_before_kill(0, std::chrono::microseconds(random() % 10'000), [&](const UniqueFd& pipe) {
          const auto store = TrustStore::open(scratch.path());
          if (!store || ::write(pipe.get(), "x", 1) != 1) ::_exit(1);
          ::pause();
        });
    if (done == 0) ++unfinished;
    const auto store = TrustStore::open(scratch.path());
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ(store->list().size(), 200u);
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "clients.json"));
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "trust.db.new"));
  }
  spdlog::set_level(spdlog::level::info);
  std::printf("killed %d of 25 times before it was done\n", unfinished);
}

TEST(TrustStore, FindsTheDeviceAPersonMeans) {
  std::vector<Device> devices = {device(0x11223344, "Couch"), device(0x22223344, "Couch"),
                                 device(0x99887766, "TV")};
  EXPECT_EQ(find_device(devices, "TV").value(), number(0x99887766));
  EXPECT_EQ(find_device(devices, fingerprint_hex(number(0x11223344))).value(), number(0x11223344));
  EXPECT_EQ(find_device(devices, "66778899").value(), number(0x99887766));
  EXPECT_THAT(find_device(devices, "443322").error().message, HasSubstr("more than one"));
  EXPECT_THAT(find_device(devices, "Couch").error().message, HasSubstr("more than one"));
  EXPECT_THAT(find_device(devices, "66778").error().message, HasSubstr("No paired device"));
  EXPECT_THAT(find_device(devices, "").error().message, HasSubstr("No paired device"));
}

}  // namespace
}  // namespace punktfunk::control
