// SPDX-License-Identifier: MIT OR Apache-2.0
#include "fec_compare.h"

#include <dlfcn.h>
#include <isa-l/erasure_code.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "base/bytes.h"
#include "core/fec/aligned_buffer.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf8_code.h"
#include "fec_peer.h"

namespace punktfunk::fec {
namespace {

// One loaded library.
class Peer {
 public:
  // Null, and a sentence on standard error, when it is not there or not what it should be.
  static std::unique_ptr<Peer> load(const std::string& path) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      std::fprintf(stderr, "The peer was not loaded: %s.\n", dlerror());
      return nullptr;
    }
    auto peer = std::unique_ptr<Peer>(new Peer);
    decltype(&fec_peer_init) init = nullptr;
    const bool complete =
        find(library, "fec_peer_init", init) && find(library, "fec_peer_open", peer->open) &&
        find(library, "fec_peer_close", peer->close) && find(library, "fec_peer_encode", peer->encode) &&
        find(library, "fec_peer_decode", peer->decode);
    const char* const name = complete ? init() : nullptr;
    if (name == nullptr) {
      std::fprintf(stderr, "%s does not export what bench/fec_peer.h asks for, or cannot run here.\n",
                   path.c_str());
      return nullptr;
    }
    peer->name = name;
    return peer;
  }

  std::string name;
  decltype(&fec_peer_open) open = nullptr;
  decltype(&fec_peer_close) close = nullptr;
  decltype(&fec_peer_encode) encode = nullptr;
  decltype(&fec_peer_decode) decode = nullptr;

 private:
  Peer() = default;
  template <class Function>
  static bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
  }
};

struct Context {
  Context(const Peer& of, const CompareOptions::Shape& shape, std::size_t bytes)
      : peer(of), get(of.open(shape.k, shape.m, bytes)) {}
  ~Context() {
    if (get != nullptr) peer.close(get);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  const Peer& peer;
  void* get;
};

// Data and parity of one block with room to the next 64 bytes behind each shard, and a second block's room
// for results that are only compared.
struct Block {
  Block(const CompareOptions::Shape& shape, std::size_t bytes, std::size_t gap)
      : stride((bytes + 63) / 64 * 64 + gap), shard_bytes(bytes) {
    std::mt19937_64 random(1);
    const std::size_t size = (shape.k + shape.m) * stride + 64;
    std::uint8_t* const first = memory.ensure(size);
    for (std::size_t at = 0; at < size; ++at) first[at] = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < shape.k; ++i) data.push_back(first + i * stride);
    for (std::size_t j = 0; j < shape.m; ++j) parity.push_back(first + (shape.k + j) * stride);
    views.assign(data.begin(), data.end());
    parity_views.assign(parity.begin(), parity.end());
  }

  std::size_t stride;
  std::size_t shard_bytes;
  AlignedBuffer memory;
  std::vector<std::uint8_t*> data;
  std::vector<std::uint8_t*> parity;
  std::vector<const std::uint8_t*> views;
  std::vector<const std::uint8_t*> parity_views;
};

struct Contestant {
  Contestant(std::string its_name, std::function<bool()> its_job, bool peer = false)
      : name(std::move(its_name)), run(std::move(its_job)), is_peer(peer) {}
  std::string name;
  std::function<bool()> run;
  bool is_peer;
  std::size_t iterations = 1;  // in a slice
  std::vector<double> slices;  // seconds for one iteration
};

// ISA-L leaves the upper halves of the vector registers in use, which makes code for SSE, such as the kernel
// set ssse3, several times slower until something clears them.
void clear_upper_halves() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx")) asm volatile("vzeroupper" : : : "memory");
#endif
}

void measure_slice(Contestant& contestant) {
  (void)contestant.run();  // after the one before has had the caches
  clear_upper_halves();
  const double start = thread_seconds();
  for (std::size_t i = 0; i < contestant.iterations; ++i) (void)contestant.run();
  contestant.slices.push_back((thread_seconds() - start) / static_cast<double>(contestant.iterations));
}

