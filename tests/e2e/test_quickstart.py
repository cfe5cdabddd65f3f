"""The first thing a user does: `make run` (tools/run-quickstart) and the commands it prints."""

import os
import signal
import subprocess
import time
from collections import Counter

import pytest

from harness import GWANMUN, curl, eventually, gwanmun, request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUICKSTART = os.path.join(TOP, "examples", "quickstart")


def port_is_free(port):
    import socket
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def quickstart():
    if not all(port_is_free(port) for port in (8080, 9001, 9002, 9003)):
        pytest.skip("the quickstart's own ports are in use")
    process = subprocess.Popen([os.path.join(TOP, "tools", "run-quickstart")], env={**os.environ, "GWANMUN": GWANMUN},
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    eventually(lambda: process.poll() is not None or not port_is_free(8080), "the quickstart's port")
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=20)


def test_the_quickstart_answers_what_it_prints(quickstart):
    out = curl("-H", "Host: shop.example.com", "http://127.0.0.1:8080/api/v2/orders", "-H", "X-Api-Version: 2")
    assert '"pod": "orders-v2"' in out and '"path": "/api/v2/orders"' in out
    seen = Counter(request(8080, "/api/orders", host="shop.example.com").json()["pod"] for _ in range(40))
    assert seen["orders-v1"] > seen["orders-v2"] > 0
    moved = request(8080, "/old/orders", host="shop.example.com")
    assert (moved.status, moved.headers["location"]) == (301, "http://shop.example.com:8080/api/orders")


def test_ctrl_c_stops_all_of_it(quickstart):
    os.killpg(quickstart.pid, signal.SIGINT)
    quickstart.wait(timeout=20)
    time.sleep(0.1)
    eventually(lambda: all(port_is_free(port) for port in (8080, 9001, 9002, 9003)), "free ports")


def test_the_quickstart_passes_its_own_check():
    assert "no problems" in gwanmun("check", QUICKSTART, check=0).stdout
