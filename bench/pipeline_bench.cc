// SPDX-License-Identifier: MIT OR Apache-2.0
// The media path end to end on one machine: access units → packetize, parity, seal → UDP loopback with GSO
// and GRO → open, reassemble; one pinned thread a side. Beside it, in the same run, the same loop with
// nothing of ours in it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/crypto/aead/aead_backend.h"
#include "pipeline/media_ends.h"
#include "pipeline/parts.h"
#include "pipeline/pump.h"

namespace punktfunk::bench {
namespace {

struct Options {
  MediaShape shape;
  PumpOptions pump;
  double rate_gbps = 0;  // of access-unit bytes
  double bare_seconds = 1;
  bool lanes = false;
  std::string json_path;
};

struct Report {
  PumpResult run;
  double goodput_gbps = 0;
  double bare_gbps = 0;
  double per_core_gbps = 0;
  double bare_per_core_gbps = 0;
  std::uint64_t drops = 0;
  std::uint64_t frames = 0;
  media::MediaReceiver::Stats media;
  nlohmann::json stages;
  nlohmann::json lanes = nlohmann::json::array();
};

double gbps(std::uint64_t bytes, double seconds) {
  return seconds > 0 ? static_cast<double>(bytes) * 8e-9 / seconds : 0;
}

// Shares of a side's working time: what the clocks saw as our work is divided as the parts, measured alone,
// divide it.
nlohmann::json shares(const Side& side, const std::vector<std::pair<const char*, double>>& parts) {
  const double busy = side.busy_s();
  double sum = 0;
  for (const auto& part : parts) sum += part.second;
  nlohmann::json result;
  for (const auto& [name, ns] : parts) result[name] = busy > 0 && sum > 0 ? side.work_s / busy * ns / sum : 0;
  result["kernel"] = busy > 0 ? side.kernel_s / busy : 0;
  return result;
}

Result<Report> measure(const Options& options) {
  Report report;
  MediaSource source(options.shape);
  MediaSink sink(options.shape);

  BareSource bare_source(source.datagram_bytes(), 225);
  BareSink bare_sink;
  PumpOptions bare = options.pump;
  bare.seconds = options.bare_seconds;
  const auto nothing = pump(bare_source, bare_sink, bare);
  if (!nothing) return tl::unexpected(nothing.error());
  report.bare_gbps = gbps(nothing->bytes_received, nothing->seconds);

  report.bare_per_core_gbps =
      gbps(nothing->bytes_received, std::max(nothing->send.busy_s(), nothing->receive.busy_s()));

  const Parts parts = measure_parts(options.shape);
  PumpOptions ours = options.pump;
  if (options.rate_gbps > 0) {
    // The pump paces datagram bytes.
    ours.rate_gbps = options.rate_gbps * static_cast<double>(datagram_bytes_of_frame(options.shape)) /
                     static_cast<double>(options.shape.frame_bytes);
  }
  if (options.lanes) {
    for (const LaneTimes& times : measure_lanes(options.shape.parity_percent)) {
      report.lanes.push_back(
          {{"data_shards", times.data_shards}, {"one_us", times.one_us}, {"two_us", times.two_us}});
    }
  }
  const auto run = pump(source, sink, ours);
  if (!run) return tl::unexpected(run.error());

  report.run = *run;
  report.goodput_gbps = gbps(sink.bytes(), run->seconds);
  report.per_core_gbps = gbps(sink.bytes(), std::max(run->send.busy_s(), run->receive.busy_s()));
  report.drops = run->sent - run->received;
  report.frames = sink.frames();
  report.media = sink.stats();
  report.stages = {
      {"send",
       shares(run->send,
              {{"packetize", parts.packetize_ns}, {"parity", parts.parity_ns}, {"seal", parts.seal_ns}})},
      {"receive", shares(run->receive, {{"open", parts.open_ns}, {"reassemble", parts.reassemble_ns}})},
      {"alone_ns_per_shard",
       {{"packetize", parts.packetize_ns},
        {"parity", parts.parity_ns},
        {"seal", parts.seal_ns},
        {"open", parts.open_ns},
        {"reassemble", parts.reassemble_ns}}}};
  if (sink.wrong_frames() > 0)
    return fail("Frames came out with other bytes than went in: this build is broken.");
  return report;
}

nlohmann::json to_json(const Options& options, const Report& report) {
  const double seconds = report.run.seconds;
  return {{"goodput_gbps", report.goodput_gbps},
          {"goodput_per_cpu_gbps", report.per_core_gbps},
          {"bare_gbps", report.bare_gbps},
          {"bare_per_cpu_gbps", report.bare_per_core_gbps},
          {"ratio", report.bare_gbps > 0 ? report.goodput_gbps / report.bare_gbps : 0},
          {"drops", report.drops},
          {"frames", report.frames},
          {"frames_lost", report.media.frames_lost},
          {"packets_per_s", static_cast<double>(report.run.received) / seconds},
          {"cpu_send", report.run.send.busy_s() / seconds},
          {"cpu_recv", report.run.receive.busy_s() / seconds},
          {"seconds", seconds},
          {"rate_gbps", options.rate_gbps},
          {"window_bytes", options.pump.window_bytes},
          {"gather_us", static_cast<double>(options.pump.gather.count()) / 1000},
          {"lanes", report.lanes},
          {"aead", crypto::aead::default_backend().name},
          {"stages", report.stages}};
}

void print_stages(const nlohmann::json& stages, const char* side) {
  std::printf("  %-8s", side);
  for (const auto& [name, share] : stages.at(side).items())
    std::printf(" %s %.0f %%", name.c_str(), 100 * share.get<double>());
  std::printf("\n");
}

void print(const Options& options, const nlohmann::json& report) {
  const auto number = [&](const char* key) { return report.at(key).get<double>(); };
  std::printf("%zu-byte access units, %u-byte shards, %u %% parity, %s, %.1f s%s\n",
              options.shape.frame_bytes, options.shape.params.shard_payload, options.shape.parity_percent,
              report.at("aead").get<std::string>().c_str(), number("seconds"),
              options.rate_gbps > 0 ? ", paced" : "");
  std::printf("goodput   %.2f Gbit/s of access-unit bytes, %.0f packets/s, %.0f frames (%.0f lost)\n",
              number("goodput_gbps"), number("packets_per_s"), number("frames"), number("frames_lost"));
  std::printf("          %.2f Gbit/s per processor of the busier side\n", number("goodput_per_cpu_gbps"));
  std::printf("bare loop %.2f Gbit/s of datagram bytes (%.2f per processor); ratio %.2f\n",
              number("bare_gbps"), number("bare_per_cpu_gbps"), number("ratio"));
  std::printf("processor send %.2f, receive %.2f; datagrams dropped %.0f\n", number("cpu_send"),
              number("cpu_recv"), number("drops"));
  const auto& alone = report.at("stages").at("alone_ns_per_shard");
  std::printf("alone, ns a data shard:");
  for (const auto& [name, ns] : alone.items()) std::printf(" %s %.0f", name.c_str(), ns.get<double>());
  std::printf("\nshare of each stage of the working time\n");
  print_stages(report.at("stages"), "send");
  print_stages(report.at("stages"), "receive");
  for (const auto& row : report.at("lanes")) {
    std::printf("sealing a frame of %5.0f data shards: %.0f us in one lane, %.0f us in two\n",
                row.at("data_shards").get<double>(), row.at("one_us").get<double>(),
                row.at("two_us").get<double>());
  }
}

int run(int argc, char** argv) {
  Options options;
  std::size_t frame_kib = 256;
  std::size_t window_kib = options.pump.window_bytes / 1024;
  double gather_us = static_cast<double>(options.pump.gather.count()) / 1000;
  std::vector<int> cpus{0, 1};
  unsigned parity = 20;
  bool chacha = false;
  CLI::App app("Throughput of the media path over loopback, beside the bare sockets.");
  app.add_option("--seconds", options.pump.seconds, "Length of the run")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--rate", options.rate_gbps,
                 "Pace to this many Gbit/s of access-unit bytes (default: as fast as it goes)")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--json", options.json_path, "Write the figures there as well; - prints nothing else");
  app.add_option("--frame-kib", frame_kib, "Size of an access unit")->check(CLI::Range(1, 65536));
  app.add_option("--parity", parity, "Parity in percent")->check(CLI::Range(0, 90));
  app.add_option("--window-kib", window_kib, "Unpaced: most bytes on their way")
      ->check(CLI::Range(128, 16384));
  app.add_option("--gather-us", gather_us, "How long the receiver lets datagrams gather before it reads")
      ->check(CLI::Range(0.0, 100'000.0));
  app.add_option("--cpus", cpus, "Processors of the sending and the receiving thread")->expected(2);
  app.add_flag("--lanes", options.lanes, "Compare sealing whole frames in one lane and in two as well");
  app.add_flag("--chacha", chacha, "ChaCha20-Poly1305 instead of AES-128-GCM");
  CLI11_PARSE(app, argc, argv);

  options.shape.frame_bytes = frame_kib * 1024;
  options.shape.parity_percent = static_cast<std::uint8_t>(parity);
  options.shape.params.fec_percent = options.shape.parity_percent;
  options.shape.params.max_frame_bytes =
      std::max<std::size_t>(options.shape.frame_bytes, std::size_t{8} << 20U);
  if (chacha) options.shape.params.suite = crypto::CipherSuite::chacha20_poly1305;
  options.pump.window_bytes = window_kib * 1024;
  options.pump.gather = Duration(static_cast<std::int64_t>(gather_us * 1000));
  options.pump.send_cpu = cpus[0];
  options.pump.receive_cpu = cpus[1];

  const auto report = measure(options);
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().message.c_str());
    return 1;
  }
  const nlohmann::json json = to_json(options, *report);
  if (options.json_path == "-") {
    std::printf("%s\n", json.dump(2).c_str());
    return 0;
  }
  print(options, json);
  if (!options.json_path.empty()) {
    std::ofstream file(options.json_path);
    if (!(file << json.dump(2) << '\n')) {
      std::fprintf(stderr, "Could not write %s: check the folder and its rights.\n",
                   options.json_path.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace punktfunk::bench

int main(int argc, char** argv) { return punktfunk::bench::run(argc, argv); }
