// SPDX-License-Identifier: MIT OR Apache-2.0
// Intel's Multi-Buffer Crypto library. Measured on 1,408-byte shards (docs/performance.md): AES-GCM is
// fastest through the direct call, which works on one packet at a time and needs no manager state;
// ChaCha20-Poly1305 through the job interface, because the direct calls (init, update, finalize) do not join
// the Poly1305 key's block to the first ones.
#include <intel-ipsec-mb.h>
#include <string.h>

#include <algorithm>
#include <cstdlib>

#include "core/crypto/aead/backends.h"

namespace punktfunk::crypto::aead {
namespace {

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};
using Manager = std::unique_ptr<IMB_MGR, FreeManager>;

Manager make_manager() {
  Manager manager(alloc_mb_mgr(0));
  if (manager) init_mb_mgr_auto(manager.get(), nullptr);
  return manager;
}

// For the direct calls, which only read its function pointers. Never freed: threads may still seal at exit.
const IMB_MGR* shared_manager() {
  static const IMB_MGR* const manager = make_manager().release();
  return manager;
}

class GcmCipher final : public PacketCipher {
 public:
  ~GcmCipher() override {
    for (Key& key : keys_) explicit_bzero(&key.schedule, sizeof(key.schedule));
  }

  void set_key(std::size_t slot, const MediaKey& key) override {
    keys_[slot].iv = key.iv;
    IMB_AES128_GCM_PRE(manager_, key.key.view().data(), &keys_[slot].schedule);
  }

  void seal(std::size_t slot, std::span<const MediaPacket> packets) override {
    const Key& key = keys_[slot];
    gcm_context_data context;
    for (const MediaPacket& packet : packets) {
      const auto nonce = nonce_of(key.iv, packet.number);
      const MutableBytes body = body_of(packet.packet);
      IMB_AES128_GCM_ENC(manager_, &key.schedule, &context, body.data(), body.data(), body.size(),
                         nonce.data(), packet.packet.data(), kMediaAadBytes, tag_of(packet.packet),
                         kMediaTagBytes);
    }
    explicit_bzero(&context, sizeof(context));
  }

  void open(std::size_t slot, std::span<const MediaPacket> packets, std::span<bool> authentic) override {
    const Key& key = keys_[slot];
    gcm_context_data context;
    std::array<std::uint8_t, kMediaTagBytes> tag;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const MutableBytes packet = packets[i].packet;
      const auto nonce = nonce_of(key.iv, packets[i].number);
      const MutableBytes body = body_of(packet);
      IMB_AES128_GCM_DEC(manager_, &key.schedule, &context, body.data(), body.data(), body.size(),
                         nonce.data(), packet.data(), kMediaAadBytes, tag.data(), kMediaTagBytes);
      authentic[i] = is_same_tag(tag.data(), tag_of(packet));
    }
    // The right tag of a forged packet is worth something to a forger.
    explicit_bzero(&context, sizeof(context));
    explicit_bzero(tag.data(), tag.size());
  }

 private:
  struct Key {
    // The library stores to it with aligned instructions, but its header asks for that only when built by its
    // own makefile.
    alignas(64) gcm_key_data schedule;
    Secret<12> iv;
  };
  const IMB_MGR* const manager_ = shared_manager();
  std::array<Key, kKeySlots> keys_{};
};

class ChachaCipher final : public PacketCipher {
 public:
  explicit ChachaCipher(Direction direction) : direction_(direction), manager_(make_manager()) {
    if (!manager_ || imb_get_errno(manager_.get()) != 0) std::abort();
  }

  void set_key(std::size_t slot, const MediaKey& key) override { keys_[slot] = key; }

  void seal(std::size_t slot, std::span<const MediaPacket> packets) override {
    run(
        slot, packets, [](std::size_t, const MediaPacket& packet) { return tag_of(packet.packet); },
        [](std::size_t) {});
  }

