"""The cases: what load is sent, and which figures come out. Lower is better in every figure."""

import os
import re
import socket
import ssl
import subprocess
import time
from pathlib import Path

import manifests
import peers
from measure import CpuMeter, memory_kib
from peers import CLEAR, H2C, OTHER_CPUS, TLS

HOST = "bench.example.com"
MANY = 5000


def wrk(url, connections, seconds, headers=()):
    argv = ["taskset", "-c", OTHER_CPUS, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for h in (f"Host: {HOST}",) + tuple(headers):
        argv += ["-H", h]
    out = subprocess.run(argv + [url], capture_output=True, text=True, timeout=seconds * 10 + 60).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad or errors > connections * 2:
        raise RuntimeError(f"wrk {url}: {out}")
    return requests


def h2load(url, seconds, clients=64, streams=10, extra=()):
    """A fixed number of requests, so that an error cannot pass for speed."""
    requests = int(20_000 * seconds)
    argv = ["taskset", "-c", OTHER_CPUS, "h2load", "-t1", f"-c{clients}", f"-m{streams}", f"-n{requests}",
            "-H", f":authority: {HOST}", *extra, url]
    out = subprocess.run(argv, capture_output=True, text=True, timeout=seconds * 20 + 60).stdout
    done = int(re.search(r"(\d+) succeeded", out).group(1))
    if done < requests:
        raise RuntimeError(f"h2load {url}: {done} of {requests} succeeded\n{out}")
    return done


def start(proxy, directory, options, **kw):
    if proxy == "nginx":
        return peers.start_nginx(directory, kw.get("routes"))
    if proxy == "haproxy":
        return peers.start_haproxy(directory, kw.get("routes"))
    return peers.start_gwanmun(directory, options.binary, kw["manifests"])


def proxies(options):
    return [options.only] if options.only else ["gwanmun", "nginx", "haproxy"]


def per_request(directory, options, load, h2c_backend=False):
    """CPU microseconds per request of `load(seconds) -> requests`, in interleaved rounds."""
    files = manifests.basic(directory, h2c_backend)
    samples = {p: [] for p in proxies(options)}
    for _ in range(options.rounds):
        for proxy in samples:
            process = start(proxy, directory, options, manifests=files)
            try:
                load(0.5)
                with CpuMeter(process.pid) as cpu:
                    requests = load(options.seconds)
                samples[proxy].append(cpu.seconds / requests * 1e6)
            finally:
                process.stop()
    return {"CPU us/request": samples}


def whole(seconds):
    return max(1, round(seconds))


def http1(connections):
    return lambda d, o: per_request(d, o, lambda s: wrk(f"http://127.0.0.1:{CLEAR}/", connections, whole(s)))


def tls_keepalive(directory, options):
    return per_request(directory, options, lambda s: wrk(f"https://127.0.0.1:{TLS}/", 64, whole(s)))


def tls_new(directory, options):
    return per_request(directory, options,
                       lambda s: wrk(f"https://127.0.0.1:{TLS}/", 16, whole(s), ("Connection: close",)))


def close(directory, options):
    return per_request(directory, options,
                       lambda s: wrk(f"http://127.0.0.1:{CLEAR}/", 64, whole(s), ("Connection: close",)))


def h2(directory, options):
    return per_request(directory, options, lambda s: h2load(f"http://127.0.0.1:{H2C}/", s))


def h2_to_h2c(directory, options):
    """nginx and HAProxy go to HTTP/1.1: nginx has no h2c upstream, and HAProxy's is the goal's yardstick."""
    return per_request(directory, options, lambda s: h2load(f"http://127.0.0.1:{H2C}/", s), h2c_backend=True)


def large(directory, options):
    return per_request(directory, options, lambda s: wrk(f"http://127.0.0.1:{CLEAR}/1m", 16, whole(s)))


def memory(directory, options):
    """PSS when settled: at start, and with 5,000 hosts, routes and Services."""
    samples = {}
    hosts = {"hosts": [f"h{i}.{HOST}" for i in range(MANY)]}
    for figure, files, routes in (("PSS KiB at start", manifests.basic(directory), None),
                                  (f"PSS KiB with {MANY} hosts", manifests.many(directory, MANY, "hosts", False), hosts)):
        samples[figure] = {}
        for proxy in proxies(options):
            process = start(proxy, directory, options, manifests=files, routes=routes)
            try:
                time.sleep(2)
                samples[figure][proxy] = [memory_kib(process.pid)[0]]
                samples.setdefault(figure.replace("PSS", "anonymous"), {})[proxy] = [memory_kib(process.pid)[1]]
            finally:
                process.stop()
    return samples


def idle(directory, options):
    """Bytes for each of 9,000 idle keep-alive connections (2,000 with TLS) after one request."""
    samples = {"bytes per idle HTTP/1.1 connection": {}, "bytes per idle TLS connection": {}}
    files = manifests.basic(directory)
    context = ssl._create_unverified_context()
    for proxy in proxies(options):
        for figure, port, count in (("bytes per idle HTTP/1.1 connection", CLEAR, 9_000),
                                    ("bytes per idle TLS connection", TLS, 2_000)):
            # A process each: memory that the first kind gave back would hide what the second takes.
            process = start(proxy, directory, options, manifests=files)
            try:
                for s in hold_connections(port, 32, context if port == TLS else None):
                    s.close()
                before = memory_kib(process.pid)[1]
                held = hold_connections(port, count, context if port == TLS else None)
                time.sleep(1)
                samples[figure][proxy] = [(memory_kib(process.pid)[1] - before) * 1024 / count]
                for s in held:
                    s.close()
            finally:
                process.stop()
    return samples


def hold_connections(port, count, context):
    held = []
    for i in range(count):
        # 127.0.0.x as source: more than one address's worth of ports is not needed, TIME_WAIT is.
        s = socket.create_connection(("127.0.0.1", port), 5, source_address=(f"127.0.0.{2 + i % 8}", 0))
        if context:
            s = context.wrap_socket(s, server_hostname=HOST)
        s.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        got = b""
        while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < 1024:
            piece = s.recv(65536)
            if not piece:
                raise RuntimeError(f"connection {i} closed: {got[:200]}")
            got += piece
        held.append(s)
    return held


def many_routes(kind):
    """CPU per request with 5,000 hosts, or 5,000 header routes on one host (64 of them asked for)."""
    script = {"hosts": 'request = function() return wrk.format("GET", "/", {Host = "h" .. math.random(0, 63) .. ".%s"}) end' % HOST,
              "headers": 'request = function() return wrk.format("GET", "/", {Host = "headers.%s", ["x-route"] = "v" .. math.random(0, 4999)}) end' % HOST}[kind]

    def run(directory, options):
        lua = Path(directory) / f"{kind}.lua"
        lua.write_text(script)
        files = manifests.many(directory, MANY, kind, False)
        hosts = {"hosts": [f"h{i}.{HOST}" for i in range(MANY)]}
        samples, ready = {}, {}
        for _ in range(options.rounds):
            for proxy in proxies(options):
                if kind == "headers" and proxy != "gwanmun":
                    continue  # no comparable configuration without a map; peers.md has the figures
                process = start(proxy, directory, options, manifests=files, routes=hosts)
                try:
                    ready.setdefault(proxy, []).append(process.ready_seconds)
                    load = lambda s: wrk_script(f"http://127.0.0.1:{CLEAR}/", whole(s), lua)
                    load(0.5)
                    with CpuMeter(process.pid) as cpu:
                        requests = load(options.seconds)
                    samples.setdefault(proxy, []).append(cpu.seconds / requests * 1e6)
                finally:
                    process.stop()
        return {"CPU us/request": samples, "seconds from start to serving": ready}

    return run


def wrk_script(url, seconds, lua):
    out = subprocess.run(["taskset", "-c", OTHER_CPUS, "wrk", "-t1", "-c64", f"-d{seconds}s", "-s", str(lua), url],
                         capture_output=True, text=True, timeout=seconds * 10 + 60).stdout
    if "Non-2xx" in out:
        raise RuntimeError(out)
    return int(re.search(r"(\d+) requests in", out).group(1))


def change(one_file):
    """Milliseconds from the file written to the first request that sees it, one route among 5,000."""

    def run(directory, options):
        files = manifests.many(directory, MANY, "hosts", one_file)
        process = start("gwanmun", directory, options, manifests=files)
        name = files / ("routes.yaml" if one_file else "route-7.yaml")
        original = name.read_text()
        samples = []
        try:
            time.sleep(2)
            for i in range(max(5, options.rounds * 3)):
                host = f"changed{i}.{HOST}"
                text = original.replace("hostnames: [h7.bench.example.com]", f"hostnames: [{host}]")
                new = name.with_suffix(".new")
                new.write_text(text)
                start_time = time.monotonic()
                os.rename(new, name)
                while not reaches(host):
                    if time.monotonic() - start_time > 10:
                        raise RuntimeError("the change was not seen within 10 s")
                samples.append((time.monotonic() - start_time) * 1e3)
                time.sleep(0.3)
        finally:
            process.stop()
        return {f"ms to the first request that sees it": {"gwanmun": samples}}

    return run


def reaches(host):
    """No route answers that host (404) until the changed file is in effect."""
    with socket.create_connection(("127.0.0.1", CLEAR), 2) as s:
        s.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while piece := s.recv(65536):
            data += piece
    return data.startswith(b"HTTP/1.1 200")


CASES = {
    "h1-64": http1(64),
    "h1-512": http1(512),
    "tls-64": tls_keepalive,
    "tls-new": tls_new,
    "close": close,
    "h2": h2,
    "h2-h2c": h2_to_h2c,
    "1m": large,
    "memory": memory,
    "idle": idle,
    "hosts": many_routes("hosts"),
    "headers": many_routes("headers"),
    "change-each": change(False),
    "change-one": change(True),
}
ALL = list(CASES)


def run(name, directory, options):
    return CASES[name](directory, options)
