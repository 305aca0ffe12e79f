// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "scratch_folder.h"

namespace punktfunk::control {
namespace {

using test::content_of;
using test::files_in;
using test::mode_of;
using test::ScratchFolder;
using test::write_file;
using testing::HasSubstr;

TEST(Identity, IsCreatedPrivateAndLoadedAgain) {
  const ScratchFolder scratch;
  const auto dir = scratch.path() / "sub" / "config";
  const auto first = Identity::load_or_create(dir, "punktfunk-client");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(mode_of(dir), 0700u);
  EXPECT_EQ(mode_of(dir / "identity.pem"), 0600u);
  EXPECT_EQ(files_in(dir), 1u) << "no temporary file stays";
  const auto second = Identity::load_or_create(dir, "another-name");
  ASSERT_TRUE(second);
  EXPECT_EQ(first->fingerprint(), second->fingerprint());
  EXPECT_EQ(fingerprint_of_der(second->certificate_der()), second->fingerprint());
  const std::string der(second->certificate_der().begin(), second->certificate_der().end());
  EXPECT_THAT(der, HasSubstr("punktfunk-client"));
}

TEST(Identity, FolderMayBeABareRelativeName) {
  const ScratchFolder scratch;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.path());
  const auto identity = Identity::load_or_create("config", "punktfunk-client");
  std::filesystem::current_path(before);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(mode_of(scratch.path() / "config"), 0700u);
}

TEST(Identity, OpenFileIsTightened) {
  const ScratchFolder scratch;
  ASSERT_TRUE(Identity::load_or_create(scratch.path(), "a"));
  ::chmod((scratch.path() / "identity.pem").c_str(), 0644);
  ASSERT_TRUE(Identity::load_or_create(scratch.path(), "a"));
  EXPECT_EQ(mode_of(scratch.path() / "identity.pem"), 0600u);
}

TEST(Identity, CorruptFileIsAnErrorAndStays) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "identity.pem";
  ASSERT_TRUE(Identity::load_or_create(scratch.path(), "a"));
  const std::string good = content_of(file);
  for (const std::string& bad : {std::string(), std::string("not a key"), good.substr(0, good.size() / 2),
                                 good.substr(good.size() / 2)}) {
    write_file(file, bad);
    const auto loaded = Identity::load_or_create(scratch.path(), "a");
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message, HasSubstr(file.string()));
    EXPECT_EQ(content_of(file), bad);
  }
  write_file(file, good);
  EXPECT_TRUE(Identity::load_or_create(scratch.path(), "a"));
}

TEST(Identity, KeyOfAnotherCertificateIsRefused) {
  const ScratchFolder a, b;
  ASSERT_TRUE(Identity::load_or_create(a.path(), "a"));
  ASSERT_TRUE(Identity::load_or_create(b.path(), "b"));
  const std::string first = content_of(a.path() / "identity.pem");
  const std::string second = content_of(b.path() / "identity.pem");
  const auto cut = [](const std::string& pem) { return pem.find("-----BEGIN CERTIFICATE"); };
  write_file(a.path() / "identity.pem", first.substr(0, cut(first)) + second.substr(cut(second)));
  EXPECT_FALSE(Identity::load_or_create(a.path(), "a"));
}

TEST(Identity, FolderInPlaceOfTheFileIsAnError) {
  const ScratchFolder scratch;
  std::filesystem::create_directory(scratch.path() / "identity.pem");
  const auto loaded = Identity::load_or_create(scratch.path(), "a");
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("regular file"));
}

TEST(Fingerprint, HexBothWays) {
  Fingerprint fingerprint{};
  for (std::size_t i = 0; i < 32; ++i) fingerprint[i] = static_cast<std::uint8_t>(i * 7);
  const std::string hex = fingerprint_hex(fingerprint);
  EXPECT_EQ(hex.size(), 64u);
  EXPECT_EQ(parse_fingerprint(hex), fingerprint);
  EXPECT_EQ(parse_fingerprint("00:07 0E" + hex.substr(6)), fingerprint);
  EXPECT_FALSE(parse_fingerprint(hex + "00"));
  EXPECT_FALSE(parse_fingerprint(hex.substr(2)));
  EXPECT_FALSE(parse_fingerprint("zz" + hex.substr(2)));
}

}  // namespace
}  // namespace punktfunk::control
