// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/metrics.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>

#include "api_fixture.h"
#include "scratch_folder.h"

namespace punktfunk::host::api::test {
namespace {

using testing::HasSubstr;

class MetricsTest : public ApiTest {
 protected:
  std::string scrape() {
    const auto response = ask("GET", "/metrics");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, kMetricsType);
    return response.body;
  }
};

// The format's own rules: each metric is declared before its samples and once, no series comes twice, every
// name carries its unit or what it counts.
TEST_F(MetricsTest, IsWellFormed) {
  const std::regex head("# (HELP|TYPE) (punktfunk_[a-z0-9_]+) (.+)");
  const std::regex sample(
      R"re((punktfunk_[a-z0-9_]+)((?:\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})?) (-?[0-9.e+-]+))re");
  std::set<std::string> declared, series;
  std::map<std::string, std::string> types;
  std::istringstream lines(scrape());
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, head)) {
      EXPECT_TRUE(declared.insert(found.str(1) + found.str(2)).second) << line;
      if (found[1] == "TYPE") types[found[2]] = found[3];
      continue;
    }
    ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
    EXPECT_TRUE(series.insert(found.str(1) + found.str(2)).second) << line;
    const std::string metric = std::regex_replace(found.str(1), std::regex("_(bucket|sum|count)$"), "");
    ASSERT_TRUE(types.contains(metric)) << line;
    EXPECT_TRUE(declared.contains("HELP" + metric)) << line;
    EXPECT_EQ(types[metric] == "counter", metric.ends_with("_total")) << line;
  }
  EXPECT_GT(series.size(), 40U);
}

TEST_F(MetricsTest, FiguresAndLabels) {
  service.running[1].state = "starting";
  const std::string text = scrape();
  EXPECT_THAT(text, HasSubstr("punktfunk_sessions{state=\"streaming\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_frames_sent_total 1200\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_media_datagrams_total{kind=\"data\"} 800\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_media_datagrams_total{kind=\"parity\"} 100\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_wire_budget_bytes_per_second 2500000\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_worst_loss_ratio 0.02\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_encoder_sessions{encoder=\"libx264\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_pairing_refusals_total{reason=\"wrong_pin\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_api_requests_total{code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_displays{state=\"lingering\"} 1\n"));
}

TEST_F(MetricsTest, HistogramsAreCumulative) {
  service.running.resize(1);
  Histogram& times = service.running[0].figures.stages[0].times;
  times = {};
  for (const int ms : {1, 3, 3, 40, 2000}) times.add(std::chrono::milliseconds(ms));
  const std::string text = scrape();
  const std::string bucket = "punktfunk_stage_seconds_bucket{stage=\"encode\",le=";
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.0005\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.002\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.004\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.066\"} 4\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"1\"} 4\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"+Inf\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_stage_seconds_sum{stage=\"encode\"} 2.047\n"));
  EXPECT_THAT(text, HasSubstr("punktfunk_stage_seconds_count{stage=\"encode\"} 5\n"));
}

// Names from the network must not become series.
TEST_F(MetricsTest, NothingOfTheNetworkIsInIt) {
  for (auto& session : service.running) session.name = session.address = session.fingerprint = "network";
  for (auto& client : service.paired) client.name = "network";
  EXPECT_EQ(scrape().find("network"), std::string::npos);
}

TEST_F(MetricsTest, PromtoolAgrees) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "promtool is not installed: tools/install_packages.sh metrics brings it";
  const punktfunk::test::ScratchFolder folder;
  const auto file = folder.path() / "metrics";
  const auto said = folder.path() / "said";
  punktfunk::test::write_file(file, scrape());
  const std::string command = "promtool check metrics <" + file.string() + " >" + said.string() + " 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << punktfunk::test::content_of(said);
  EXPECT_EQ(punktfunk::test::content_of(said), "");
}

}  // namespace
}  // namespace punktfunk::host::api::test
