"""HTTP/2 through the gateway: h2spec on clear text and TLS, and what a hostile client reaches."""

import base64
import os
import socket
import struct
import subprocess

import pytest

from harness import GATEWAY, PATIENCE, connect, route, service

RULE = "- backendRefs: [{name: app, port: 80}]"
H2SPEC = os.path.join(os.environ.get("GWANMUN_DEPS", os.path.expanduser("~/.cache/gwanmun")), "bin", "h2spec")

# Frame types and flags (RFC 9113 §6), and fields by their index in HPACK's static table.
HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS = 1, 4
GET_ROOT = b"\x82\x86\x84\x01\x0bexample.com"
ENHANCE_YOUR_CALM = 11


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def read_frames(client):
    """Frames until the gateway closes."""
    data = b""
    try:
        while chunk := client.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    while len(data) >= 9:
        size = int.from_bytes(data[:3], "big")
        yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + size]
        data = data[9 + size:]


def flood(port, frames):
    """Sends a connection's worth of frames; the code of the GOAWAY that answers it."""
    with connect(port) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
            for piece in frames:
                client.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        codes = [struct.unpack(">II", payload[:8])[1] for kind, _, _, payload in read_frames(client) if kind == GOAWAY]
    return codes[-1] if codes else None


def requests(then):
    for stream in range(1, 40_000, 2):
        yield frame(HEADERS, END_STREAM | END_HEADERS, stream, GET_ROOT) + then(stream)


@pytest.mark.skipif(not os.access(H2SPEC, os.X_OK), reason="h2spec is not installed")
@pytest.mark.parametrize("protocol", ["http", "h2c"])
def test_h2spec(gateway, origins, protocol, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-keyout", tmp_path / "key", "-out", tmp_path / "crt", "-subj", "/CN=example.com"],
                   check=True, capture_output=True)
    crt, key = (base64.b64encode((tmp_path / name).read_bytes()).decode() for name in ("crt", "key"))
    listeners = GATEWAY.replace(
        "---", "  - {name: https, port: 8443, protocol: HTTPS, tls: {certificateRefs: [{name: crt}]}}\n---")
    gateway.start(all=listeners + f"""
apiVersion: v1
kind: Secret
metadata: {{name: crt}}
type: kubernetes.io/tls
data: {{tls.crt: {crt}, tls.key: {key}}}
---
""" + service("app", origins.echo().port, app_protocol="kubernetes.io/h2c" if protocol == "h2c" else None)
                  + route("r", RULE))
    for port, flags in ((8080, []), (8443, ["-t", "-k"])):
        done = subprocess.run([H2SPEC, *flags, "-h", "127.0.0.1", "-p", str(gateway.port(port))],
                              capture_output=True, text=True, timeout=10 * PATIENCE)
        assert "145 passed, 0 skipped, 0 failed" in done.stdout, done.stdout


def test_rapid_reset_is_cut_short_and_hardly_reaches_the_origin(gateway, origins):
    origin = origins()
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", RULE))
    cancel = lambda stream: frame(RST_STREAM, 0, stream, struct.pack(">I", 8))  # noqa: E731
    assert flood(gateway.port(), requests(cancel)) == ENHANCE_YOUR_CALM
    assert len(origin.requests) <= 201
    assert gateway.get().status == 200


@pytest.mark.parametrize("provoke", [
    lambda stream: frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 0)),
    lambda stream: frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 0x7FFFFFFF)),
    lambda stream: frame(0, 0, stream, b"x"),
    lambda stream: frame(2, 0, stream, struct.pack(">IB", stream, 16)),
], ids=["window of zero", "window overflow", "data after the end", "depends on itself"])
def test_provoked_resets_count_like_the_clients_own(gateway, origins, provoke):
    origin = origins()
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", RULE))
    assert flood(gateway.port(), requests(provoke)) == ENHANCE_YOUR_CALM
    assert len(origin.requests) <= 201
    assert gateway.get().status == 200


def test_control_frame_floods_end_the_connection(gateway, origins):
    gateway.start(all=GATEWAY + service("app", origins().port) + route("r", RULE))
    for piece in (frame(PING, 0, 0, b"12345678"), frame(SETTINGS, 0, 0), frame(2, 0, 3, struct.pack(">IB", 0, 16))):
        assert flood(gateway.port(), (piece * 100 for _ in range(1_000))) == ENHANCE_YOUR_CALM
    assert gateway.get().status == 200
