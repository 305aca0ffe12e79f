# SPDX-License-Identifier: MIT OR Apache-2.0
"""What becomes of a desktop when its client goes, comes back, or another one comes."""

import os
import signal

import harness
from harness import E2eTest


class Displays(E2eTest):
    def start(self, client, host, *options):
        """A probe whose video flows."""
        tap = self.stage.tap()
        probe = client.start(host, "--dump", tap.path, *options)
        tap.wait_for(20_000)
        return probe

    def pattern(self):
        """The process of the program on the one desktop there is."""
        def only():
            found = [pid for pid, name in self.stage.children().items() if name.startswith("punktfunk-test")]
            return found if len(found) == 1 else None
        return harness.wait_until(only, "one test pattern runs")[0]

    def test_killed_client_comes_back_to_its_programs(self):
        # The host would notice the loss after a minute: the client is back long before.
        host, client = self.stage.serve("--idle-timeout-ms", 60_000)
        first = self.start(client, host, "--seconds", 60)
        pattern, displays = self.pattern(), self.stage.displays()
        for mode in ("1280x720@60", "800x600@30"):
            first.signal(signal.SIGKILL)
            first.wait()
            first = self.start(client, host, "--seconds", 60, "--mode", mode)
            host.wait_for_line("is back after a lost connection")
            self.assertEqual(displays, self.stage.displays())
            self.assertEqual(pattern, self.pattern())
            self.assertEqual(1, host.status()["sessions"], "the one it left behind ended first")
        first.signal(signal.SIGTERM)
        first.wait()
        self.assertEqual("800x600", first.figures["decoded_size"])
        self.stage.wait_no_display(seconds=5)

    def test_lost_client_leaves_its_desktop_for_a_while(self):
        host, client = self.stage.serve("--linger", 2, PUNKTFUNK_IDLE_TIMEOUT_MS="1000")
        first = self.start(client, host, "--seconds", 60)
        pattern = self.pattern()
        first.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5)
        status, probe = client.run(host, "--seconds", 0.5)
        self.assert_ok(status, probe)
        # It ended by quitting, which leaves nothing.
        self.stage.wait_no_display(seconds=5)
        self.assertFalse(os.path.exists(f"/proc/{pattern}"))
        # The same without coming back.
        first = self.start(client, host, "--seconds", 60)
        first.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5, count=3)
        self.assertEqual(1, len(self.stage.displays()))
        self.stage.wait_no_display(seconds=6)

    def test_kept_desktop_ends_with_the_host(self):
        host, client = self.stage.serve("--linger", "forever", "--idle-timeout-ms", 1000)
        probe = self.start(client, host, "--seconds", 60)
        probe.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5)
        self.assertEqual(1, len(self.stage.displays()))
        self.assertEqual(0, host.stop())
        self.assertEqual([], self.stage.displays())

    def test_kept_desktop_whose_compositor_dies_is_cleared_away(self):
        host, client = self.stage.serve("--linger", "forever", "--idle-timeout-ms", 1000)
        probe = self.start(client, host, "--seconds", 60)
        probe.signal(signal.SIGKILL)
        host.wait_for_line("is over", seconds=5)
        (sway,) = [pid for pid, name in self.stage.children().items() if name == "sway"]
        os.kill(sway, signal.SIGKILL)
        host.wait_for_line("kept for its client is gone", seconds=5)
        self.stage.wait_no_display(seconds=5)
        self.assert_ok(*client.run(host, "--seconds", 0.5))


class SecondClient(E2eTest):
    def serve(self, *options):
        host, first, second = self.stage.serve(
            *options, clients=[self.stage.client("living-room"), self.stage.client("laptop")])
        tap = self.stage.tap()
        probe = first.start(host, "--seconds", 60, "--mode", "640x480@30", "--dump", tap.path)
        tap.wait_for(20_000)
        return host, probe, second, tap

    def test_refused_with_the_reason(self):
        host, probe, second, tap = self.serve("--when-busy", "refuse")
        status, refused = second.run(host, "--seconds", 1)
        self.assertEqual(harness.REFUSED, status)
        sentence = self.assert_sentence(refused, '"living-room" has been streaming since ')
        self.assertRegex(sentence, r"since \d\d:\d\d\.")
        host.wait_for_line('"laptop" at .* was turned away')
        tap.wait_for(20_000)
        probe.signal(signal.SIGTERM)
        probe.wait()
        self.assert_ok(*second.run(host, "--seconds", 0.5))

    def test_joins_at_the_mode_of_the_first(self):
        host, probe, second, tap = self.serve("--when-busy", "join")
        status, guest = second.run(host, "--seconds", 1, "--mode", "1280x720@60")
        self.assert_ok(status, guest)
        self.assertEqual("640x480", guest.figures["decoded_size"])
        self.assertEqual(1, len(self.stage.displays()), "the end of one leaves the other its desktop")
        tap.wait_for(20_000)
        self.assertTrue(probe.is_running())

    def test_takes_over_with_the_programs(self):
        host, probe, second, _ = self.serve("--when-busy", "take-over")
        displays = self.stage.displays()
        tap = self.stage.tap()
        taker = second.start(host, "--seconds", 60, "--mode", "640x480@30", "--dump", tap.path)
        self.assertEqual(harness.REFUSED, probe.wait())
        self.assert_sentence(probe, '"laptop" took this session over')
        tap.wait_for(20_000)
        self.assertEqual(displays, self.stage.displays())
        taker.signal(signal.SIGTERM)
        taker.wait()
        self.stage.wait_no_display(seconds=5)

    def test_limits_count_sessions_and_encoders(self):
        host, probe, second, tap = self.serve("--max-encoders", 1)
        status, refused = second.run(host, "--seconds", 1)
        self.assertEqual(harness.REFUSED, status)
        self.assert_sentence(refused, "as many sessions as it may", '"living-room"')
        tap.wait_for(20_000)
        self.assertTrue(probe.is_running())


if __name__ == "__main__":
    harness.main()
