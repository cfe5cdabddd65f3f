"""Change without loss: every way of replacing files, under load, and what damaged files do."""

import os
import signal
import subprocess
import time

import pytest

from harness import GATEWAY, Load, connect, eventually, read_until, reply, request, route, service

RULE = "- backendRefs: [{name: %s, port: 80}]"


@pytest.fixture
def two(gateway, origins):
    """A gateway whose route r leads to the origin `one`; `two` waits."""
    one, other = origins(name="one"), origins(name="two")
    gateway.start(gateway=GATEWAY, backends=service("one", one.port) + service("two", other.port),
                  route=route("r", RULE % "one"))
    assert gateway.get().text == "one"
    return gateway


def served(gateway, text):
    return eventually(lambda: gateway.get().text == text, f"the answer {text!r}")


def rename(path, text):
    with open(path + ".tmp", "w") as file:
        file.write(text)
    os.rename(path + ".tmp", path)


def truncate(path, text):
    with open(path, "w") as file:
        file.write(text)


def slowly(path, text):
    with open(path, "w") as file:
        for line in text.splitlines(keepends=True):
            file.write(line)
            file.flush()
            time.sleep(0.005)


def like_vim(path, text):
    os.rename(path, path + "~")
    time.sleep(0.02)
    truncate(path, text)
    os.remove(path + "~")


def like_git(path, text):
    os.remove(path)
    time.sleep(0.02)
    truncate(path, text)


@pytest.mark.parametrize("replace", [rename, truncate, slowly, like_vim, like_git])
def test_no_way_of_replacing_a_file_loses_a_request(two, replace):
    with Load(two.port()) as load:
        for name in ("two", "one", "two"):
            replace(two.path("route.yaml"), route("r", RULE % name))
            served(two, name)
    assert load.failures == [] and load.done > 10


