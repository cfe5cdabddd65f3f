"""Hostile bytes, judged by what reaches the origin and what comes back to the client."""

import pytest

from harness import GATEWAY, connect, eventually, raw, read_to_end, reply, route, service

HOST = b"Host: example.com\r\n"


@pytest.fixture
def app(gateway, origins):
    origin = origins(lambda received: reply(200, b"fine"))
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", "- backendRefs: [{name: app, port: 80}]"))
    return gateway, origin


def post(*headers, body=b"", line=b"POST / HTTP/1.1"):
    return line + b"\r\n" + HOST + b"".join(h + b"\r\n" for h in headers) + b"\r\n" + body


# Each is refused with 400 (or the status named), the connection is closed, and not one byte of it,
# nor of the request hidden behind it, reaches the origin.
REFUSED = {
    "length and chunked": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "two lengths": post(b"Content-Length: 4", b"Content-Length: 5", body=b"12345"),
    "two equal lengths in a list": post(b"Content-Length: 5, 6", body=b"12345"),
    "signed length": post(b"Content-Length: +5", body=b"12345"),
    "negative length": post(b"Content-Length: -1"),
    "hex length": post(b"Content-Length: 0x5", body=b"12345"),
    "huge length": post(b"Content-Length: 9223372036854775808"),
    "overflowing length": post(b"Content-Length: 18446744073709551617", body=b"1"),
    "empty length": post(b"Content-Length: "),
    "unknown coding": post(b"Transfer-Encoding: gzip", body=b"x"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "chunked not last": post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "coding with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "coding in HTTP/1.0": post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n", line=b"POST / HTTP/1.0"),
    "space before the colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "folded field": post(b"X-A: 1\r\n folded"),
    "bare LF in the head": b"GET / HTTP/1.1\nHost: example.com\n\n",
    "bare CR in a value": post(b"X-A: 1\r2"),
    "NUL in a value": post(b"X-A: 1\x002"),
    "NUL in a name": post(b"X\x00A: 1"),
    "two hosts": post(b"Host: other.example.com"),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "bad host": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "host with a slash": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "NUL in the target": b"GET /a\x00b HTTP/1.1\r\n" + HOST + b"\r\n",
    "relative target": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "tab in the request line": b"GET\t/\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "bad method": b"G(T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "bad version": (b"GET / HTTP/2.1\r\n" + HOST + b"\r\n", 505),
    "lower-case version": b"GET / http/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "empty name": post(b": value"),
    "no colon": post(b"nonsense"),
    "bad chunk size": post(b"Transfer-Encoding: chunked", body=b"xyz\r\n"),
    "chunk size with a sign": post(b"Transfer-Encoding: chunked", body=b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size overflow": post(b"Transfer-Encoding: chunked", body=b"ffffffffffffffffff\r\n"),
    "chunk without its line end": post(b"Transfer-Encoding: chunked", body=b"5\r\nhelloX\r\n0\r\n\r\n"),
    "chunk line ended by LF": post(b"Transfer-Encoding: chunked", body=b"5\nhello\r\n0\r\n\r\n"),
    "bad trailer": post(b"Transfer-Encoding: chunked", body=b"0\r\nX A: 1\r\n\r\n"),
}
HIDDEN = b"GET /hidden HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize("name", REFUSED)
def test_refused(app, name):
    gateway, origin = app
    data = REFUSED[name]
    data, status = data if isinstance(data, tuple) else (data, 400)
    answer = raw(gateway.port(), data + HIDDEN)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert answer.count(b"HTTP/1.1 ") == 1, "the hidden request was answered"
    assert b"/hidden" not in origin.raw
    if "chunk" not in name and "trailer" not in name:  # found in the head: the origin never heard of it
        assert origin.raw == b""


@pytest.mark.parametrize("path", [b"/a%00b", b"/a%zz", b"/a%2", b"/a%2e%2e%zz"])
def test_paths_that_could_be_read_in_two_ways_are_refused(app, path):
    gateway, origin = app
    answer = raw(gateway.port(), b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert origin.raw == b""


# Each is answered, and the origin sees exactly these targets.
SERVED = {
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", ["/a"]),
    "HTTP/1.0 with a host": (b"GET /a HTTP/1.0\r\n" + HOST + b"\r\n", ["/a"]),
    "absolute target": (b"GET http://example.com/a?b HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", ["/a?b"]),
    "an empty line first": (b"\r\nGET /a HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", ["/a"]),
    "pipelined": (b"GET /a HTTP/1.1\r\n" + HOST + b"\r\nGET /b HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", ["/a", "/b"]),
    "dots": (b"GET /a/../b/./c HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", ["/b/c"]),
    "encoded dots": (b"GET /a/%2e%2E/b HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", ["/b"]),
    "encoded slash stays": (b"GET /a%2fb HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", ["/a%2Fb"]),
    "chunked": (post(b"Transfer-Encoding: chunked", b"Connection: close", body=b"5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"), ["/"]),
    "options": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", ["*"]),
}


@pytest.mark.parametrize("name", SERVED)
def test_served(app, name):
    gateway, origin = app
    data, targets = SERVED[name]
    answer = raw(gateway.port(), data)
    assert answer.count(b"fine") == len(targets), answer
    assert [r.path for r in origin.requests] == targets


def test_hop_by_hop_fields_stop_here(app):
    gateway, origin = app
    raw(gateway.port(), b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: 5\r\n"
        b"TE: gzip\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nX-Kept: 1\r\n\r\n")
    headers = origin.requests[0].headers
    assert headers["x-kept"] == "1"
    for gone in ("x-private", "keep-alive", "te", "proxy-connection", "upgrade", "http2-settings"):
        assert gone not in headers


def test_expect_100_continue(app):
    gateway, origin = app
    with connect(gateway.port()) as client:
        client.sendall(post(b"Content-Length: 5", b"Expect: 100-continue", b"Connection: close"))
        assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"hello")
        assert b"200" in read_to_end(client)
    assert origin.requests[0].body == b"hello"


def test_head_has_no_body(app):
    gateway, _ = app
    answer = raw(gateway.port(), b"HEAD / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert b"content-length: 4" in answer.lower() and answer.endswith(b"\r\n\r\n")


def test_a_slow_head_ends_after_five_seconds(app):
    gateway, _ = app
    import time
    with connect(gateway.port()) as client:
        start = time.monotonic()
        client.sendall(b"GET / HTTP/1.1\r\nHost: exa")
        read_to_end(client)
        assert 4 < time.monotonic() - start < 10


def test_a_head_above_the_limit_is_431(app):
    gateway, origin = app
    answer = raw(gateway.port(), post(*[b"X-%d: " % i + b"y" * 1000 for i in range(100)]))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert origin.raw == b""


def test_a_target_above_the_limit_is_414(app):
    gateway, _ = app
    assert raw(gateway.port(), b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n").startswith(b"HTTP/1.1 414 ")


# What a hostile origin says; the client gets a 502 and nothing else of it.
BAD_REPLIES = {
    "garbage": b"hello\r\n\r\n",
    "bad version": b"HTTP/9.9 200 OK\r\n\r\n",
    "status 99": b"HTTP/1.1 99 X\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 X\r\n\r\n",
    "status 2x0": b"HTTP/1.1 2x0 X\r\n\r\n",
    "length and chunked": b"HTTP/1.1 200 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 X\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "bad length": b"HTTP/1.1 200 X\r\nContent-Length: 5x\r\n\r\nhello",
    "folded field": b"HTTP/1.1 200 X\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
    "bare CR": b"HTTP/1.1 200 X\r\nX-A: 1\r2\r\nContent-Length: 0\r\n\r\n",
    "NUL": b"HTTP/1.1 200 X\r\nX-A: 1\x002\r\nContent-Length: 0\r\n\r\n",
    "space before the colon": b"HTTP/1.1 200 X\r\nX-A : 1\r\nContent-Length: 0\r\n\r\n",
    "unasked 101": b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "closes at once": b"",
}


@pytest.mark.parametrize("name", BAD_REPLIES)
def test_bad_replies_become_502(gateway, origins, name):
    origin = origins(lambda received: BAD_REPLIES[name])

    def serve(connection):
        origin.receive(connection)
        connection.sendall(BAD_REPLIES[name])

    evil = origins.raw(serve)
    gateway.start(all=GATEWAY + service("app", evil.port) + route("r", "- backendRefs: [{name: app, port: 80}]"))
    response = gateway.get()
    assert response.status == 502
    assert b"X-A" not in response.body and "x-a" not in response.headers


def test_what_follows_a_reply_never_reaches_the_next_client(gateway, origins):
    """An origin that sends a second reply unasked must not have it taken for the next answer."""
    origin = origins(lambda received: reply(200, b"first") + reply(200, b"poison"))
    gateway.start("--workers=1", all=GATEWAY + service("app", origin.port) + route("r", "- backendRefs: [{name: app, port: 80}]"))
    assert [gateway.get().text for _ in range(5)] == ["first"] * 5


def test_a_client_that_leaves_stops_the_upstream(gateway, origins):
    ended = []

    def serve(connection):
        connection.recv(65536)
        ended.append(connection.recv(1))  # b"" when the gateway hangs up

    origin = origins.raw(serve)
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", "- backendRefs: [{name: app, port: 80}]"))
    client = connect(gateway.port())
    client.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    eventually(lambda: origin.connections == 1)
    client.close()
    eventually(lambda: ended == [b""], "the end of the upstream connection", patience=3)
