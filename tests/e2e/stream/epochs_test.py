# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pipelines that are replaced while a stream runs: another mode, and parts that break."""

import os
import signal

import harness
from harness import E2eTest


class ModeChange(E2eTest):
    def test_the_desktop_changes_its_size_and_back(self):
        host, client = self.stage.serve()
        status, probe = client.run(host, "--mode", "640x480@60", "--seconds", 2.6, "--reconfigure-at", "0.5:1280x721@30",
                                   "--reconfigure-at", "1.5:640x480@60")
        self.assert_ok(status, probe)
        figures = probe.figures
        first, second = figures["mode_changes"]
        self.assertEqual(("1280x721@30", True, 1), (first["mode"], first["changed"], first["epoch"]), probe.text)
        self.assertEqual(("640x480@60", True, 2), (second["mode"], second["changed"], second["epoch"]), probe.text)
        self.assertTrue(first["accepted"] and second["accepted"])
        self.assertEqual("640x480", figures["decoded_size"])
        self.assertEqual(2, figures["epochs"])
        self.assertEqual(2, figures["host_gaps"])
        self.assertEqual(0, figures["lost_frames"])
        self.assertEqual(0, figures["undecodable_frames"])
        # The programs saw one desktop all the time, and nothing broke.
        self.assertNotIn("is rebuilt", host.text)
        host.wait_for_line("now sees 1280x721@30 instead of 640x480@60")

    def test_modes_nobody_can_show_and_hasty_ones_are_refused(self):
        host, client = self.stage.serve("--source", "synthetic")
        status, probe = client.run(host, "--verify", "--mode", "640x480@60", "--seconds", 1.5,
                                   "--reconfigure-at", "0.2:63x480@60", "--reconfigure-at", "0.25:640x480@4294967",
                                   "--reconfigure-at", "0.3:800x600@60", "--reconfigure-at", "0.35:1024x768@60",
                                   "--reconfigure-at", "1:1024x768@60")
        self.assert_ok(status, probe)
        changes = probe.figures["mode_changes"]
        self.assertEqual([False, False, True, False, True], [change["accepted"] for change in changes], probe.text)
        self.assertEqual("1024x768@60", probe.figures["mode"])
        self.assertEqual(0, probe.figures["verified"]["wrong"], "access units go on from epoch to epoch")


class Rebuilt(E2eTest):
    def start_streaming(self, *options):
        host, client = self.stage.serve()
        tap = self.stage.tap()
        probe = client.start(host, "--seconds", 60, "--mode", "640x480@60", "--dump", tap.path, *options)
        tap.wait_for(50_000)
        return host, probe, tap

    def sway(self):
        def only_one():
            found = [pid for pid, name in self.stage.children().items() if name == "sway"]
            return found if len(found) == 1 else None
        return harness.wait_until(only_one, "one sway runs")[0]

    def finish(self, probe):
        probe.signal(signal.SIGTERM)
        probe.wait()
        return probe.figures

    def test_a_killed_compositor_is_replaced_and_its_programs_start_again(self):
        host, probe, tap = self.start_streaming()
        os.kill(self.sway(), signal.SIGKILL)
        host.wait_for_line("had no new picture for")
        tap.wait_for(50_000)
        self.assertTrue(probe.is_running())
        harness.wait_until(lambda: "punktfunk-test-" in " ".join(self.stage.children().values()), "the program is back")
        figures = self.finish(probe)
        self.assertEqual(1, figures["epochs"])
        self.assertEqual(1, figures["host_gaps"])
        self.assertGreater(figures["longest_epoch_gap_ms"], 0)
        self.assertLess(figures["longest_epoch_gap_ms"], 10_000)
        self.assertEqual("640x480", figures["decoded_size"])
        self.assertIn("killed by signal 9", host.text)

    def test_a_compositor_that_hangs_is_noticed_and_replaced(self):
        host, probe, tap = self.start_streaming()
        sway = self.sway()
        os.kill(sway, signal.SIGSTOP)
        host.wait_for_line("stopped giving pictures")
        host.wait_for_line("had no new picture for")
        tap.wait_for(50_000)
        self.assertNotEqual(sway, self.sway())
        self.assertEqual(1, self.finish(probe)["epochs"])

    def test_a_compositor_that_hung_for_a_while_keeps_its_programs(self):
        host, probe, tap = self.start_streaming()
        sway = self.sway()
        os.kill(sway, signal.SIGSTOP)
        host.wait_for_line("stopped giving pictures")
        os.kill(sway, signal.SIGCONT)
        host.wait_for_line("had no new picture for")
        tap.wait_for(50_000)
        self.assertEqual(sway, self.sway())
        self.finish(probe)

    def test_what_breaks_again_and_again_ends_the_session_in_words(self):
        host, probe, tap = self.start_streaming()
        for rebuild in range(4):
            if rebuild > 0:
                host.wait_for_line("had no new picture for", count=rebuild)
            os.kill(self.sway(), signal.SIGKILL)
        self.assertEqual(harness.REFUSED, probe.wait(), probe.text)
        self.assert_sentence(probe, "rebuilt 3 times", "killed by signal 9")
        self.assertEqual(3, probe.figures["epochs"])
        host.wait_for_line("session of .* ends: .*killed by signal 9")
        self.stage.wait_no_display()

    def test_an_idle_desktop_is_not_taken_for_one_that_hangs(self):
        host, client = self.stage.serve(start=["exec sleep 1000"])
        status, probe = client.run(host, "--mode", "640x480@60", "--seconds", 4.8)
        self.assert_ok(status, probe)
        self.assertEqual(0, probe.figures["epochs"])
        self.assertNotIn("is rebuilt", host.text)


if __name__ == "__main__":
    harness.main()