// False when one of them fails at the job.
bool take_turns(std::vector<Contestant>& all, double seconds) {
  constexpr double kSlice = 300e-6;
  double round = 0;
  for (Contestant& one : all) {
    if (!one.run()) {
      std::fprintf(stderr, "%s failed.\n", one.name.c_str());
      return false;
    }
    do {
      one.iterations *= 2;
      one.slices.clear();
      measure_slice(one);
    } while (one.slices.front() * static_cast<double>(one.iterations) < kSlice / 2);
    round += one.slices.front() * static_cast<double>(one.iterations);
    one.slices.clear();
  }
  const auto rounds = static_cast<std::size_t>(std::clamp(seconds / round, 5.0, 10000.0));
  for (std::size_t r = 0; r < rounds; ++r) {
    for (Contestant& one : all) measure_slice(one);
  }
  return true;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Job {
  CompareOptions::Shape shape;
  std::size_t shard_bytes;
  std::string what;
  std::size_t lost;
};

void report(const Job& job, const std::vector<Contestant>& all, bool quiet, nlohmann::json& figures) {
  const auto best_of = [](const Contestant& one) {
    return *std::min_element(one.slices.begin(), one.slices.end());
  };
  const auto peer = std::find_if(all.begin(), all.end(), [](const Contestant& one) { return one.is_peer; });
  for (const Contestant& one : all) {
    const double best = best_of(one);
    const double rate = static_cast<double>(job.shape.k * job.shard_bytes) / best * 1e-9;
    nlohmann::json figure = {{"k", job.shape.k},
                             {"m", job.shape.m},
                             {"shard_bytes", job.shard_bytes},
                             {"job", job.what},
                             {"lost", job.lost},
                             {"code", one.name},
                             {"best_ns", best * 1e9},
                             {"median_ns", median(one.slices) * 1e9},
                             {"gb_per_s", rate}};
    if (!quiet) {
      std::printf("%5zu + %-5zu %5zu  %-14s %-24s %11.2f us %8.2f GB/s", job.shape.k, job.shape.m,
                  job.shard_bytes, job.what.c_str(), one.name.c_str(), best * 1e6, rate);
    }
    if (peer != all.end()) {
      std::vector<double> ratios(one.slices.size());
      for (std::size_t r = 0; r < ratios.size(); ++r) ratios[r] = peer->slices[r] / one.slices[r];
      figure["peer"] = peer->name;
      figure["ratio_of_best"] = best_of(*peer) / best;
      figure["median_ratio"] = median(ratios);
      if (!quiet) std::printf("  %7.2f x %7.2f x", best_of(*peer) / best, median(ratios));
    }
    if (!quiet) std::printf("\n");
    figures.push_back(std::move(figure));
  }
  std::fflush(stdout);
}

// Everything measured about one shape and shard length.
class Comparison {
 public:
  Comparison(const CompareOptions& options, const CompareOptions::Shape& shape, std::size_t bytes,
             const std::vector<std::unique_ptr<Peer>>& peers)
      : options_(options), shape_(shape), block_(shape, bytes, options.gap) {
    for (const auto& peer : peers) {
      auto context = std::make_unique<Context>(*peer, shape, bytes);
      if (context->get != nullptr) contexts_.push_back(std::move(context));
    }
    copy_.resize(block_.stride * shape.k);
  }

  bool run(bool quiet, nlohmann::json& figures) {
    if (!measure("encode", 0, quiet, figures)) return false;
    std::size_t before = 0;
    for (const std::size_t percent : {1u, 5u, 100u}) {
      const std::size_t lost = std::min({(shape_.k * percent + 99) / 100, shape_.k, shape_.m});
      if (lost == before) continue;  // the same job again
      before = lost;
      const std::string what = "lost " + (percent < 100 ? std::to_string(percent) + " %" : "most");
      if (!measure(what, lost, quiet, figures)) return false;
    }
    return true;
  }

 private:
  bool measure(const std::string& what, std::size_t lost, bool quiet, nlohmann::json& figures) {
    std::vector<Contestant> all;
    if (lost == 0) {
      add_encoders(all);
    } else if (!add_decoders(all, lost)) {
      return false;
    }
    if (!take_turns(all, options_.seconds)) return false;
    report({shape_, block_.shard_bytes, what, lost}, all, quiet, figures);
    return true;
  }

  void add_encoders(std::vector<Contestant>& all) {
    const std::size_t bytes = block_.shard_bytes;
    all.emplace_back("memcpy", [this] {
      for (std::size_t i = 0; i < shape_.k; ++i) {
        std::memcpy(&copy_[i * block_.stride], block_.data[i], block_.shard_bytes);
      }
      asm volatile("" : : "g"(copy_.data()) : "memory");
      return true;
    });
    if (Gf8Code::supports(shape_.k, shape_.m)) {
      all.emplace_back("gf8", [this, bytes] { return gf8_.encode(block_.views, block_.parity, bytes); });
      prepare_isal();
      all.emplace_back("isa-l", [this, bytes] {
        ec_encode_data(static_cast<int>(bytes), static_cast<int>(shape_.k), static_cast<int>(shape_.m),
                       isal_tables_.data(), block_.data.data(), block_.parity.data());
        return true;
      });
    }
    for (const Kernels* const kernels : options_.kernels) {
      all.emplace_back(std::string("gf16/") + kernels->name, [this, kernels, bytes] {
        use_kernels(*kernels);
        return gf16_.encode(block_.views, block_.parity, bytes);
      });
    }
    for (const auto& context : contexts_) {
      all.emplace_back(
          context->peer.name,
          [this, &context = *context] {
            return context.peer.encode(context.get, block_.views.data(), block_.parity.data()) == 0;
          },
          true);
    }
  }

  // What the peers rebuild is compared with what was lost; ours is tested elsewhere.
  bool add_decoders(std::vector<Contestant>& all, std::size_t lost) {
    const std::size_t bytes = block_.shard_bytes;
    for (std::size_t shift = 0; shift < losses_.size(); ++shift) losses_[shift] = spread_loss(lost, shift);
    const Loss& loss = losses_[0];
    for (const auto& context : contexts_) {
      std::vector<const std::uint8_t*> recovered(shape_.k);
      const Peer& peer = context->peer;
      bool right =
          peer.encode(context->get, block_.views.data(), block_.parity.data()) == 0 &&
          peer.decode(context->get, loss.received.data(), block_.parity_views.data(), recovered.data()) == 0;
      for (std::size_t i = 0; right && bytes % 64 == 0 && i < shape_.k; ++i) {
        right = loss.present[i] != 0 || std::memcmp(recovered[i], block_.data[i], bytes) == 0;
      }
      if (!right) {
        std::fprintf(stderr, "%s did not rebuild the lost shards.\n", peer.name.c_str());
        return false;
      }
    }
    if (Gf8Code::supports(shape_.k, shape_.m)) {
      all.emplace_back("gf8", [this, bytes] {
        return gf8_.recover(block_.data, next_loss().present, block_.parity_views, bytes);
      });
    }
    for (const Kernels* const kernels : options_.kernels) {
      all.emplace_back(std::string("gf16/") + kernels->name, [this, kernels, bytes] {
        use_kernels(*kernels);
        return gf16_.recover(block_.data, next_loss().present, block_.parity_views, bytes);
      });
    }
    for (const auto& context : contexts_) {
      all.emplace_back(
          context->peer.name,
          [this, &context = *context] {
            recovered_.resize(shape_.k);
            return context.peer.decode(context.get, next_loss().received.data(), block_.parity_views.data(),
                                       recovered_.data()) == 0;
          },
          true);
    }
    return true;
  }

  struct Loss {
    std::vector<std::uint8_t> present;
    std::vector<const std::uint8_t*> received;
  };
  [[nodiscard]] Loss spread_loss(std::size_t lost, std::size_t shift) const {
    Loss loss{std::vector<std::uint8_t>(shape_.k, 1), block_.views};
    for (std::size_t n = 0; n < lost; ++n) {
      const std::size_t i = (n * shape_.k / lost + shift) % shape_.k;
      loss.present[i] = 0;
      loss.received[i] = nullptr;
    }
    return loss;
  }
  // Losses seldom repeat, so no code may live on what it remembers of the one before.
  [[nodiscard]] const Loss& next_loss() {
    turn_ = (turn_ + 1) % losses_.size();
    return losses_[turn_];
  }

  void prepare_isal() {
    const std::size_t k = shape_.k;
    const std::size_t m = shape_.m;
    Bytes matrix((k + m) * k);
    isal_tables_.resize(32 * k * m);
    gf_gen_cauchy1_matrix(matrix.data(), static_cast<int>(k + m), static_cast<int>(k));
    ec_init_tables(static_cast<int>(k), static_cast<int>(m), matrix.data() + k * k, isal_tables_.data());
  }

  const CompareOptions& options_;
  CompareOptions::Shape shape_;
  Block block_;
  std::vector<std::unique_ptr<Context>> contexts_;
  Gf16Code gf16_;
  Gf8Code gf8_;
  Bytes copy_;
  Bytes isal_tables_;
  std::array<Loss, 2> losses_;
  std::size_t turn_ = 0;
  std::vector<const std::uint8_t*> recovered_;
};

}  // namespace

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<CompareOptions::Shape> usual_shapes() {
  return {{10, 2}, {30, 6}, {40, 4}, {100, 10}, {200, 40}, {1000, 200}, {4096, 410}};
}

