#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the seeds of the fuzz targets to fuzz/corpus, from the golden vectors and by hand.

Input formats are described at the top of each target. Files that fuzzing found are kept; seeds have names that begin with
"seed-" and are replaced.
"""
import hashlib
import json
import pathlib
import sqlite3
import struct
import tempfile

FUZZ = pathlib.Path(__file__).resolve().parent
VECTORS = json.loads((FUZZ.parent / "tests/golden/vectors.json").read_text())["vectors"]


def write(target, seeds):
    folder = FUZZ / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("seed-*"):
        old.unlink()
    for number, seed in enumerate(dict.fromkeys(seeds)):
        (folder / f"seed-{number:03}").write_bytes(seed)


def in_section(*sections):
    return [v for v in VECTORS if v["section"] in sections]


def hex_of(vector, key="hex"):
    value = vector.get("expected", {}).get(key) or vector.get("inputs", {}).get(key)
    return bytes.fromhex(value) if isinstance(value, str) else None


def varint(data):
    length = 1 << (data[0] >> 6)
    value = int.from_bytes(data[:length], "big") & ((1 << (8 * length - 2)) - 1)
    return value, data[length:]


def control_frames():
    frames = [hex_of(v) for v in in_section("messages")]
    frames = [f for f in frames if f]
    session = in_section("handshake")[0]["expected"]
    streams = [bytes.fromhex(session[side])[1:] for side in ("client_bytes", "host_bytes")]
    # Types without a vector: PadSlots, PadFeature, AuthResponse, ClipFetchHdr, a reliable key edge.
    frames += [bytes.fromhex(f) for f in (
        "35040102ff00", "405208010102020383001e", "1508010330010202 0130", "40440d01010002080000010000000000",
        "4050 12 c8 00 41000000 00000000 00000000 00000000")]
    yield from (b"\x01" + f for f in frames)
    yield from (b"\x07" + s for s in streams)
    yield b"\x21" + b"".join(frames)


def hello():
    for vector in in_section("messages"):
        data = hex_of(vector)
        if not data:
            continue
        kind, rest = varint(data)
        if kind in (1, 2):
            yield bytes([kind - 1]) + varint(rest)[1]


def feedback():
    datagrams = [hex_of(v, "datagram") for v in in_section("feedback")]
    datagrams = [d for d in datagrams if d and len(d) < 256]
    yield from (bytes([len(d)]) + d for d in datagrams)
    yield b"".join(bytes([len(d)]) + d for d in datagrams)


def datagrams():
    for vector in in_section("datagrams", "host_events", "audio", "input.rich"):
        data = hex_of(vector, "datagram")
        if data:
            yield data
    # The shortest rumble, player lights, a HID report and a full pen batch have no vector.
    yield bytes.fromhex("05ca010000800040")
    yield bytes.fromhex("06cd02031f")
    yield bytes.fromhex("02cc040102") + b"\x02\x10"
    yield bytes.fromhex("02cc0500080900") + bytes.fromhex("0300 0000003f 0000803e 0080 ffff ff ffff ffff 0000") * 8


def input_events():
    events = [hex_of(v) for v in in_section("input.event", "input.scroll")]
    events = [e for e in events if e and len(e) == 18]
    yield from (b"\xff" + e for e in events)
    yield b"\x06" + b"".join(events)


def spake_messages():
    # A point of the group, the identity, the base point and points of small order, from both sides.
    constants = in_section("pairing")[0]["expected"]
    points = [bytes.fromhex(constants[name]) for name in ("M", "N", "base_point")]
    points += [b"\x01" + bytes(31), bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f", b"\xff" * 32]
    for point in points:
        yield b"\x00B" + point
        yield b"\x01A" + point
    for vector in in_section("messages"):
        data = hex_of(vector)
        if not data:
            continue
        kind, rest = varint(data)
        if kind in (0x10, 0x11):
            yield bytes([kind & 1]) + varint(rest)[1]


def texts():
    for bound in (0, 1, 7, 64, 255):
        yield bytes([bound]) + "  Wohnzimmer größer 日本語 🎮 ".encode()
        yield bytes([bound]) + b"a\x00b\x1b[31m\x7f\xc2\x85 \xe2\x80\xae\xe2\x80\x8b\xe2\x81\xa6\xef\xbb\xbf\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80"


def erasure():
    for scheme in (0, 1, 2, 5):
        for k, m, length in ((2, 2, 1), (8, 4, 32), (16, 20, 33), (100, 60, 10), (255, 255, 4), (5, 0, 8)):
            yield bytes([scheme, k, m, length, 4, 0xF6, 0xFF, 0x3D, 0xFE]) + bytes(range(40))


def media_packets(every_setting=range(16)):
    u8, u16, u32 = (struct.Struct(f) for f in ("<B", "<H", "<I"))

    def op(code, packets=0, value=b""):
        return bytes([code | packets << 4]) + value

    flags = u16.pack(0x8001)
    for settings in every_setting:
        # One frame whole, the next one from parity, one with the wrong padding, one that contradicts itself.
        frame = op(5, 0, flags) + op(8, 0, u16.pack(3)) + op(9, 0, u16.pack(2)) + op(10, 0, u16.pack(12))
        frame += op(13, 4, u16.pack(0)) + op(2, 0, u8.pack(1)) + op(13, 3, u16.pack(2))
        frame += op(2, 0, u8.pack(1)) + op(10, 1, u16.pack(600)) + op(13, 1, u16.pack(0)) + op(8, 2, u16.pack(4))
        yield bytes([settings]) + frame + op(1, 0, u8.pack(200))
        # Two blocks, from the back; then frames far ahead, each begun only.
        blocks = op(5, 0, flags) + op(6, 0, u16.pack(1)) + op(8, 0, u16.pack(1)) + op(7, 0, u32.pack(8)) + op(13, 1, u16.pack(0))
        blocks += op(5, 0, u16.pack(1)) + op(6, 0, u16.pack(0)) + op(8, 0, u16.pack(8)) + op(7, 0, u32.pack(0)) + op(13, 8, u16.pack(0))
        blocks += b"".join(op(2, 2, u8.pack(step)) + op(13, 1, u16.pack(0)) for step in (1, 2, 60, 64, 65, 255))
        yield bytes([settings | 0x20]) + blocks + op(0, 0, u16.pack(600) + bytes(40))
        # Frames of two large shards of which one never comes: more than the budget holds.
        begun = op(5, 0, flags) + op(8, 0, u16.pack(2)) + op(10, 0, u16.pack(2000)) + op(12, 0, u16.pack(8658))
        yield bytes([settings | 0x20]) + begun + (op(13, 0, u16.pack(0)) + op(2, 1, u8.pack(1))) * 24
        honest = b"".join(bytes([16 + 9 * i]) + u16.pack(900 * i) + bytes([0, 1, 2, 3, 4, 0, 0][: 2 + i]) for i in range(8))
        yield bytes([settings | 0x10]) + honest
    # Frames whose second packet differs from the first in one value each: none may be taken.
    begun = op(2, 0, u8.pack(1)) + op(7, 0, u32.pack(0)) + op(12, 0, u16.pack(0)) + op(13, 0, u16.pack(0))
    begun += op(5, 0, flags) + op(8, 0, u16.pack(4)) + op(9, 0, u16.pack(2)) + op(10, 1, u16.pack(12))
    changes = ((4, u32.pack(1)), (7, u32.pack(1)), (8, u16.pack(5)), (9, u16.pack(3)), (10, u16.pack(13)), (11, u8.pack(1)),
               (12, u16.pack(2)), (5, u16.pack(1)))
    for settings in (4, 6):
        yield bytes([settings]) + b"".join(begun + op(code, 4, value) for code, value in changes) + op(1, 0, u8.pack(200))
    for low in (0x7FFFFFFF, 0xFFFFFFFF, 1 << 23, 131072):
        yield b"\x0c" + op(13, 2, u16.pack(0)) + op(14, 2, u32.pack(low)) + op(14, 2, u32.pack(low)) + op(3, 1, u32.pack(low))


def sealed_packets():
    u16, u64 = struct.Struct("<H"), struct.Struct("<Q")
    frame = b"\x50" + u16.pack(5000)  # 10 shards and 30 % of parity
    every = bytes([3 | 31 << 3, 0])
    for settings in (0, 1):
        start = bytes([settings])
        # Two frames, the second twice, the first again.
        yield start + frame + every + frame + bytes([3 | 15 << 3, 13]) * 2 + every
        # Numbers on both sides of every limit, in order and not.
        for where in range(8):
            jumps = [bytes([1 | where << 3, by]) + frame for by in (0, 3, 4, 5, 8)]
            yield start + frame + every + bytes([3 | 7 << 3, 20, 3 | 31 << 3, 0]).join(jumps)
        yield start + (frame + bytes([1 | 1 << 3, 4])) * 5 + every + bytes([3 | 31 << 3, 32])
        # One window on, before anything of the first frame came: its last number but one of 13 is just too old.
        yield start + frame + bytes([1 | 4 << 3, 2]) + frame + bytes([3, 13]) + bytes([3 | 12 << 3, 0])
        # Each change, alone, in a batch among others, and opened by itself.
        changes = [b"\x00" + u16.pack(at) + b"\x01" for at in (0, 1, 5, 29, 30, 541, 542, 557)]
        changes += [b"\x01" + u16.pack(size) + b"\x00" for size in (0, 20, 557, 559, 560, 9216)]
        changes += [b"\x02\x01\x00\x80\x00", b"\x03\x02\x00\x00", b"\x03\x02" + u16.pack(542), b"\x04\x06\x00\x03\x00\x00\x00\x07"]
        yield start + frame + b"".join(b"\x04\x01" + change for change in changes) + every
        yield start + frame + b"".join(b"\x06\x01" + change + u64.pack(1 << 23) for change in changes)
        yield start + frame + b"".join(bytes([5 | 2 << 3]) + b"\x00\x82" + change + b"\x01" for change in changes)
        yield start + frame + b"\x07" + u16.pack(558) + bytes(40) + b"\x07" + u16.pack(20) + bytes(20)


def quic_datagrams():
    def block(code, data):
        return bytes([code, len(data)]) + data

    initial = b"\xc3\x00\x00\x00\x01\x08ABCDEFGH\x04abcd\x00\x44\x9e" + bytes(60)
    yield block(0x40, initial)
    yield block(0x40, initial.replace(b"\x00\x00\x00\x01", b"\x1a\x2a\x3a\x4a", 1))
    yield block(0x00, b"\x40" + bytes(range(60)))
    connect = b"\x04" + b"\x01\x40"
    yield connect + b"\x03\x10\x00\x01\x20"
    yield connect + block(0x05, b"\x00\x01\x04abcd") + block(0x06, b"\x03\x01\x01\x01") + b"\x01\x40" + b"\x07\x51" + b"\x01\x10"
    yield connect + block(0x45, b"\x09hello") + b"\x01\x10" + b"\x03\xff\xff"
    yield b"\x04\x02\x10\x00\x01\x0a\x20\x00\x80\x42\x05\x00\x00" + b"\x01\x40\x03\xe8\x03\x01\x20"
    yield b"\x04" * 12 + b"\x01\x40\x03\x00\x40\x01\x40"
    yield connect + block(0x05, b"\x00\x01\x00") + b"\x92\x05\x00\x01\x01\x20\x8a\x00\x00\x00\x01\x20"


def pin_stores():
    entry = {"fingerprint": "ab" * 32, "name": "Living room", "added_unix_s": 1790000000}
    documents = [
        {"version": 1, "peers": []},
        {"version": 1, "peers": [entry, dict(entry, label="127.0.0.1:9777"), dict(entry, fingerprint="cd" * 32)]},
        {"version": 2, "peers": []},
        {"version": 1, "peers": [dict(entry, name="\u202e\u0000 ü", label="")]},
        {"version": 1, "peers": [dict(entry, added_unix_s=-1)]},
        {"version": 1, "peers": [dict(entry, fingerprint="AB:" * 32)]},
        {"version": 1.0, "peers": {"a": [[[[]]]]}},
    ]
    yield from (json.dumps(d).encode() for d in documents)
    yield b"[" * 200


def trust_stores():
    devices = [(bytes([n] * 32), f"Device {n}", 0xFF if n else 3, n % 3, 1900000000 if n % 3 == 1 else 0, 1790000000 + n, 0,
                n % 4) for n in range(4)]
    for count, version, page in ((0, 1, 512), (1, 1, 512), (4, 1, 1024), (1, 2, 512)):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "trust.db"
            database = sqlite3.connect(path)
            database.executescript(f"""PRAGMA page_size = {page}; PRAGMA application_id = {0x70665431};
                PRAGMA user_version = {version};
                CREATE TABLE device (fingerprint BLOB PRIMARY KEY NOT NULL, name TEXT NOT NULL, grants INTEGER NOT NULL,
                lasts INTEGER NOT NULL, until_unix_s INTEGER NOT NULL, paired_unix_s INTEGER NOT NULL,
                seen_unix_s INTEGER NOT NULL, how INTEGER NOT NULL, sum BLOB NOT NULL) STRICT, WITHOUT ROWID;
                CREATE TABLE starts (count INTEGER NOT NULL) STRICT; INSERT INTO starts VALUES (0);""")
            for device in devices[:count]:
                numbers = struct.pack("<6Q", *device[2:])
                total = hashlib.sha256(b"punktfunk device 1" + device[0] + numbers + device[1].encode()).digest()
                database.execute("INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*device, total))
            database.commit()
            database.close()
            yield path.read_bytes()
    yield b""
    yield from (b"pointer,keyboard", b"view", b"session", b"30m", b"3650d")


def saved_hosts():
    host = {"fingerprint": "ab" * 32, "id": "0123", "name": "Living room", "addresses": ["192.168.1.10", "fe80::1%eth0"],
            "port": 9777, "management_port": 47990, "macs": ["aa:bb:cc:dd:ee:0f"], "added_unix_s": 1790000000,
            "last_seen_unix_s": 1790000001, "last_mode": {"width": 1920, "height": 1080, "refresh_hz": 60}}
    documents = [
        {"version": 2, "hosts": []},
        {"version": 2, "hosts": [host, dict(host, fingerprint="cd" * 32, name="", last_mode=None)]},
        {"version": 2, "hosts": [dict(host, name="\u202e\u0000 ü", port=0, addresses=["", "\u0001", 5] + ["::1"] * 20)]},
        {"version": 2, "hosts": [dict(host, port=65536, macs=["x", "01:00:5e:00:00:01"], last_mode={"width": 2**40})]},
        {"version": 2, "hosts": [{"fingerprint": "12"}]},
        {"version": 3, "hosts": [host]},
    ]
    yield from (json.dumps(d).encode() for d in documents)
    yield b"[::1]:9777"
    yield from pin_stores()


def announcements():
    def announcement(port, *texts):
        return struct.pack("<H", port) + b"".join(bytes([len(t)]) + t for t in texts)
    names = (b"Tower", b"tower.local", b"192.168.1.10")
    txt = (b"proto=punktfunk/1", b"wire=2", b"fp=" + b"ab" * 32, b"pair=required", b"id=0123", b"mgmt=47990",
           b"mac=AA:BB:CC:DD:EE:0F,02:00:00:00:00:01", b"os=Debian GNU/Linux 12", b"addr=10.0.0.5,fd00::5")
    yield announcement(9777, *names, *txt)
    yield announcement(0, *names, *txt)
    yield announcement(9777, *names, b"proto=punktfunk/2", *txt[1:])
    yield announcement(1, b"\x1b[2J\xe2\x80\xae", b"y" * 255, b"fe80::1%lo", b"PROTO=punktfunk/1", b"wire=1, 3;2", b"fp=zz", b"=",
                       b"", b"mgmt=99999", b"mac=ff:ff:ff:ff:ff:ff,,,", b"addr=" + b"10.0.0.1," * 27)


class Bits:
    """Bits of an H.264 payload, most significant first."""

    def __init__(self):
        self.bits = ""

    def u(self, value, count):
        self.bits += format(value, f"0{count}b") if count else ""
        return self

    def ue(self, value):
        code = format(value + 1, "b")
        self.bits += "0" * (len(code) - 1) + code
        return self

    def se(self, value):
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def align(self, bit="0"):
        self.bits += bit * (-len(self.bits) % 8)
        return self

    def unit(self, header):
        self.bits += "1"
        self.align()
        payload = int(self.bits, 2).to_bytes(len(self.bits) // 8, "big")
        escaped, zeros = bytearray(), 0
        for byte in payload:
            if zeros >= 2 and byte <= 3:
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return b"\x00\x00\x00\x01" + bytes([header]) + bytes(escaped)


def h264_units():
    def sps(columns, rows, cropped=False):
        b = Bits().u(66, 8).u(0xC0, 8).u(30, 8).ue(0).ue(0).ue(2).ue(1).u(0, 1).ue(columns - 1).ue(rows - 1).u(1, 1).u(1, 1)
        b.u(1, 1).ue(0).ue(4).ue(0).ue(2) if cropped else b.u(0, 1)
        return b.u(0, 1).unit(0x67)

    def pps():
        return Bits().ue(0).ue(0).u(0, 1).u(0, 1).ue(0).ue(0).ue(0).u(0, 1).u(0, 2).se(0).se(0).se(0).u(0, 1).u(0, 1).u(0, 1).unit(0x68)

    def idr(macroblocks):
        # I_PCM macroblocks: no prediction, no entropy coding.
        b = Bits().ue(0).ue(7).ue(0).u(0, 4).ue(0).u(0, 1).u(0, 1).se(0)
        for m in range(macroblocks):
            b.ue(25).align()
            for sample in range(384):
                b.u((16 + sample + 8 * m) % 256, 8)
        return b.unit(0x65)

    def predicted(frame_num, macroblocks):
        return Bits().ue(0).ue(5).ue(0).u(frame_num, 4).u(0, 1).u(0, 1).u(0, 1).se(0).ue(macroblocks).unit(0x41)

    def stream(*units):
        return b"".join(struct.pack("<H", len(u)) + u for u in units)

    yield stream(sps(1, 1) + pps() + idr(1), predicted(1, 1), predicted(2, 1))
    yield stream(sps(1, 1) + pps() + idr(1), predicted(3, 1), predicted(1, 1))
    yield stream(sps(2, 1, cropped=True) + pps() + idr(2), predicted(1, 2), sps(1, 1) + pps() + idr(1))
    yield stream(sps(400, 300) + pps() + idr(1))
    yield stream(predicted(1, 1), pps() + idr(1), sps(1, 1))


def abi_calls():
    # The calls of abi_calls.cc by number; the first 0 of each argument list leaves struct_size right.
    host, client = bytes([0, 0, 0, 9, 9, 0, 0]), bytes([0, 1, 0, 9, 9, 0, 0])

    def submit(size, what=0):
        return b"\x01\x00" + struct.pack("<H", size) + bytes([1, what, 0, 0])

    def seal(size, changes=b"", start=0):
        return b"\x02\x00" + struct.pack("<H", size) + b"\x01\x00\x00" + bytes([len(changes) // 5]) + changes + bytes([start, 1])

    poll = b"\x03\x01\x00\x00"
    event = b"\x04\x00\x02" + bytes(16) + b"\x01"
    poll_event = b"\x05\x00\x00\x00"
    ask = bytes([8, 0, 0, 0, 0])
    yield host + client + submit(3000) + poll + event + poll_event + ask
    yield host + client + submit(8000) * 3 + b"\x06\x01\x01" + submit(100) + poll + b"\x09\x00" + b"\x0a\x00\x00"
    yield host + client + seal(6000, start=1) + poll + seal(6000, struct.pack("<IB", 40, 255)) + poll * 2
    yield b"".join(host + client + submit(100, what) + poll for what in range(1, 9))
    yield bytes([11, 0, 3, 0]) + bytes(4) + b"\x0b" + b"\x0c" + bytes(30) + b"\x0b"
    yield bytes([11, 0, 3, 0]) + bytes(4) + b"\x0a" + b"\x00" + b"\x0c" + bytes(30)
    yield b"\x0e\x40" + b"0123456789abcdef" * 4 + b"\x0f\x09127.0.0.1" + b"\x0d\x05\x00-----" + b"\xff\x0f"


def http_requests():
    host = "Host: 127.0.0.1:47990\r\n"
    token = "Authorization: Bearer " + "0" * 64 + "\r\n"

    def post(body, more=""):
        return f"POST /c HTTP/1.1\r\n{host}{more}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    texts = [
        f"GET /a HTTP/1.1\r\n{host}\r\n",
        f"GET /b/7?word=%C3%A4 HTTP/1.1\r\n{host}Origin: https://127.0.0.1:47990\r\n\r\n" + f"HEAD /a HTTP/1.1\r\n{host}\r\n",
        post('{"x":1,"y":[{"z":null}]}', token) + f"OPTIONS /c HTTP/1.1\r\n{host}Connection: close\r\n\r\n",
        post("", token) + post('{"x":' + "[" * 40),
        f"POST /c HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        f"GET /e HTTP/1.1\r\n{host}Last-Event-ID: 12\r\n\r\n",
        f"GET /%2e%2e/b//1 HTTP/1.1\r\n{host}\r\n",
    ]
    for text in texts:
        for how in (0x08, 0x09, 0x0B, 0x1F):
            yield bytes([how]) + text.encode()


write("http_request", http_requests())
write("control_frames", control_frames())
write("hello", hello())
write("datagrams", datagrams())
write("feedback", feedback())
write("input_event", input_events())
write("spake_message", spake_messages())
write("clean_text", texts())
write("fec", erasure())
write("media_packet", media_packets())
write("reassembler", media_packets((0, 5, 6, 12)))
write("sealed_packet", sealed_packets())
write("quic_server", quic_datagrams())
write("pin_store", pin_stores())
write("trust_store", trust_stores())
write("saved_hosts", saved_hosts())
write("announcement", announcements())
write("h264_units", h264_units())
write("abi_calls", abi_calls())
