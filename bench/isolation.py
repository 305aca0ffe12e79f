#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What clients that misbehave cost the others: p99 of two well-behaved streams alone, and beside two more.

    bench/isolation.py [--bin FOLDER] [--seconds N] [--rounds N]

Four devices of different sizes and rates on one host with synthetic access units, so that encoders do not hide what the host does.
Each round runs, one after the other: each of the two watched streams alone; the four together, all well; the four together, one frozen
(SIGSTOP) and one that loses 10 % of its packets. Stated is the median over the rounds of each run's p99, in ms. The machine should be
quiet: look at the last column, the load when it began.
"""

import argparse
import os
import signal
import statistics
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e", "stream"))

WATCHED = (("1280x720@60", 10_000), ("640x480@120", 4_000))
OTHERS = (("1920x1080@30", 10_000), ("800x600@60", 6_000))
STAGES = ("send", "network", "reassemble", "picture_interval")
SITUATIONS = ("alone", "beside two that are well", "beside one frozen, one at 10 % loss")


def start(harness, stage, host, client, stream, seconds, *options):
    mode, bitrate = stream
    tap = stage.tap()
    probe = client.start(host, "--verify", "--mode", mode, "--bitrate", bitrate, "--seconds", seconds, "--dump", tap.path,
                         *options)
    tap.wait_for(1)
    return probe


def measure(harness, situation, seconds):
    """{mode: figures} of the watched streams."""
    stage = harness.Stage()
    figures = {}
    try:
        clients = [stage.client(f"client-{number}") for number in range(4)]
        host, *_ = stage.serve("--source", "synthetic", clients=clients)

        def watch(numbers):
            probes = [(WATCHED[n][0], start(harness, stage, host, clients[n], WATCHED[n], seconds)) for n in numbers]
            for mode, probe in probes:
                if probe.wait(seconds + 60) != harness.OK:
                    raise SystemExit(probe.text)
                figures[mode] = probe.figures

        if situation == "alone":
            watch([0])
            watch([1])
            return figures
        misbehave = "frozen" in situation
        start(harness, stage, host, clients[3], OTHERS[1], 3600, *(("--loss", 10) if misbehave else ()))
        frozen = start(harness, stage, host, clients[2], OTHERS[0], 3600)
        if misbehave:
            frozen.signal(signal.SIGSTOP)
        watch([0, 1])
        return figures
    finally:
        stage.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"), help="folder of the programs")
    parser.add_argument("--seconds", type=float, default=6, help="length of each stream")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["PUNKTFUNK_BIN"] = os.path.abspath(options.bin)
    import harness  # pylint: disable=import-outside-toplevel  # it needs the path above

    load = os.getloadavg()[0]
    runs = {situation: [] for situation in SITUATIONS}
    for _ in range(options.rounds):
        for situation in SITUATIONS:
            runs[situation].append(measure(harness, situation, options.seconds))
    print(f"{'stream':<13} {'situation':<36}" + "".join(f"{stage:>18}" for stage in STAGES) + f"{'lost':>6}{'load':>7}")
    for mode, _ in WATCHED:
        for situation in SITUATIONS:
            figures = [run[mode] for run in runs[situation]]
            cells = []
            for stage in STAGES:
                values = [one["latency_ms"][stage]["p99"] for one in figures if stage in one["latency_ms"]]
                cells.append(f"{statistics.median(values):.2f}" if values else "-")
            lost = sum(one["lost_frames"] for one in figures)
            print(f"{mode:<13} {situation:<36}" + "".join(f"{cell:>18}" for cell in cells) + f"{lost:>6}{load:>7.1f}")


if __name__ == "__main__":
    main()
