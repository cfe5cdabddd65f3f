"""Logs, the access log and the ports that cannot be bound."""

import json
import socket
import subprocess

from harness import GATEWAY, GWANMUN, PATIENCE, eventually, gwanmun, request, route, service

RULE = "- backendRefs: [{name: app, port: 80}]"


def test_the_access_log_in_json(gateway, origins):
    origin = origins(name="app")
    gateway.start("--access-log=json", all=GATEWAY + service("app", origin.port) + route("r", RULE, ["a.example.com"]))
    gateway.get("/x?secret=1", host="a.example.com")
    gateway.get("/none", host="b.example.com")
    lines = eventually(lambda: len(gateway.stdout) >= 2 and [json.loads(line) for line in gateway.stdout], "two lines")
    first = next(line for line in lines if line["status"] == 200)
    assert first["route"] == "HTTPRoute/default/r/rule[0]" and "app" in first["backend"]
    assert first["path"] == "/x" and first["attempts"] == 1
    assert any(line["status"] == 404 for line in lines)


def test_the_access_log_is_off_unless_asked(gateway, origins):
    origin = origins(name="app")
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", RULE))
    gateway.get()
    assert gateway.stdout == []


def test_text_logs_greet_with_urls(tmp_path):
    (tmp_path / "a.yaml").write_text(GATEWAY + service("app", 1) + route("r", RULE, ["a.example.com"]))
    process = subprocess.Popen([GWANMUN, "run", str(tmp_path), "--log-format=text", "--map-port=8080:0", "--workers=1", "--admin=off"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == f"Serving {tmp_path}. Try:\n"
        assert process.stdout.readline().startswith("  curl -H 'Host: a.example.com' http://127.0.0.1:")
    finally:
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
    assert " INFO serving " in process.stderr.read()


def test_a_port_that_cannot_be_bound_is_named_and_the_others_serve(gateway, origins):
    origin = origins(name="app")
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        both = GATEWAY.replace("protocol: HTTP}", f"protocol: HTTP}}\n  - {{name: taken, port: {port}, protocol: HTTP}}")
        gateway.start(all=both + service("app", origin.port) + route("r", RULE))
        assert gateway.get().text == "app"
        line = gateway.wait_log(lambda line: line["message"] == "port is not served")
    assert line["port"] == str(port) and "--map-port" in line["hint"] and line["reason"]


def test_findings_are_logged_with_their_place(gateway, origins):
    gateway.start(all=GATEWAY + route("r", "- backendRefs: [{name: none, port: 80}]"))
    line = gateway.wait_log(lambda line: line["level"] == "error")
    assert "all.yaml:" in line["message"] and "HTTPRoute default/r" in line["message"]


def test_an_ignored_gateway_is_named_by_run(gateway):
    gateway.start(all=GATEWAY.replace("gatewayClassName: gwanmun", "gatewayClassName: other"))
    gateway.wait_log(lambda line: "Gateway default/gw" in line["message"] and "is ignored" in line["message"])


def test_status_watch_prints_again_after_a_change(tmp_path):
    where = tmp_path / "a.yaml"
    where.write_text(GATEWAY)
    process = subprocess.Popen([GWANMUN, "status", "--watch", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        seen = ""
        while "default/gw#http" not in seen:
            seen = process.stdout.readline()
        where.write_text(GATEWAY + service("app", 1) + route("r", RULE))
        while "HTTPRoute default/r" not in seen:
            seen = process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0


def test_echo_refuses_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = gwanmun("echo", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", check=1)
    assert "in use" in done.stderr


def ask(port, path):
    return request(port, path, host="localhost")


def test_admin(gateway, origins):
    origin = origins(name="app")
    gateway.start(all=GATEWAY + service("app", origin.port) + route("r", RULE))
    gateway.get()
    admin = gateway.admin_port()
    assert ask(admin, "/healthz").status == 200
    assert ask(admin, "/readyz").status == 200
    config = ask(admin, "/config").json()
    assert "default/app:80" in json.dumps(config) and "HTTPRoute" in json.dumps(config)
    eventually(lambda: 'route="HTTPRoute/default/r' in ask(admin, "/metrics").text, "the route's metrics")
    version = next(line for line in ask(admin, "/metrics").text.splitlines() if "config_version" in line and line[0] != "#")
    gateway.apply(more=route("s", RULE, ["s.example.com"]))
    assert version not in ask(admin, "/metrics").text.splitlines()


def test_not_ready_while_draining(gateway, origins):
    import time
    slow = origins(lambda received: time.sleep(1) or None)
    gateway.start(all=GATEWAY + service("app", slow.port) + route("r", RULE))
    admin = gateway.admin_port()
    from harness import connect
    with connect(gateway.port()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        eventually(lambda: slow.requests)
        gateway.signal()
        eventually(lambda: ask(admin, "/readyz").status == 503, "not ready")
        assert ask(admin, "/healthz").status == 200


def test_an_admin_address_that_was_asked_for_must_be_free(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = gwanmun("run", str(tmp_path), f"--admin=127.0.0.1:{taken.getsockname()[1]}", "--log-format=json", check=1)
    assert "cannot start" in done.stderr and "in use" in done.stderr
