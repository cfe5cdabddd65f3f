"""Gateway API manifests for the benchmark: one Gateway, its routes, Services and EndpointSlices."""

import base64
from pathlib import Path

from peers import CLEAR, H2C, ORIGIN, ORIGIN_H2C, TLS


def service(name, port, app_protocol=None):
    protocol = f", appProtocol: {app_protocol}" if app_protocol else ""
    return f"""---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  ports: [{{name: http, port: 80, targetPort: {port}{protocol}}}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
ports: [{{name: http, port: {port}{protocol}}}]
endpoints: [{{addresses: [127.0.0.1], conditions: {{ready: true}}}}]
"""


def route(name, service_name, host=None, header=None, section=None):
    hostnames = f"\n  hostnames: [{host}]" if host else ""
    match = f"\n  - matches: [{{headers: [{{name: x-route, value: {header}}}]}}]\n    backendRefs:" if header else "\n  - backendRefs:"
    parent = f"{{name: bench, sectionName: {section}}}" if section else "{name: bench}"
    return f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}}}
spec:
  parentRefs: [{parent}]{hostnames}
  rules:{match} [{{name: {service_name}, port: 80}}]
"""


def gateway(directory):
    d = Path(directory)
    encode = lambda name: base64.b64encode((d / name).read_bytes()).decode()
    return f"""---
apiVersion: v1
kind: Secret
metadata: {{name: bench-tls}}
type: kubernetes.io/tls
data:
  tls.crt: {encode("cert.pem")}
  tls.key: {encode("key.pem")}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: bench}}
spec:
  gatewayClassName: gwanmun
  listeners:
  - {{name: clear, port: {CLEAR}, protocol: HTTP}}
  - {{name: h2c, port: {H2C}, protocol: HTTP}}
  - {{name: tls, port: {TLS}, protocol: HTTPS, tls: {{certificateRefs: [{{name: bench-tls}}]}}}}
"""


def basic(directory, h2c_backend=False):
    """Every listener to the origin; the h2c listener to the h2c origin when asked."""
    out = Path(directory) / ("manifests-h2c" if h2c_backend else "manifests")
    out.mkdir(exist_ok=True)
    text = gateway(directory) + service("origin", ORIGIN) + service("origin-h2c", ORIGIN_H2C, "kubernetes.io/h2c")
    if h2c_backend:
        text += route("h2c", "origin-h2c", section="h2c") + route("clear", "origin", section="clear")
    else:
        text += route("all", "origin")
    (out / "bench.yaml").write_text(text)
    return out


def many(directory, count, kind, one_file):
    """`count` hosts with a Service each (kind hosts), or header routes on one host (kind headers)."""
    out = Path(directory) / f"manifests-{kind}-{'one' if one_file else 'each'}"
    out.mkdir(exist_ok=True)
    (out / "gateway.yaml").write_text(gateway(directory) + service("origin", ORIGIN))
    parts = []
    for i in range(count):
        if kind == "hosts":
            parts.append(service(f"s{i}", ORIGIN) + route(f"r{i}", f"s{i}", host=f"h{i}.bench.example.com"))
        else:
            parts.append(route(f"r{i}", "origin", host="headers.bench.example.com", header=f"v{i}"))
    if one_file:
        (out / "routes.yaml").write_text("".join(parts))
    else:
        for i, part in enumerate(parts):
            (out / f"route-{i}.yaml").write_text(part)
    return out
