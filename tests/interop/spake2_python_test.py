#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs our SPAKE2 (the spake2_peer program) against Debian's python3-spake2, in both roles."""

import hashlib
import random
import subprocess
import sys

try:
    from spake2 import SPAKE2_A, SPAKE2_B
except ImportError:
    sys.exit("The python spake2 package is missing, so nothing was tested. Install the package python3-spake2.")

ROUNDS = 10


def exchange(program, our_role, our_pin, their_pin, client_fingerprint, host_fingerprint):
    """Returns (our key or "refused", their key) in hex."""
    their_class = SPAKE2_B if our_role == "client" else SPAKE2_A
    them = their_class(their_pin.encode(), idA=client_fingerprint, idB=host_fingerprint)
    their_message = them.start()
    arguments = [program, our_role, our_pin, client_fingerprint.hex(), host_fingerprint.hex()]
    result = subprocess.run(arguments, input=their_message.hex() + "\n", text=True, capture_output=True,
                            check=True, timeout=30)
    our_message, our_key = result.stdout.split()
    return our_key, them.finish(bytes.fromhex(our_message)).hex()


def main():
    program = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        client = hashlib.sha256(rng.randbytes(8)).digest()
        host = hashlib.sha256(rng.randbytes(8)).digest()
        pin = "".join(rng.choice("0123456789") for _ in range(rng.randint(4, 8)))
        for role in ("client", "host"):
            ours, theirs = exchange(program, role, pin, pin, client, host)
            assert ours == theirs, f"{role}, PIN {pin}: our key {ours}, theirs {theirs}"
            ours, theirs = exchange(program, role, pin, pin + "0", client, host)
            assert len(ours) == 64 and ours != theirs, f"{role}: different PINs gave the same key"
    print(f"{ROUNDS} exchanges in each role agree")


main()
