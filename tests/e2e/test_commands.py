"""The commands as a new user calls them: help, usage errors, exit codes, check and status."""

import json

import pytest

from harness import GATEWAY, gwanmun, route, service

GOOD = GATEWAY + service("orders", 9001) + route("shop", "- backendRefs: [{name: orders, port: 80}]")


@pytest.fixture
def manifests(tmp_path):
    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return str(tmp_path)

    return write


def test_help_of_every_command():
    for command in ("run", "check", "status", "echo", "version"):
        for call in ((command, "--help"), ("help", command)):
            done = gwanmun(*call, check=0)
            assert f"Usage:\n  gwanmun {command}" in done.stdout
            assert "Options:\n" in done.stdout
    assert "Commands:" in gwanmun("--help", check=0).stdout
    assert gwanmun(check=2).stdout == ""


def test_usage_errors_are_exit_2_and_help_out():
    assert 'unknown command "chek", did you mean "check"?' in gwanmun("chek", check=2).stderr
    done = gwanmun("check", "--outptu=json", ".", check=2)
    assert 'did you mean "--output"?' in done.stderr
    assert "no manifests given" in gwanmun("check", check=2).stderr
    assert "expected one of text, json, yaml" in gwanmun("check", "-o", "xml", ".", check=2).stderr


def test_version():
    assert gwanmun("version", check=0).stdout.startswith("gwanmun ")
    assert json.loads(gwanmun("version", "-o", "json", check=0).stdout)["gatewayApi"]


def test_check_is_silent_about_good_manifests(manifests):
    done = gwanmun("check", manifests(all=GOOD), check=0)
    assert done.stdout == "ok: 1 file, no problems\n"
    assert done.stderr == ""


def test_check_reads_standard_input_and_f():
    gwanmun("check", "-", stdin=GOOD, check=0)
    done = gwanmun("check", "-f", "-", stdin=GOOD.replace("HTTPRoute", "HTTPRout"), check=1)
    assert "<stdin>:" in done.stdout and 'HTTPRoute' in done.stdout


def test_check_names_every_problem_of_all_files(manifests):
    where = manifests(
        a=GATEWAY + service("orders", 9001) + route("typo", "- backendRefs: [{nam: orders, port: 80}]"),
        b=route("lost", "- backendRefs: [{name: ordes, port: 80}]"),
        c=route("nowhere", "- backendRefs: [{name: orders, port: 80}]", parent="{name: gv}"),
        d="kind: [",
    )
    done = gwanmun("check", where, check=1)
    lines = done.stdout.splitlines()
    assert any("a.yaml:" in line and "nam" in line and "did you mean" in line for line in lines), done.stdout
    assert any("b.yaml:" in line and "HTTPRoute default/lost" in line and "ordes" in line for line in lines)
    assert any("c.yaml:" in line and "there is no Gateway default/gv" in line and '"gw"' in line for line in lines)
    assert any("d.yaml:2" in line for line in lines)
    found = json.loads(gwanmun("check", "-o", "json", where, check=1).stdout)["findings"]
    assert {"a.yaml", "b.yaml", "c.yaml", "d.yaml"} == {f["file"].rsplit("/")[-1] for f in found}
    assert all(f["line"] > 0 and f["message"] for f in found)


def test_check_names_what_would_not_be_served(manifests):
    other = GATEWAY.replace("gatewayClassName: gwanmun", "gatewayClassName: nginx")
    done = gwanmun("check", manifests(a=other), check=1)
    assert "Gateway default/gw" in done.stdout and "is ignored" in done.stdout
    cross = GATEWAY + service("orders", 9001) + route(
        "shop", "- backendRefs: [{name: orders, port: 80}]").replace(
            "name: shop}", "name: shop, namespace: team}").replace("{name: gw}]", "{name: gw, namespace: default}]")
    done = gwanmun("check", manifests(a=cross), check=1)
    assert "allowedRoutes" in done.stdout, done.stdout  # what to add and where


def test_another_controllers_class_can_be_taken_over(manifests):
    text = GOOD.replace("gatewayClassName: gwanmun", "gatewayClassName: nginx") + """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: nginx}
spec: {controllerName: example.com/nginx}
"""
    where = manifests(a=text)
    assert "is ignored" in gwanmun("check", where, check=1).stdout
    gwanmun("check", where, "--controller-name", "example.com/nginx", check=0)


def test_backend_makes_a_pasted_example_work(manifests):
    where = manifests(a=GATEWAY + route("shop", "- backendRefs: [{name: orders, port: 80}]"))
    assert "orders" in gwanmun("check", where, check=1).stdout
    gwanmun("check", where, "--backend", "default/orders:80=127.0.0.1:9000", check=0)
    assert "NAMESPACE/SERVICE:PORT=IP:PORT" in gwanmun("check", where, "--backend", "x", check=2).stderr


def test_status_shows_tables_and_objects(manifests):
    where = manifests(all=GOOD)
    text = gwanmun("status", where, check=0).stdout
    assert [line.split() for line in text.splitlines() if line.startswith("default/gw#http")][0][1:] == [
        "8080", "HTTP", "*", "True", "True", "1", "HTTPRoute,GRPCRoute"]
    objects = json.loads(gwanmun("status", "-o", "json", where, check=0).stdout)["items"]
    by_kind = {o["kind"]: o for o in objects}
    assert by_kind["Gateway"]["status"]["listeners"][0]["attachedRoutes"] == 1
    assert by_kind["Gateway"]["spec"]["listeners"][0]["port"] == 8080
    parent = by_kind["HTTPRoute"]["status"]["parents"][0]
    assert parent["controllerName"] == "gwanmun.io/gateway-controller"
    conditions = {c["type"]: c for c in parent["conditions"]}
    assert conditions["Accepted"]["status"] == "True" and conditions["ResolvedRefs"]["status"] == "True"
    assert conditions["Accepted"]["lastTransitionTime"].endswith("Z")
    assert "kind: HTTPRoute" in gwanmun("status", "-o", "yaml", where, check=0).stdout


def test_status_says_what_is_wrong(manifests):
    done = gwanmun("status", manifests(a=GATEWAY + route("shop", "- backendRefs: [{name: none, port: 80}]")), check=1)
    assert "ResolvedRefs=False BackendNotFound" in done.stdout