std::vector<CompareOptions::Shape> sweep_shapes() {
  std::vector<CompareOptions::Shape> shapes;
  for (const std::size_t k :
       {1u,  2u,   3u,   4u,   5u,   7u,   8u,   10u,  16u,   17u,   24u,   32u,   33u,    48u,
        64u, 100u, 128u, 200u, 255u, 256u, 257u, 500u, 1000u, 1024u, 2000u, 4096u, 10000u, 30000u}) {
    std::size_t before = 0;
    for (const std::size_t percent : {5u, 10u, 20u, 50u, 100u}) {
      const std::size_t m = std::max<std::size_t>(1, (k * percent + 99) / 100);
      if (m != before && Gf16Code::supports(k, m)) shapes.push_back({k, m});
      before = m;
    }
  }
  return shapes;
}

int compare(const CompareOptions& options) {
  const bool quiet = options.json_path == "-";
  std::vector<std::unique_ptr<Peer>> peers;
  for (const std::string& path : options.peers) {
    peers.push_back(Peer::load(path));
    if (!peers.back()) return 1;
  }
  nlohmann::json figures = nlohmann::json::array();
  for (const std::size_t bytes : options.shard_bytes) {
    for (const CompareOptions::Shape& shape : options.shapes) {
      if (!Comparison(options, shape, bytes, peers).run(quiet, figures)) return 1;
    }
  }
  const nlohmann::json result = {{"gap", options.gap}, {"figures", std::move(figures)}};
  if (quiet) {
    std::printf("%s\n", result.dump(2).c_str());
  } else if (!options.json_path.empty()) {
    std::ofstream file(options.json_path);
    if (!(file << result.dump(2) << '\n')) {
      std::fprintf(stderr, "Could not write %s: check the folder and its rights.\n",
                   options.json_path.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace punktfunk::fec
