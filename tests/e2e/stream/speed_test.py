# SPDX-License-Identifier: MIT OR Apache-2.0
"""The speed test as a user runs it, against a real host."""

import re

import harness
from harness import E2eTest


class SpeedTest(E2eTest):
    def test_over_loopback(self):
        # The default source: a session that started a display would show one.
        host, client = self.stage.serve()
        status, probe = client.run(host, "--speed-test")
        self.assertEqual(harness.OK, status, probe.text)
        figures = probe.figures
        self.assertRegex(probe.text, r"Your link carries (at least )?[0-9.]+ Mbit/s with [0-9.]+ % loss; "
                                     r"a bitrate of [0-9.]+ Mbit/s is safe\.")
        self.assertIn(figures["sentence"], probe.text)
        steps, final = figures["probes"][:-1], figures["probes"][-1]
        self.assertEqual([4000 * 2 ** i for i in range(len(steps))][:8], [step["target_kbps"] for step in steps][:8])
        self.assertEqual({50}, {step["duration_ms"] for step in steps})
        self.assertEqual(2000, final["duration_ms"])
        self.assertEqual(final["received_kbps"], figures["link_kbps"])
        # Loopback carries gigabits; a busy machine less, but never as little as a poor radio.
        self.assertGreater(figures["link_kbps"], 5000)
        self.assertLess(figures["safe_kbps"], figures["link_kbps"])
        self.assertEqual([], self.stage.displays(), "a speed test starts no display")
        host.wait_for_line("Speed test for")
        self.assertNotRegex(host.text, "Streaming")
        harness.wait_until(lambda: host.status()["sessions"] == 0, "the session ends with the test")

    def test_loss_is_seen(self):
        host, client = self.stage.serve("--source", "synthetic")
        status, probe = client.run(host, "--speed-test", "--loss", 3)
        self.assertEqual(harness.OK, status, probe.text)
        final = probe.figures["probes"][-1]
        self.assertLess(final["packets_received"], final["packets_sent"])
        # What the probe throws away, and whatever a busy machine's socket loses on top.
        self.assertGreater(probe.figures["loss_percent"], 2)

    def test_an_unknown_host_is_not_tested(self):
        host, client = self.stage.serve(clients=())
        stranger = self.stage.client("stranger")
        status, probe = stranger.run(host, "--speed-test")
        self.assertEqual(harness.TRUST, status, probe.text)
        self.assertIsNone(re.search("Mbit/s", probe.text))


if __name__ == "__main__":
    harness.main()
