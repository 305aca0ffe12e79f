# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C example of a client, over the shared library, against a host as users start it."""

import os
import re
import subprocess

import harness
from harness import E2eTest

FRAMES = 40


class Embedder(E2eTest):
    def setUp(self):
        super().setUp()
        self.folder = self.stage.path("embedder")

    def client(self, host, *command):
        argv = [harness.program("example_client"), self.folder, harness.LOOPBACK, str(host.port), *map(str, command)]
        return subprocess.run(argv, env=self.stage.environment(), capture_output=True, text=True,
                              timeout=harness.PATIENCE_S, check=False)

    def pair(self, host):
        done = self.client(host, "pair", host.arm_pairing())
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        fingerprint = harness.fingerprint_of(os.path.join(host.state_dir, "identity.pem"))
        self.assertIn(f"paired with {fingerprint}\n", done.stdout)
        self.assertIn("ended (finished, code 0)", done.stdout)

    def stream(self, host):
        dump = self.stage.path("embedder.h264")
        done = self.client(host, "stream", dump, FRAMES)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("stream of 1280x720 at 60 Hz, codec 1", done.stdout)
        self.assertIn("ended (finished, code 81)", done.stdout)  # 0x51, this side quit
        sizes = [int(size) for size in re.findall(r"^frame \d+: (\d+) bytes", done.stdout, re.M)]
        self.assertGreaterEqual(len(sizes), FRAMES)
        self.assertRegex(done.stdout, r"(?m)^frame 0: \d+ bytes, keyframe$")
        self.assertEqual(sum(sizes), os.path.getsize(dump))
        return dump

    def test_pairs_and_streams(self):
        host = self.stage.host("--source", "synthetic")
        self.pair(host)
        self.stream(host)

    def test_is_refused_before_pairing_and_with_a_wrong_pin(self):
        host = self.stage.host("--source", "synthetic", "--approval", "off")
        pin = host.arm_pairing()
        wrong = self.client(host, "pair", "0000" if pin != "0000" else "1111")
        self.assertEqual(1, wrong.returncode)
        self.assertRegex(wrong.stdout, r"^ended \(pairing failed, code \d+\): .*PIN.*\.\n$")
        with open(os.path.join(self.folder, "host"), "w", encoding="utf-8") as file:
            file.write(harness.fingerprint_of(os.path.join(host.state_dir, "identity.pem")) + "\n")
        unpaired = self.client(host, "stream", self.stage.path("none.h264"), 1)
        self.assertEqual(1, unpaired.returncode)
        self.assertRegex(unpaired.stdout, r"^ended \(refused, code 96\): .*paired.*\.\n$")  # 0x60

    def test_what_it_writes_is_video(self):
        host = self.stage.host()
        self.pair(host)
        dump = self.stream(host)
        decoded = subprocess.run(["ffmpeg", "-v", "warning", "-xerror", "-err_detect", "explode", "-f", "h264", "-i", dump,
                                  "-f", "null", os.devnull], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual((0, ""), (decoded.returncode, decoded.stderr))
        self.stage.wait_no_display()


if __name__ == "__main__":
    harness.main()
