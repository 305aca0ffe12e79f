# SPDX-License-Identifier: MIT OR Apache-2.0
"""An unknown device waits at the door until the operator decides: the programs, as two people would use them."""

import os
import subprocess

import harness
from harness import E2eTest


class Approval(E2eTest):
    def setUp(self):
        super().setUp()
        self.host = self.stage.host("--source", "synthetic")
        self.client = self.stage.client()

    def knock(self):
        probe = self.client.start(self.host, "--first-contact", "--verify", "--count", 20)
        probe.wait_for_line("Waiting for approval")
        return probe

    def refused_ctl(self, *command):
        argv = [harness.program("punktfunk-host"), "ctl", "--state-dir", self.host.state_dir, *map(str, command)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=harness.PATIENCE_S, check=False)
        self.assertEqual((4, ""), (done.returncode, done.stdout))
        self.assertRegex(done.stderr, r"^punktfunk-host: .{10,}[.]\n$")
        return done.stderr

    def test_approved_on_the_same_connection(self):
        self.assertEqual("Nobody asks to be let in.\n", self.host.ctl("pending"))
        probe = self.knock()
        (device,) = self.host.pending()
        self.assertEqual(harness.fingerprint_of(self.client.identity_file), device["fingerprint"])
        self.assertEqual((harness.LOOPBACK, True), (device["address"], device["waiting"]))
        line = self.host.ctl("pending")
        self.assertRegex(line, rf'(?m)^{device["id"]} +.+  127[.]0[.]0[.]1  \d+ s ago  waiting  {device["fingerprint"]}$')
        self.host.wait_for_line(f"ctl approve {device['id']}")
        status = self.host.status()
        self.assertEqual((1, 0, 0), (status["connections"], status["sessions"], status["paired_devices"]))
        self.assertFalse(os.path.exists(self.client.hosts_file))

        self.assertRegex(self.host.ctl("approve", device["id"]), r'^".+" is let in; its connection goes on[.]\n$')
        self.assertEqual(harness.OK, probe.wait(), probe.text)
        self.assertGreaterEqual(probe.figures["verified"]["access_units"], 20)
        self.assertEqual(0, probe.figures["verified"]["wrong"])
        self.assertEqual(1, self.host.status()["paired_devices"])
        self.assertEqual([], self.host.pending())
        own = harness.fingerprint_of(os.path.join(self.host.state_dir, "identity.pem"))
        self.assertIn(own, probe.text, "for the person to compare")
        # From now on both know each other.
        self.assert_ok(*self.client.run(self.host, "--verify", "--count", 5))
        self.assertIn("There is no device that asks", self.refused_ctl("approve", device["id"]))

    def test_denied(self):
        probe = self.knock()
        (device,) = self.host.pending()
        self.assertRegex(self.host.ctl("deny", device["id"]), r'^".+" was turned away[.]\n$')
        self.assertEqual(harness.REFUSED, probe.wait(), probe.text)
        self.assert_sentence(probe, "denied")
        self.assertEqual(0, self.host.status()["paired_devices"])
        self.assertFalse(os.path.exists(self.client.hosts_file))
        self.assertEqual([], self.host.pending())

    def test_who_gives_up_leaves_the_list(self):
        probe = self.knock()
        (device,) = self.host.pending()
        probe.signal(harness.signal.SIGTERM)
        probe.wait()
        harness.wait_until(lambda: not self.host.pending(), "the list is empty")
        self.assertIn("There is no device that asks", self.refused_ctl("approve", device["id"]))
        self.assertEqual(0, self.host.status()["paired_devices"])

    def test_first_contact_never_replaces_a_known_host(self):
        harness.write_pin_store(self.client.hosts_file, "ab" * 32, f"{harness.LOOPBACK}:{self.host.port}")
        known = harness.read_bytes(self.client.hosts_file)
        status, probe = self.client.run(self.host, "--first-contact", "--verify", "--count", 5)
        self.assertEqual(harness.TRUST, status, probe.text)
        self.assert_sentence(probe, "changed")
        self.assertEqual(known, harness.read_bytes(self.client.hosts_file))
        self.assertEqual([], self.host.pending())


if __name__ == "__main__":
    harness.main()