  void open(std::size_t slot, std::span<const MediaPacket> packets, std::span<bool> authentic) override {
    std::array<std::array<std::uint8_t, kMediaTagBytes>, kMaxInFlight> tags;
    run(
        slot, packets, [&](std::size_t i, const MediaPacket&) { return tags[i % kMaxInFlight].data(); },
        [&](std::size_t i) {
          authentic[i] = is_same_tag(tags[i % kMaxInFlight].data(), tag_of(packets[i].packet));
        });
    explicit_bzero(tags.data(), sizeof(tags));
  }

 private:
  // Jobs handed in before all of them are waited for. Today's library finishes each of these jobs at once;
  // the loop does not rely on it.
  static constexpr std::size_t kMaxInFlight = 32;

  // `tag_place(i, packet)` says where the tag of packet i goes, `done(i)` is called once it is there.
  template <class TagPlace, class Done>
  void run(std::size_t slot, std::span<const MediaPacket> packets, TagPlace tag_place, Done done) {
    std::array<std::array<std::uint8_t, 12>, kMaxInFlight> nonces;
    std::size_t submitted = 0;
    std::size_t finished = 0;
    const auto finish = [&](const IMB_JOB* job) {
      if (job->status != IMB_STATUS_COMPLETED) std::abort();
      done(reinterpret_cast<std::size_t>(job->user_data));
      ++finished;
    };
    while (finished < packets.size()) {
      const std::size_t end = std::min(packets.size(), finished + kMaxInFlight);
      for (; submitted < end; ++submitted) {
        const MediaPacket& packet = packets[submitted];
        auto& nonce = nonces[submitted % kMaxInFlight];
        nonce = nonce_of(keys_[slot].iv, packet.number);
        IMB_JOB* const job = IMB_GET_NEXT_JOB(manager_.get());
        fill(*job, slot, packet.packet, nonce.data(), tag_place(submitted, packet));
        job->user_data = reinterpret_cast<void*>(submitted);
        // Unchecked: every field is ours, none a peer's.
        if (const IMB_JOB* const completed = IMB_SUBMIT_JOB_NOCHECK(manager_.get())) finish(completed);
      }
      while (const IMB_JOB* const completed = IMB_FLUSH_JOB(manager_.get())) finish(completed);
      if (finished != submitted) std::abort();
    }
  }

  void fill(IMB_JOB& job, std::size_t slot, MutableBytes packet, const std::uint8_t* nonce,
            std::uint8_t* tag) {
    const MutableBytes body = body_of(packet);
    const bool seals = direction_ == Direction::seal;
    job.cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job.hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job.cipher_direction = seals ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    job.chain_order = seals ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job.enc_keys = job.dec_keys = keys_[slot].key.view().data();
    job.key_len_in_bytes = 32;
    job.iv = nonce;
    job.iv_len_in_bytes = 12;
    job.src = body.data();
    job.dst = body.data();
    job.cipher_start_src_offset_in_bytes = job.hash_start_src_offset_in_bytes = 0;
    job.msg_len_to_cipher_in_bytes = job.msg_len_to_hash_in_bytes = body.size();
    job.u.CHACHA20_POLY1305.aad = packet.data();
    job.u.CHACHA20_POLY1305.aad_len_in_bytes = kMediaAadBytes;
    job.auth_tag_output = tag;
    job.auth_tag_output_len_in_bytes = kMediaTagBytes;
  }

  const Direction direction_;
  const Manager manager_;
  std::array<MediaKey, kKeySlots> keys_;
};

std::unique_ptr<PacketCipher> make(CipherSuite suite, Direction direction) {
  if (suite == CipherSuite::aes128_gcm) return std::make_unique<GcmCipher>();
  return std::make_unique<ChachaCipher>(direction);
}

}  // namespace

bool is_ipsec_mb_usable() {
  constexpr std::uint64_t kNeeded = IMB_FEATURE_AVX | IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
  const IMB_MGR* const manager = shared_manager();
  return manager != nullptr && manager->imb_errno == 0 && (manager->features & kNeeded) == kNeeded;
}

const Backend kIpsecMbBackend{"ipsec-mb", make};

}  // namespace punktfunk::crypto::aead
