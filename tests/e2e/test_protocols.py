"""TLS, HTTP/2, gRPC and WebSocket through the gateway, against `gwanmun echo` and raw origins."""

import base64
import json
import os
import socket
import ssl
import struct
import subprocess

import pytest

from harness import GATEWAY, PATIENCE, connect, curl, eventually, raw, read_to_end, read_until, reply, route, service

RULE = "- backendRefs: [{name: app, port: 80}]"


# ---- WebSocket ----


def frame(opcode, payload, mask=b"abcd"):
    head = bytes([0x80 | opcode])
    size = len(payload)
    head += bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def read_frame(stream):
    first, second = stream.read(2)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack(">H", stream.read(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", stream.read(8))[0]
    return first & 0x0F, stream.read(size)


def websocket(port, host="example.com"):
    client = connect(port)
    client.sendall((f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
    stream = client.makefile("rb")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        assert line, head
        head += line
    return client, stream, head


def test_websocket(gateway, origins):
    echo = origins.echo()
    gateway.start(all=GATEWAY + service("app", echo.port) + route("r", RULE))
    client, stream, head = websocket(gateway.port())
    with client, stream:
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head.lower()
        for payload in (b"hello", b"", os.urandom(300), os.urandom(200_000)):
            client.sendall(frame(2, payload))
            assert read_frame(stream) == (2, payload)
        client.sendall(frame(9, b"p"))
        assert read_frame(stream) == (10, b"p")
        client.sendall(frame(8, b"\x03\xe8"))
        assert read_frame(stream) == (8, b"\x03\xe8")


def test_a_websocket_survives_changes(gateway, origins):
    echo = origins.echo()
    gateway.start(gateway=GATEWAY, app=service("app", echo.port), route=route("r", RULE))
    client, stream, _ = websocket(gateway.port())
    with client, stream:
        for value in ("/a", "/b"):
            gateway.apply(route=route("r", f"- {{matches: [{{path: {{value: {value}}}}}], backendRefs: [{{name: app, port: 80}}]}}"))
            client.sendall(frame(1, value.encode()))
            assert read_frame(stream) == (1, value.encode())


def test_a_refused_upgrade_is_passed_on(gateway, origins):
    origin = origins(lambda received: reply(403, "no"))
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", RULE))
    client, stream, head = websocket(gateway.port())
    with client, stream:
        assert head.startswith(b"HTTP/1.1 403 ")


# ---- HTTP/2 and gRPC ----


def h2(port, path, *arguments, host="example.com"):
    """curl over HTTP/2 with prior knowledge; (status, headers, body)."""
    out = curl("--http2-prior-knowledge", "-i", "-H", f"Host: {host}", *arguments, f"http://127.0.0.1:{port}{path}")
    head, _, body = out.partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0].startswith("HTTP/2 "), lines[0]
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


def test_http2_to_http1(gateway, origins):
    origin = origins(lambda received: reply(200, received.body or b"fine"))
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", RULE))
    assert h2(gateway.port(), "/a?b=c")[::2] == (200, "fine")
    assert h2(gateway.port(), "/", "--data-binary", "hello")[::2] == (200, "hello")
    assert origin.requests[0].line == "GET /a?b=c HTTP/1.1"
    assert origin.requests[0].headers["host"] == "example.com"


def test_http2_to_h2c_by_app_protocol(gateway, origins):
    echo = origins.echo()
    gateway.start(all=GATEWAY + service("app", echo.port, app_protocol="kubernetes.io/h2c") + route("r", RULE))
    status, _, body = h2(gateway.port(), "/x")
    assert status == 200 and json.loads(body)["proto"] == "HTTP/2.0"
    assert gateway.get("/y").json()["proto"] == "HTTP/2.0"


def test_http2_many_streams(gateway, origins):
    echo = origins.echo()
    gateway.start(all=GATEWAY + service("app", echo.port) + route("r", RULE))
    done = subprocess.run(["h2load", "-n", "500", "-c", "2", "-m", "50", f"http://127.0.0.1:{gateway.port()}/",
                           "-H", ":authority: example.com"], capture_output=True, text=True, timeout=60)
    assert "500 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout


GRPC = GATEWAY + """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: g}
spec:
  parentRefs: [{name: gw}]
  hostnames: [grpc.example.com]
  rules:
  - matches: [{method: {service: grpc.health.v1.Health, method: Check}}]
    backendRefs: [{name: app, port: 80}]
  - matches: [{method: {service: test.Any}, headers: [{name: x-env, value: canary}]}]
    backendRefs: [{name: canary, port: 80}]
  - matches: [{method: {service: test.Any}}]
    backendRefs: [{name: app, port: 80}]
  - matches: [{method: {service: test.Empty}}]
    backendRefs: [{name: empty, port: 80}]
---
"""


def grpc(port, path, message=b"", *arguments):
    """One call; (http status, headers and trailers, message bytes)."""
    data = b"\0" + struct.pack(">I", len(message)) + message
    done = subprocess.run(
        ["curl", "-sS", "--max-time", str(int(PATIENCE)), "--http2-prior-knowledge", "-D", "/dev/stderr", "-o", "-",
         "-H", "Host: grpc.example.com", "-H", "content-type: application/grpc", "-H", "te: trailers",
         *arguments, "--data-binary", "@-", f"http://127.0.0.1:{port}{path}"],
        input=data, capture_output=True, timeout=PATIENCE)
    lines = [line for line in done.stderr.decode().split("\r\n") if line]
    assert lines and lines[0].startswith("HTTP/2"), done.stderr
    fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split()[1]), fields, done.stdout[5:]


def test_grpc(gateway, origins):
    app, canary = origins.echo("app"), origins.echo("canary")
    gateway.start(all=GRPC + service("app", app.port, app_protocol="kubernetes.io/h2c")
                  + service("canary", canary.port, app_protocol="kubernetes.io/h2c") + service("empty"))
    port = gateway.port()
    status, fields, message = grpc(port, "/grpc.health.v1.Health/Check")
    assert (status, fields["grpc-status"], message) == (200, "0", b"\x08\x01")
    assert fields["content-type"] == "application/grpc"
    status, fields, message = grpc(port, "/test.Any/Method", b"payload")
    assert (fields["grpc-status"], fields["x-echo-pod"], message) == ("0", "app", b"payload")
    assert grpc(port, "/test.Any/Method", b"x", "-H", "x-env: canary")[1]["x-echo-pod"] == "canary"
    status, fields, _ = grpc(port, "/test.Any/Method", b"x", "-H", "x-echo-grpc-status: 7")
    assert (status, fields["grpc-status"]) == (200, "7")


def grpc_refusal(port, path, tmp_path):
    """The header fields of an answer without a message. Through nghttp: curl 7.88 takes the
    RST_STREAM(NO_ERROR) that ends an upload nobody wants (RFC 9113 section 8.1) for an error."""
    (tmp_path / "message").write_bytes(b"\0\0\0\0\0")
    done = subprocess.run(
        ["nghttp", "-nv", "-H:method: POST", "-H:authority: grpc.example.com", "-Hcontent-type: application/grpc",
         "-Hte: trailers", "-d", tmp_path / "message", f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, timeout=PATIENCE)
    received = [line.split(") ", 1)[1] for line in done.stdout.splitlines() if "recv (stream_id=" in line]
    frames = [line for line in done.stdout.splitlines() if "recv HEADERS" in line]
    assert len(frames) == 1, done.stdout  # trailers only
    return dict(line.rsplit(": ", 1) for line in received)


def test_grpc_refusals_are_statuses_in_trailers_only_form(gateway, origins, tmp_path):
    app = origins.echo("app")
    gateway.start(all=GRPC + service("app", app.port, app_protocol="kubernetes.io/h2c")
                  + service("canary") + service("empty"))
    fields = grpc_refusal(gateway.port(), "/grpc.health.v1.Health/Watch", tmp_path)
    assert (fields[":status"], fields["grpc-status"]) == ("200", "12")  # nothing matches: UNIMPLEMENTED
    fields = grpc_refusal(gateway.port(), "/test.Empty/Method", tmp_path)
    assert (fields[":status"], fields["grpc-status"]) == ("200", "14")  # no endpoint: UNAVAILABLE


# ---- TLS ----


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Self-signed certificates by host: (certificate PEM, key PEM)."""
    made = {}

    def make(host, serial=1):
        if (host, serial) not in made:
            where = tmp_path_factory.mktemp("certs")
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-keyout", where / "key", "-out", where / "crt", "-subj", f"/CN={host}", "-set_serial", str(serial),
                 "-addext", f"subjectAltName=DNS:{host}"], check=True, capture_output=True)
            made[host, serial] = ((where / "crt").read_text(), (where / "key").read_text())
        return made[host, serial]

    return make


def secret(name, pair):
    encode = lambda text: base64.b64encode(text.encode()).decode()  # noqa: E731
    return f"""
apiVersion: v1
kind: Secret
metadata: {{name: {name}}}
type: kubernetes.io/tls
data: {{tls.crt: {encode(pair[0])}, tls.key: {encode(pair[1])}}}
---
"""


def listener(name, host, secret_name):
    hostname = f'hostname: "{host}", ' if host else ""
    return (f"  - {{name: {name}, port: 8443, protocol: HTTPS, {hostname}"
            f"tls: {{certificateRefs: [{{name: {secret_name}}}]}}}}\n")


def tls_gateway(*listeners):
    return GATEWAY.replace("  - {name: http, port: 8080, protocol: HTTP}\n", "".join(listeners))


def tls(port, sni, alpn=("http/1.1",), version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(alpn))
    if version:
        context.minimum_version = context.maximum_version = version
    return context.wrap_socket(connect(port), server_hostname=sni)


def subject(connection):
    der = connection.getpeercert(binary_form=True)
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject", "-serial"], input=der,
                          capture_output=True, check=True).stdout.decode()
    return text.split("CN = ")[1].split("\n")[0], int(text.split("serial=")[1], 16)


def test_tls_termination_sni_and_alpn(gateway, origins, certificates):
    origin = origins(name="app")
    gateway.start(all=tls_gateway(listener("exact", "a.example.com", "exact"), listener("wild", "*.example.com", "wild"),
                                  listener("any", "", "any"))
                  + secret("exact", certificates("a.example.com")) + secret("wild", certificates("*.example.com"))
                  + secret("any", certificates("any.example.org")) + service("app", origin.port) + route("r", RULE))
    port = gateway.port(8443)
    for sni, expected in (("a.example.com", "a.example.com"), ("b.example.com", "*.example.com"), ("c.org", "any.example.org")):
        with tls(port, sni) as client:
            assert subject(client)[0] == expected
            assert client.version() == "TLSv1.3"
            client.sendall(f"GET / HTTP/1.1\r\nHost: {sni}\r\nConnection: close\r\n\r\n".encode())
            assert b"200" in read_to_end(client)
    assert origin.requests[0].headers["x-forwarded-proto"] == "https"
    with tls(port, "a.example.com", alpn=("h2", "http/1.1")) as client:
        assert client.selected_alpn_protocol() == "h2"
    with tls(port, "a.example.com", version=ssl.TLSVersion.TLSv1_2) as client:
        assert client.version() == "TLSv1.2" and "GCM" in client.cipher()[0] or "CHACHA" in client.cipher()[0]
    with pytest.raises((ssl.SSLError, OSError)):
        tls(port, "a.example.com", version=ssl.TLSVersion.TLSv1_1)  # noqa: the warning is the point
    with pytest.raises((ssl.SSLError, OSError)):
        tls(port, "a.example.com", alpn=("foo",))


def test_a_misdirected_request_is_421(gateway, origins, certificates):
    origin = origins(name="app")
    gateway.start(all=tls_gateway(listener("a", "a.example.com", "a"), listener("b", "b.example.com", "b"))
                  + secret("a", certificates("a.example.com")) + secret("b", certificates("b.example.com"))
                  + service("app", origin.port) + route("r", RULE))
    with tls(gateway.port(8443), "a.example.com") as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: b.example.com\r\n\r\n")
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 421 ")
    out = curl("-sk", "--http2", "--resolve", f"a.example.com:{gateway.port(8443)}:127.0.0.1", "-o", "/dev/null",
               "-w", "%{http_version} %{http_code}", "-H", "Host: b.example.com", f"https://a.example.com:{gateway.port(8443)}/")
    assert out == "2 421"


def test_a_certificate_is_replaced_without_dropping_a_connection(gateway, origins, certificates):
    origin = origins(name="app")
    gateway.start(base=tls_gateway(listener("a", "a.example.com", "a")) + service("app", origin.port) + route("r", RULE),
                  secret=secret("a", certificates("a.example.com", 1)))
    port = gateway.port(8443)
    with tls(port, "a.example.com") as old:
        assert subject(old) == ("a.example.com", 1)
        gateway.apply(secret=secret("a", certificates("a.example.com", 2)))
        with tls(port, "a.example.com") as new:
            assert subject(new) == ("a.example.com", 2)
        old.sendall(b"GET / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n")
        assert b"200" in read_to_end(old)


def test_a_key_that_does_not_match_hurts_only_its_own_listener(gateway, origins, certificates):
    origin = origins(name="app")
    mixed = (certificates("a.example.com")[0], certificates("b.example.com")[1])
    gateway.start(all=tls_gateway(listener("a", "a.example.com", "a"), listener("b", "b.example.com", "b"))
                  + secret("a", mixed) + secret("b", certificates("b.example.com")) + service("app", origin.port) + route("r", RULE))
    with tls(gateway.port(8443), "b.example.com") as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: b.example.com\r\nConnection: close\r\n\r\n")
        assert b"200" in read_to_end(client)
    with pytest.raises((ssl.SSLError, OSError)):
        tls(gateway.port(8443), "a.example.com")


def test_a_half_open_handshake_ends_after_five_seconds(gateway, origins, certificates):
    import time
    gateway.start(all=tls_gateway(listener("a", "a.example.com", "a")) + secret("a", certificates("a.example.com")))
    with connect(gateway.port(8443)) as client:
        start = time.monotonic()
        read_to_end(client)
        assert 4 < time.monotonic() - start < 10


# ---- bodies ----


def test_large_bodies_both_ways(gateway, origins):
    origin = origins(lambda received: reply(200, received.body))
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", RULE))
    body = os.urandom(5_000_000)
    assert gateway.get("/", method="POST", body=body).body == body
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:10], body[10:70_000], body[70_000:1_000_000]))
    answer = raw(gateway.port(), b"POST / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert answer.endswith(body[:1_000_000])


def test_an_unread_reply_does_not_grow_memory(gateway, origins):
    echo = origins.echo()
    gateway.start(all=GATEWAY + service("app", echo.port) + route("r", RULE))

    def rss():
        with open(f"/proc/{gateway.process.pid}/status") as status:
            return int([line for line in status if line.startswith("VmRSS")][0].split()[1])

    gateway.get("/?bytes=1000000")
    before = rss()
    clients = []
    for _ in range(20):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", gateway.port()))
        client.sendall(b"GET /?bytes=5000000 HTTP/1.1\r\nHost: example.com\r\n\r\n")
        clients.append(client)
    eventually(lambda: all(c.recv(1, socket.MSG_PEEK) for c in clients))
    grown = rss() - before
    for client in clients:
        client.close()
    if "asan" not in os.environ.get("GWANMUN", "") and "tsan" not in os.environ.get("GWANMUN", ""):
        assert grown < 16 * 1024, f"{grown} KiB for 20 clients that do not read 100 MB"


# ---- h2spec ----


def h2spec_binary():
    path = os.environ.get("GWANMUN_DEPS", os.path.expanduser("~/.cache/gwanmun")) + "/bin/h2spec"
    return path if os.path.exists(path) else None


@pytest.mark.skipif(h2spec_binary() is None, reason="h2spec is not installed (tools/setup)")
@pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
def test_h2spec(gateway, origins, certificates, secure):
    echo = origins.echo()
    where = GATEWAY if not secure else tls_gateway(listener("a", "", "a")) + secret("a", certificates("localhost"))
    gateway.start("--workers=1", all=where + service("app", echo.port) + route("r", RULE))
    command = [h2spec_binary(), "-h", "127.0.0.1", "-p", str(gateway.port(8443 if secure else 8080)), "-o", "5"]
    done = subprocess.run(command + (["-t", "-k"] if secure else []), capture_output=True, text=True, timeout=300)
    assert "145 tests, 145 passed, 0 skipped, 0 failed" in done.stdout, done.stdout[-4000:]
