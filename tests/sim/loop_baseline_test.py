#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the adaptive loop decides in each scenario, to the last digit, against loop_baseline.txt.

The runs are in virtual time and seeded, so a difference is a change of behaviour. One that is meant is written down with

    build/dev/bin/loss-harness --loop > tests/sim/loop_baseline.txt

and explained in the commit message.
"""
import difflib
import os
import subprocess
import sys

PROGRAM = os.path.join(os.environ["PUNKTFUNK_BIN"], "loss-harness")
BASELINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loop_baseline.txt")

done = subprocess.run([PROGRAM, "--loop"], capture_output=True, text=True, check=False)
if done.returncode != 0:
    sys.exit(f"loss-harness ended with {done.returncode}: {done.stderr}")
with open(BASELINE, encoding="utf-8") as file:
    baseline = file.read()
if done.stdout != baseline:
    sys.stdout.writelines(difflib.unified_diff(
        baseline.splitlines(keepends=True), done.stdout.splitlines(keepends=True), "loop_baseline.txt", "now"))
    sys.exit("The loop behaves otherwise than its baseline says. If that is meant, write the new one and explain it:\n"
             "    build/dev/bin/loss-harness --loop > tests/sim/loop_baseline.txt")
