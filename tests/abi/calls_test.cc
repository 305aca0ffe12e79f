// SPDX-License-Identifier: MIT OR Apache-2.0
// What holds for every call: versions, codes, NULL, structs that grow, identities.
#include <gtest/gtest.h>
#include <punktfunk_core.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "abi/failure.h"
#include "abi/structs.h"
#include "small_host.h"

namespace punktfunk::abi {

namespace {

// A struct as its first version had it, as this library knows it, and as a later library will.
struct First {
  std::uint32_t struct_size;
  std::uint32_t a;
};
struct Known {
  std::uint32_t struct_size;
  std::uint32_t a;
  std::uint64_t b;
};
struct Later {
  std::uint32_t struct_size;
  std::uint32_t a;
  std::uint64_t b;
  std::uint64_t c;
};

template <class As, class From>
const As* as(const From* from) {
  return reinterpret_cast<const As*>(from);
}

}  // namespace

TEST(AbiVersion, IsThatOfTheHeader) {
  EXPECT_EQ(punktfunk_abi_version(), PUNKTFUNK_ABI_VERSION);
  EXPECT_EQ(punktfunk_abi_version() >> 16U, std::uint32_t{PUNKTFUNK_ABI_MAJOR});
  EXPECT_STRNE(punktfunk_version(), "");
}

TEST(AbiErrors, EveryCodeHasATextOfItsOwn) {
  std::set<std::string> texts;
  for (punktfunk_result code = PUNKTFUNK_OK; code <= PUNKTFUNK_ERROR_INTERNAL; ++code) {
    ASSERT_NE(punktfunk_error_text(code), nullptr);
    texts.insert(punktfunk_error_text(code));
  }
  EXPECT_EQ(texts.size(), std::size_t{PUNKTFUNK_ERROR_INTERNAL} + 1);
  EXPECT_EQ(texts.count(punktfunk_error_text(12345)), 0U);
  EXPECT_STREQ(punktfunk_error_text(-1), punktfunk_error_text(12345));
  EXPECT_STRNE(punktfunk_close_text(0x42), "");
  EXPECT_STRNE(punktfunk_close_text(0xFFFFFFFF), "");
}

TEST(AbiErrors, TheSentenceBelongsToTheThread) {
  EXPECT_EQ(punktfunk_client_connect(nullptr), PUNKTFUNK_ERROR_ARGUMENT);
  const std::string here = punktfunk_last_error();
  EXPECT_FALSE(here.empty());
  std::thread([] {
    EXPECT_STREQ(punktfunk_last_error(), "");
    EXPECT_EQ(failed(PUNKTFUNK_ERROR_SETUP, "Another one."), PUNKTFUNK_ERROR_SETUP);
    EXPECT_STREQ(punktfunk_last_error(), "Another one.");
  }).join();
  EXPECT_EQ(punktfunk_last_error(), here);
}

TEST(AbiErrors, LongSentencesAreCutBetweenCharacters) {
  std::string text;
  while (text.size() < 600) text += "\xE2\x82\xAC";  // 3 bytes each: 511 is no multiple
  (void)failed(PUNKTFUNK_ERROR_SETUP, text);
  const std::string kept = punktfunk_last_error();
  EXPECT_EQ(kept.size(), 510U);
  EXPECT_EQ(kept, text.substr(0, 510));
}

TEST(AbiErrors, ExceptionsBecomeCodes) {
  EXPECT_EQ(guarded([]() -> punktfunk_result { throw std::bad_alloc(); }), PUNKTFUNK_ERROR_MEMORY);
  EXPECT_EQ(guarded([]() -> punktfunk_result { throw std::runtime_error("x"); }), PUNKTFUNK_ERROR_INTERNAL);
  EXPECT_EQ(guarded([]() -> punktfunk_result { throw 1; }), PUNKTFUNK_ERROR_INTERNAL);
}

TEST(AbiStructs, ASmallerOneLeavesDefaults) {
  const First given{sizeof given, 7};
  Known read{1, 2, 3};
  ASSERT_EQ(read_struct(as<Known>(&given), read, sizeof(First)), PUNKTFUNK_OK);
  EXPECT_EQ(read.a, 7U);
  EXPECT_EQ(read.b, 0U);
}

TEST(AbiStructs, OfALargerOneTheRestIsIgnored) {
  const Later given{sizeof given, 7, 8, 9};
  Known read{};
  ASSERT_EQ(read_struct(as<Known>(&given), read, sizeof(First)), PUNKTFUNK_OK);
  EXPECT_EQ(read.a, 7U);
  EXPECT_EQ(read.b, 8U);
}

TEST(AbiStructs, OneBelowTheFirstVersionIsRefused) {
  for (const std::uint32_t size : {0U, 4U, 7U}) {
    const First given{size, 7};
    Known read{};
    EXPECT_EQ(read_struct(as<Known>(&given), read, sizeof(First)), PUNKTFUNK_ERROR_STRUCT_SIZE);
    EXPECT_EQ(check_struct(as<Known>(&given), sizeof(First)), PUNKTFUNK_ERROR_STRUCT_SIZE);
  }
  Known read{};
  EXPECT_EQ(read_struct<Known>(nullptr, read), PUNKTFUNK_ERROR_ARGUMENT);
}

TEST(AbiStructs, FillingWritesWhatBothKnow) {
  First small[2] = {{sizeof(First), 1}, {2, 3}};
  write_struct(Known{99, 7, 8}, reinterpret_cast<Known*>(&small[0]));
  EXPECT_EQ(small[0].struct_size, sizeof(First));
  EXPECT_EQ(small[0].a, 7U);
  EXPECT_EQ(small[1].struct_size, 2U) << "nothing behind the caller's struct is touched";
  EXPECT_EQ(small[1].a, 3U);

  Later large{sizeof(Later), 1, 2, 3};
  write_struct(Known{99, 7, 8}, reinterpret_cast<Known*>(&large));
  EXPECT_EQ(large.struct_size, sizeof(Later));
  EXPECT_EQ(large.b, 8U);
  EXPECT_EQ(large.c, 3U);
}

TEST(AbiNull, IsAnErrorEverywhere) {
  std::uint8_t fingerprint[PUNKTFUNK_FINGERPRINT_BYTES];
  char text[PUNKTFUNK_FINGERPRINT_TEXT_BYTES];
  const punktfunk_result results[] = {
      punktfunk_identity_load(nullptr, nullptr, nullptr),
      punktfunk_identity_load("x", nullptr, nullptr),
      punktfunk_identity_create(nullptr, nullptr),
      punktfunk_identity_from_pem(nullptr, 5, nullptr),
      punktfunk_identity_pem(nullptr, nullptr, nullptr),
      punktfunk_identity_fingerprint(nullptr, fingerprint),
      punktfunk_fingerprint_from_text(nullptr, fingerprint),
      punktfunk_fingerprint_from_text("00", nullptr),
      punktfunk_fingerprint_to_text(nullptr, text),
      punktfunk_fingerprint_to_text(fingerprint, nullptr),
      punktfunk_frame_get(nullptr, nullptr),
      punktfunk_audio_get(nullptr, nullptr),
      punktfunk_client_create(nullptr, nullptr),
      punktfunk_client_connect(nullptr),
      punktfunk_client_pair(nullptr, nullptr),
      punktfunk_client_next_event(nullptr, -1, nullptr),
      punktfunk_client_next_frame(nullptr, -1, nullptr),
      punktfunk_client_next_audio(nullptr, -1, nullptr),
      punktfunk_client_fd(nullptr, PUNKTFUNK_LINE_EVENTS, nullptr),
      punktfunk_client_stream(nullptr, nullptr),
      punktfunk_client_send_input(nullptr, nullptr),
      punktfunk_client_request_keyframe(nullptr),
      punktfunk_client_stats(nullptr, nullptr),
      punktfunk_client_disconnect(nullptr),
      punktfunk_client_quit(nullptr),
      punktfunk_socket_loopback(0, nullptr, nullptr),
      punktfunk_socket_udp(nullptr, 0, nullptr),
      punktfunk_socket_address(nullptr, nullptr, nullptr),
      punktfunk_session_create(nullptr, nullptr, nullptr),
      punktfunk_session_seal_frame(nullptr, nullptr, nullptr, nullptr, nullptr),
      punktfunk_session_send_sealed(nullptr, nullptr, 0, nullptr),
      punktfunk_session_submit_frame(nullptr, nullptr, nullptr),
      punktfunk_session_set_rate(nullptr, 0),
      punktfunk_session_poll_input(nullptr, -1, nullptr),
      punktfunk_session_poll_frame(nullptr, -1, nullptr),
      punktfunk_session_flush_backlog(nullptr, nullptr),
      punktfunk_session_send_input(nullptr, nullptr),
      punktfunk_session_fd(nullptr, nullptr),
      punktfunk_session_next_deadline(nullptr, nullptr),
      punktfunk_session_stats(nullptr, nullptr),
  };
  std::size_t number = 0;
  for (const punktfunk_result result : results) {
    EXPECT_EQ(result, PUNKTFUNK_ERROR_ARGUMENT) << "call " << number;
    ++number;
  }
  punktfunk_identity_destroy(nullptr);
  punktfunk_frame_release(nullptr);
  punktfunk_audio_release(nullptr);
  punktfunk_socket_destroy(nullptr);
  punktfunk_session_destroy(nullptr);
  EXPECT_EQ(punktfunk_client_destroy(nullptr), PUNKTFUNK_OK);
}

TEST(AbiFingerprint, ReadsWhatItWrites) {
  std::uint8_t bytes[PUNKTFUNK_FINGERPRINT_BYTES], again[PUNKTFUNK_FINGERPRINT_BYTES];
  for (std::size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<std::uint8_t>(i * 9);
  char text[PUNKTFUNK_FINGERPRINT_TEXT_BYTES];
  ASSERT_EQ(punktfunk_fingerprint_to_text(bytes, text), PUNKTFUNK_OK);
  EXPECT_EQ(std::strlen(text), 64U);
  ASSERT_EQ(punktfunk_fingerprint_from_text(text, again), PUNKTFUNK_OK);
  EXPECT_EQ(std::memcmp(bytes, again, sizeof bytes), 0);
  EXPECT_EQ(punktfunk_fingerprint_from_text("00:11", again), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(punktfunk_fingerprint_from_text(std::string(10'000, ' ').c_str(), again),
            PUNKTFUNK_ERROR_ARGUMENT);
}

TEST(AbiIdentity, GoesThroughMemory) {
  punktfunk_identity *made = nullptr, *read = nullptr;
  ASSERT_EQ(punktfunk_identity_create(nullptr, &made), PUNKTFUNK_OK);
  std::size_t bytes = 0;
  EXPECT_EQ(punktfunk_identity_pem(made, nullptr, &bytes), PUNKTFUNK_ERROR_BUFFER);
  std::string pem(bytes, 'x');
  std::size_t room = bytes - 1;
  EXPECT_EQ(punktfunk_identity_pem(made, pem.data(), &room), PUNKTFUNK_ERROR_BUFFER);
  EXPECT_EQ(room, bytes);
  EXPECT_EQ(pem, std::string(bytes, 'x')) << "a buffer that is too small is left alone";
  ASSERT_EQ(punktfunk_identity_pem(made, pem.data(), &room), PUNKTFUNK_OK);
  EXPECT_EQ(pem.back(), '\0');
  ASSERT_EQ(punktfunk_identity_from_pem(pem.data(), bytes - 1, &read), PUNKTFUNK_OK)
      << punktfunk_last_error();
  std::uint8_t one[PUNKTFUNK_FINGERPRINT_BYTES], other[PUNKTFUNK_FINGERPRINT_BYTES];
  ASSERT_EQ(punktfunk_identity_fingerprint(made, one), PUNKTFUNK_OK);
  ASSERT_EQ(punktfunk_identity_fingerprint(read, other), PUNKTFUNK_OK);
  EXPECT_EQ(std::memcmp(one, other, sizeof one), 0);
  punktfunk_identity_destroy(made);
  punktfunk_identity_destroy(read);
}

TEST(AbiIdentity, WhatIsNoneIsRefused) {
  punktfunk_identity *made = nullptr, *other = nullptr, *read = nullptr;
  ASSERT_EQ(punktfunk_identity_create("a", &made), PUNKTFUNK_OK);
  ASSERT_EQ(punktfunk_identity_create("b", &other), PUNKTFUNK_OK);
  const auto pem_of = [](const punktfunk_identity* identity) {
    std::size_t bytes = 4096;
    std::string pem(bytes, '\0');
    EXPECT_EQ(punktfunk_identity_pem(identity, pem.data(), &bytes), PUNKTFUNK_OK);
    pem.resize(bytes - 1);
    return pem;
  };
  const std::string pem = pem_of(made), pem_other = pem_of(other);
  const std::size_t certificate = pem.find("-----BEGIN CERTIFICATE");
  const std::string mixed =
      pem.substr(0, certificate) + pem_other.substr(pem_other.find("-----BEGIN CERTIFICATE"));
  for (const std::string& text : {std::string(), std::string("hello"), pem.substr(0, certificate),
                                  pem.substr(certificate), mixed, std::string(1000, '\0')}) {
    EXPECT_EQ(punktfunk_identity_from_pem(text.data(), text.size(), &read), PUNKTFUNK_ERROR_IDENTITY);
    EXPECT_STRNE(punktfunk_last_error(), "");
  }
  EXPECT_EQ(punktfunk_identity_from_pem(pem.data(), std::size_t{1} << 40U, &read), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(punktfunk_identity_create(std::string(65, 'n').c_str(), &read), PUNKTFUNK_ERROR_ARGUMENT);
  EXPECT_EQ(read, nullptr);
  punktfunk_identity_destroy(made);
  punktfunk_identity_destroy(other);
}

TEST(AbiIdentity, StaysInItsFolder) {
  const test::ScratchFolder scratch;
  const std::string folder = scratch.path() / "new";
  std::uint8_t one[PUNKTFUNK_FINGERPRINT_BYTES], other[PUNKTFUNK_FINGERPRINT_BYTES];
  for (std::uint8_t* fingerprint : {one, other}) {
    punktfunk_identity* identity = nullptr;
    ASSERT_EQ(punktfunk_identity_load(folder.c_str(), nullptr, &identity), PUNKTFUNK_OK)
        << punktfunk_last_error();
    ASSERT_EQ(punktfunk_identity_fingerprint(identity, fingerprint), PUNKTFUNK_OK);
    punktfunk_identity_destroy(identity);
  }
  EXPECT_EQ(std::memcmp(one, other, sizeof one), 0);
  struct stat status {};
  ASSERT_EQ(::stat((folder + "/identity.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);

  std::ofstream(folder + "/identity.pem") << "broken";
  punktfunk_identity* identity = nullptr;
  EXPECT_EQ(punktfunk_identity_load(folder.c_str(), nullptr, &identity), PUNKTFUNK_ERROR_IDENTITY);
  EXPECT_EQ(punktfunk_identity_load("", nullptr, &identity), PUNKTFUNK_ERROR_ARGUMENT);
}

}  // namespace punktfunk::abi
