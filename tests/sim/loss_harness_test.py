#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""loss-harness as a user starts it: what it prints, what it writes, what it says when something is wrong."""
import json
import os
import subprocess
import tempfile
import unittest

PROGRAM = os.path.join(os.environ["PUNKTFUNK_BIN"], "loss-harness")
RUN_KEYS = [
    "scheme", "parity_percent", "pattern", "mbps", "fps", "frames_sent", "frames_delivered", "frames_recovered",
    "frames_lost", "frames_late", "frames_shown", "frames_wrong", "longest_gap_ms", "keyframes", "keyframe_asks",
    "shards_repaired", "data_shards", "parity_shards", "highest_parity_percent", "packets_sent", "packets_lost",
    "packets_duplicated", "packets_reordered", "packets_refused", "frame_bytes", "sent_bytes", "overhead_bytes"]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, check=False)


def runs(*arguments):
    done = run("--json", "-", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["runs"]


class Figures(unittest.TestCase):
    def test_keys(self):
        done = run("--json", "-", "--frames", "20", "--streams", "2@60,5.5@30", "--patterns", "wifi", "--seed", "7")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        report = json.loads(done.stdout)
        self.assertEqual(list(report), ["seed", "frames", "late_ms", "runs"])
        self.assertEqual((report["seed"], report["frames"], report["late_ms"]), (7, 20, 50.0))
        for row in report["runs"]:
            self.assertEqual(list(row), RUN_KEYS)
        # none, adaptive, and the other two with each percentage
        labels = [(row["scheme"], row["parity_percent"]) for row in report["runs"]]
        self.assertEqual(labels, 2 * [("none", None), ("gf8", 10), ("gf8", 20), ("gf16", 10), ("gf16", 20),
                                      ("adaptive", None)])
        self.assertEqual({(row["mbps"], row["fps"]) for row in report["runs"]}, {(2, 60), (5.5, 30)})

    def test_the_seed_decides_every_byte(self):
        arguments = ["--json", "-", "--frames", "40", "--streams", "10@60", "--parity", "10", "--patterns",
                     "random:5,burst:5:4,wifi,reorder:5:4,duplicate:5,queue:2:64"]
        first = run(*arguments)
        self.assertEqual(first.stdout, run(*arguments).stdout)
        self.assertNotEqual(first.stdout, run(*arguments, "--seed", "2").stdout)
        # A link does not depend on what else is tried.
        alone = runs("--frames", "40", "--streams", "10@60", "--schemes", "gf16", "--parity", "10", "--patterns", "wifi")
        self.assertIn(alone[0], json.loads(first.stdout)["runs"])

    def test_no_loss_loses_nothing(self):
        for row in runs("--frames", "60", "--patterns", "perfect,jitter:5,duplicate:20,reorder:10:4", "--streams", "5@60,20@120"):
            self.assertEqual(row["frames_sent"], 60)
            self.assertEqual(row["frames_delivered"], 60, row)
            self.assertEqual(row["frames_shown"], 60, row)
            self.assertEqual((row["frames_lost"], row["frames_late"], row["frames_wrong"], row["packets_lost"]), (0, 0, 0, 0))
            self.assertEqual((row["keyframes"], row["keyframe_asks"], row["packets_refused"]), (1, 0, 0))
            if row["pattern"] == "perfect":
                self.assertEqual((row["frames_recovered"], row["shards_repaired"]), (0, 0))

    def test_loss_within_the_parity_loses_nothing(self):
        # 90 % of parity on 30 shards against 3 %: a block that loses more than 27 of 57 does not happen.
        for row in runs("--frames", "100", "--patterns", "random:3", "--streams", "20@60", "--schemes", "gf8,gf16", "--parity", "90"):
            self.assertGreater(row["packets_lost"], 50)
            self.assertGreater(row["shards_repaired"], 30)
            self.assertGreater(row["frames_recovered"], 20)
            self.assertEqual((row["frames_delivered"], row["frames_shown"], row["keyframes"]), (100, 100, 1), row)

    def test_loss_beyond_the_parity_is_counted(self):
        for row in runs("--frames", "100", "--patterns", "random:20", "--streams", "20@60", "--schemes", "none,gf16", "--parity", "0"):
            self.assertGreater(row["frames_lost"], 60)
            self.assertEqual(row["frames_delivered"] + row["frames_lost"], 100)
            self.assertEqual((row["frames_recovered"], row["frames_wrong"], row["parity_shards"]), (0, 0, 0))
            self.assertGreater(row["longest_gap_ms"], 100)

        for row in runs("--frames", "30", "--patterns", "random:100", "--streams", "20@60"):
            self.assertEqual((row["frames_sent"], row["frames_lost"], row["frames_shown"]), (30, 30, 0))
            self.assertGreaterEqual(row["longest_gap_ms"], 500)

    def test_the_client_asks_and_the_host_answers(self):
        rows = {row["scheme"]: row for row in
                runs("--frames", "300", "--patterns", "random:2", "--streams", "5@60", "--schemes", "none,adaptive")}
        bare = rows["none"]
        self.assertLess(bare["frames_shown"], bare["frames_delivered"], "frames behind a lost one are not shown")
        self.assertGreater(bare["keyframes"], 5)
        self.assertGreater(bare["keyframe_asks"], 5)
        self.assertGreater(rows["adaptive"]["highest_parity_percent"], 25)
        self.assertGreater(rows["adaptive"]["frames_shown"], bare["frames_shown"])

    def test_bytes_add_up(self):
        for row in runs("--frames", "50", "--patterns", "perfect", "--streams", "20@60"):
            shards = row["data_shards"] + row["parity_shards"]
            self.assertEqual(row["packets_sent"], shards)
            self.assertEqual(row["sent_bytes"], shards * (1408 + 46))
            self.assertEqual(row["overhead_bytes"], row["sent_bytes"] - row["frame_bytes"])

    def test_losses_are_those_asked_for(self):
        for pattern in ["random:5", "burst:5:6"]:
            row = runs("--frames", "600", "--patterns", pattern, "--streams", "40@60", "--schemes", "none")[0]
            # 38,000 packets: 5 % within four standard deviations, bursts of 6 widen those by about sqrt(11).
            self.assertAlmostEqual(row["packets_lost"] / row["packets_sent"], 0.05, delta=0.015)


class Program(unittest.TestCase):
    def test_table(self):
        done = run("--frames", "20", "--patterns", "random:5", "--streams", "20@60", "--seed", "12")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        lines = done.stdout.decode().splitlines()
        self.assertIn("Seed 12", lines[0])
        self.assertEqual(len(lines), 10, lines)  # the seed, an empty line, two headings, six schemes

    def test_json_file(self):
        with tempfile.TemporaryDirectory(prefix="loss harness ") as folder:
            path = os.path.join(folder, "figures.json")
            arguments = ["--frames", "5", "--patterns", "perfect", "--streams", "5@60"]
            done = run(*arguments, "--json", path)
            self.assertEqual(done.returncode, 0)
            self.assertIn(b"scheme", done.stdout)
            with open(path, "rb") as file:
                self.assertEqual(file.read(), run(*arguments, "--json", "-").stdout)
            self.assertEqual(os.listdir(folder), ["figures.json"])
            self.assert_complains(1, "folder", *arguments, "--json", os.path.join(folder, "none", "figures.json"))

    def assert_complains(self, status, words, *arguments):
        done = run(*arguments)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, status, text)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("loss-harness: "), text)
        self.assertIn(words, text)

    def test_wrong_usage(self):
        self.assert_complains(2, "random:5", "--patterns", "perfect,rain")
        self.assert_complains(2, "burst:PERCENT:LENGTH", "--patterns", "burst:5")
        self.assert_complains(2, "0 to 100", "--patterns", "random:101")
        self.assert_complains(2, "number", "--patterns", "random:nan")
        self.assert_complains(2, "20@60", "--streams", "20")
        self.assert_complains(2, "20@60", "--streams", "20@0")
        self.assert_complains(2, "20@60", "--streams", "2000@1")
        self.assert_complains(2, "0 to 90", "--parity", "10,91")
        self.assert_complains(2, "adaptive", "--schemes", "gf32")
        self.assert_complains(2, "--frames", "--frames", "0")
        self.assert_complains(2, "--help", "--colour")

    def test_help(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        for option in ["--schemes", "--parity", "--patterns", "--streams", "--frames", "--seed", "--late", "--json", "Exit status"]:
            self.assertIn(option, done.stdout.decode())


if __name__ == "__main__":
    unittest.main()
