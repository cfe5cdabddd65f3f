"""The proxies under comparison and the origin: their configuration files, start and stop.

Every proxy runs one worker pinned to core 0; the origin (nginx) and the load generator have the
other cores. All speak to the same origin. Nothing is ended that was not started here."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

PROXY_CPU = "0"
OTHER_CPUS = ",".join(str(c) for c in range(1, os.cpu_count())) or "0"

# Fixed, high, loopback only: a benchmark is run by hand, alone on its machine.
ORIGIN, ORIGIN_H2C = 18990, 18991
CLEAR, TLS, H2C = 18080, 18443, 18082


def wait_port(port, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


class Process:
    def __init__(self, name, argv, cpus, directory, ready_port):
        self.name = name
        self.log = open(Path(directory) / f"{name}.log", "ab")
        self.started = time.monotonic()
        self.child = subprocess.Popen(["taskset", "-c", cpus] + argv, stdout=self.log, stderr=self.log,
                                      cwd=directory)
        if not wait_port(ready_port, 30):
            self.stop()
            raise RuntimeError(f"{name} does not listen on {ready_port}; see {self.log.name}")
        self.ready_seconds = time.monotonic() - self.started

    @property
    def pid(self):
        return self.child.pid

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()


def make_certificate(directory):
    d = Path(directory)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", "/CN=bench.example.com", "-addext",
                    "subjectAltName=DNS:bench.example.com,DNS:*.bench.example.com",
                    "-keyout", str(d / "key.pem"), "-out", str(d / "cert.pem")], check=True, capture_output=True)
    (d / "both.pem").write_text((d / "cert.pem").read_text() + (d / "key.pem").read_text())


def start_origin(directory):
    """nginx answering 1 KiB at /, 1 MiB at /1m; clear HTTP/1.1 and h2c."""
    d = Path(directory)
    (d / "www").mkdir(exist_ok=True)
    (d / "www" / "1m").write_bytes(b"x" * (1 << 20))
    body = "x" * 1024
    locations = f"""location / {{ return 200 "{body}"; }}
      location = /1m {{ root {d}/www; }}"""
    (d / "origin.conf").write_text(f"""
worker_processes 1; daemon off; master_process off; pid {d}/origin.pid; error_log {d}/origin.err crit;
worker_rlimit_nofile 65536;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; sendfile on;
  client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
  http2_max_concurrent_streams 1024;
  server {{ listen 127.0.0.1:{ORIGIN} backlog=4096; {locations} }}
  server {{ listen 127.0.0.1:{ORIGIN_H2C} http2 backlog=4096; {locations} }}
}}""")
    return Process("origin", ["nginx", "-c", str(d / "origin.conf"), "-e", f"{d}/origin.err"], OTHER_CPUS, d, ORIGIN)


def start_nginx(directory, routes=None):
    d = Path(directory)
    hosts = "bench.example.com *.bench.example.com 127.0.0.1"
    proxy = "proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;"
    (d / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; master_process off; pid {d}/nginx.pid; error_log {d}/nginx.err crit;
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600s;
  client_body_temp_path {d}/n1; proxy_temp_path {d}/n2; fastcgi_temp_path {d}/n3; uwsgi_temp_path {d}/n4; scgi_temp_path {d}/n5;
  ssl_certificate {d}/cert.pem; ssl_certificate_key {d}/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:S:10m; server_names_hash_max_size 65536; server_names_hash_bucket_size 128;
  upstream origin {{ server 127.0.0.1:{ORIGIN}; keepalive 1024; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{CLEAR} backlog=4096; server_name {hosts}; location / {{ {proxy} }} }}
  server {{ listen 127.0.0.1:{TLS} ssl http2 backlog=4096; server_name {hosts}; location / {{ {proxy} }} }}
  server {{ listen 127.0.0.1:{H2C} http2 backlog=4096; server_name {hosts}; location / {{ {proxy} }} }}
  {nginx_servers(routes, proxy)}
}}""")
    return Process("nginx", ["nginx", "-c", str(d / "nginx.conf"), "-e", f"{d}/nginx.err"], PROXY_CPU, d, CLEAR)


def nginx_servers(routes, proxy):
    return "\n".join(f"server {{ listen 127.0.0.1:{CLEAR}; server_name {host}; location / {{ {proxy} }} }}"
                     for host in (routes or {}).get("hosts", []))


def start_haproxy(directory, routes=None):
    d = Path(directory)
    (d / "hosts.map").write_text("".join(f"{h} origin\n" for h in (routes or {}).get("hosts", [])))
    use = f"use_backend %[req.hdr(host),field(1,:),map({d}/hosts.map,origin)]" if routes else ""
    (d / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 9700
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  http-reuse always
frontend f
  bind 127.0.0.1:{CLEAR} backlog 4096
  bind 127.0.0.1:{TLS} ssl crt {d}/both.pem alpn h2,http/1.1 backlog 4096
  bind 127.0.0.1:{H2C} proto h2 backlog 4096
  {use}
  default_backend origin
backend origin
  server o 127.0.0.1:{ORIGIN} pool-max-conn -1
""")
    return Process("haproxy", ["haproxy", "-db", "-f", str(d / "haproxy.cfg")], PROXY_CPU, d, CLEAR)


def start_gwanmun(directory, binary, manifests):
    d = Path(directory)
    return Process("gwanmun", [binary, "run", str(manifests), "--workers", "1"],
                   PROXY_CPU, d, CLEAR)