def test_git_checkout(gateway, origins):
    one, other = origins(name="one"), origins(name="two")
    git = lambda *a: subprocess.run(  # noqa: E731
        ["git", "-C", gateway.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", *a],
        check=True, capture_output=True)
    git("init", "-q", "-b", "first")
    gateway.write("all.yaml", GATEWAY + service("one", one.port) + service("two", other.port))
    gateway.write("route.yaml", route("r", RULE % "one"))
    git("add", "-A"), git("commit", "-qm", "one")
    git("checkout", "-qb", "second")
    gateway.write("route.yaml", route("r", RULE % "two"))
    git("commit", "-qam", "two")
    gateway.start()
    assert gateway.get().text == "two"
    with Load(gateway.port()) as load:
        for branch, name in (("first", "one"), ("second", "two"), ("first", "one")):
            git("checkout", "-q", branch)
            served(gateway, name)
    assert load.failures == []


def test_a_change_is_served_within_milliseconds(two):
    two.write("route.yaml", route("r", RULE % "two"))
    start = time.monotonic()
    while two.get().text != "two":
        assert time.monotonic() - start < 5
    # The goal on a quiet machine is 20 ms; this only tells watching from polling.
    assert time.monotonic() - start < 1


def test_weights_endpoints_and_listeners_change_without_a_failed_request(gateway, origins):
    one, other = origins(name="one"), origins(name="two")
    base = service("one", one.port) + service("two", other.port)
    gateway.start(gateway=GATEWAY, backends=base, route=route("r", RULE % "one"))
    with Load(gateway.port()) as load, connect(gateway.port()) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
        read_until(idle, b"one")
        for weight in (1, 5, 9):
            gateway.apply(route=route("r", f"- backendRefs: [{{name: one, port: 80}}, {{name: two, port: 80, weight: {weight}}}]"))
        gateway.apply(backends=service("one", one.port, other.port) + service("two", other.port))
        gateway.apply(backends=service("one", other.port) + service("two", other.port))
        gateway.apply(gateway=GATEWAY.replace("protocol: HTTP}", "protocol: HTTP}\n  - {name: b, port: 8081, protocol: HTTP}"))
        eventually(lambda: gateway.get(listener_port=8081).status == 200, "the new port")
        gateway.apply(gateway=GATEWAY)
        # The connection from before all this is still the same.
        idle.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert b"200" in read_until(idle, b"two")
    assert load.failures == [] and load.done > 10


def test_a_long_request_ends_with_the_configuration_it_began_with(gateway, origins):
    slow = origins(lambda received: time.sleep(0.5) or reply(200, "slow"))
    gateway.start(gateway=GATEWAY, backends=service("slow", slow.port), route=route("r", RULE % "slow"))
    with connect(gateway.port()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
        eventually(lambda: slow.requests)
        gateway.apply(route="")
        eventually(lambda: gateway.get().status == 404)
        assert b"slow" in read_until(client, b"slow")


@pytest.mark.parametrize("damage", ["{broken", "kind: HTTPRoute\n", "\tx: 1\n", route("r", "- backendRefs: [{nam: x}]")])
def test_a_damaged_file_keeps_the_last_good_version_of_its_own_objects(two, damage):
    mark = len(two.logs)
    two.write("route.yaml", damage)
    two.wait_log(lambda line: line["level"] == "error" and "route.yaml" in line["message"], after=mark)
    assert two.get().text == "one"
    # Others change meanwhile, and the damaged one comes back.
    two.apply(other=route("s", RULE % "two", ["s.example.com"]))
    assert two.get(host="s.example.com").text == "two"
    two.write("route.yaml", route("r", RULE % "two"))
    served(two, "two")


BLAST = {
    "bad regex": ("- {matches: [{path: {type: RegularExpression, value: '/x('}}], backendRefs: [{name: one, port: 80}]}", "/x("),
    "unknown backend kind": ("- backendRefs: [{name: one, port: 80, kind: Cake, group: example.com}]", "/"),
    "missing backend": ("- backendRefs: [{name: none, port: 80}]", "/"),
    "forbidden reference": ("- backendRefs: [{name: one, port: 80, namespace: elsewhere}]", "/"),
    "bad header name": (
        "- {filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: 'a b', value: c}]}}], "
        "backendRefs: [{name: one, port: 80}]}", "/"),
}


@pytest.mark.parametrize("what", BLAST)
def test_one_bad_object_changes_only_its_own_answers(gateway, origins, what):
    one = origins(name="one")
    rules, path = BLAST[what]
    gateway.start(good=GATEWAY + service("one", one.port) + route("good", RULE % "one", ["good.example.com"]),
                  bad=route("bad", rules, ["bad.example.com"]))
    assert gateway.get(path, host="bad.example.com").status in (404, 500)
    assert gateway.get(path, host="good.example.com").text == "one"
    gateway.apply(more=route("more", RULE % "one", ["more.example.com"]))
    assert gateway.get(host="more.example.com").text == "one"
    assert one.requests and all(r.headers["host"] != "bad.example.com" for r in one.requests)


def test_sigterm_drains(gateway, origins):
    slow = origins(lambda received: time.sleep(0.6) or reply(200, "finished"))
    gateway.start(all=GATEWAY + service("slow", slow.port) + route("r", RULE % "slow"))
    port = gateway.port()
    clients = [connect(port) for _ in range(10)]
    idle = connect(port)
    for client in clients:
        client.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
    eventually(lambda: len(slow.requests) == 10)
    start = time.monotonic()
    gateway.signal(signal.SIGTERM)
    for client in clients:
        answer = read_until(client, b"finished")
        assert b"200" in answer and b"connection: close" in answer.lower()
        client.close()
    assert gateway.wait() == 0
    assert time.monotonic() - start < 10
    idle.close()
    with pytest.raises(OSError):
        request(port)


def test_sigterm_cuts_after_the_grace_period(gateway, origins):
    stuck = origins(lambda received: time.sleep(30) or reply(200))
    gateway.start("--grace-period=300ms", all=GATEWAY + service("stuck", stuck.port) + route("r", RULE % "stuck"))
    with connect(gateway.port()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
        eventually(lambda: stuck.requests)
        start = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0
        assert 0.2 < time.monotonic() - start < 5


def test_sighup_is_harmless(two):
    two.signal(signal.SIGHUP)
    time.sleep(0.1)
    assert two.get().text == "one"


def test_a_dead_backend_is_tried_elsewhere(gateway, origins):
    alive, dead = origins(name="alive"), origins(name="dead")
    port = dead.port
    gateway.start(all=GATEWAY + service("app", alive.port, port) + route("r", RULE % "app"))
    with Load(gateway.port()) as load:
        time.sleep(0.1)
        dead.close()
        time.sleep(0.5)
    assert load.failures == []
