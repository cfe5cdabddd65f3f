"""What the end-to-end tests are made of: a gateway process over a directory of manifests, origins
that say and record exactly what a test wants, and clients down to raw bytes.

Python's standard library only. Nothing here knows a fixed port: the kernel picks them all.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

GWANMUN = os.environ.get("GWANMUN", "build/gwanmun")
# Listener ports that tests may use in manifests; each is bound to a free port.
LISTENER_PORTS = (8080, 8081, 8082, 8443, 8444)
PATIENCE = float(os.environ.get("E2E_PATIENCE", "20"))  # seconds; sanitizer builds on a busy machine are slow


def eventually(check, what="the condition", patience=None):
    """Calls check() until it returns something true; returns that."""
    end = time.monotonic() + (patience or PATIENCE)
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in time (last: {result!r})")
        time.sleep(0.005)


def gwanmun(*arguments, stdin=None, check=None):
    """Runs a command to its end; returns the finished process (text)."""
    done = subprocess.run([GWANMUN, *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE)
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


# ---- manifests ----

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: gwanmun
  listeners:
  - {name: http, port: 8080, protocol: HTTP}
---
"""


def service(name, *ports, app_protocol=None, port=80):
    """A Service and its EndpointSlice with one endpoint on this machine for each port."""
    protocol = f", appProtocol: {app_protocol}" if app_protocol else ""
    slices = "".join(f"""
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-{p}, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
ports: [{{name: p, port: {p}{protocol}}}]
endpoints: [{{addresses: [127.0.0.1]}}]
---""" for p in ports)
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{ports: [{{name: p, port: {port}, targetPort: 9000{protocol}}}]}}
---{slices}
"""


def route(name, rules, hostnames=(), kind="HTTPRoute", parent="{name: gw}"):
    """A route; `rules` is YAML, a list in flow or block style without indentation."""
    hosts = f"  hostnames: [{', '.join(json.dumps(h) for h in hostnames)}]\n" if hostnames else ""
    body = "\n".join("  " + line for line in rules.strip("\n").splitlines())
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  parentRefs: [{parent}]
{hosts}  rules:
{body}
---
"""


# ---- the gateway ----


class Gateway:
    """`gwanmun run` over a directory of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="gwanmun-e2e-")
        self.process = None
        self.logs = []
        self._changed = threading.Condition()

    def write(self, name, text):
        """Replaces a manifest the way most tools do: write beside it, then rename."""
        path = os.path.join(self.dir, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def remove(self, name):
        os.remove(os.path.join(self.dir, name))

    def path(self, name=""):
        return os.path.join(self.dir, name)

    def start(self, *flags, **files):
        """Writes `files` (name without .yaml), starts, and waits until they are served."""
        for name, text in files.items():
            self.write(name + ".yaml", text)
        mapping = ",".join(f"{port}:0" for port in LISTENER_PORTS)
        command = [GWANMUN, "run", self.dir, "--log-format=json", "--workers=2", "--map-port", mapping, *flags]
        if not any(flag.startswith("--admin") for flag in flags) and self.knows("--admin"):
            command.append("--admin=127.0.0.1:0")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.stdout = []
        threading.Thread(target=self._read_log, daemon=True).start()
        threading.Thread(target=self._read_stdout, daemon=True).start()
        self.wait_log(lambda line: line["message"] == "serving")
        return self

    _help = None

    @classmethod
    def knows(cls, flag):
        if cls._help is None:
            cls._help = gwanmun("run", "--help").stdout
        return flag in cls._help

    def _read_log(self):
        for raw in self.process.stderr:
            try:
                line = json.loads(raw)
            except ValueError:
                line = {"level": "raw", "message": raw.decode(errors="replace").rstrip()}
            with self._changed:
                self.logs.append(line)
                self._changed.notify_all()
        with self._changed:
            self.logs.append({"level": "end", "message": "end of log"})
            self._changed.notify_all()

    def _read_stdout(self):
        for raw in self.process.stdout:
            self.stdout.append(raw.decode(errors="replace").rstrip("\n"))

    def wait_log(self, wanted, after=0):
        """The first log line from position `after` on that `wanted` accepts."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for line in self.logs[after:]:
                    if wanted(line):
                        return line
                if self.logs and self.logs[-1]["level"] == "end":
                    raise AssertionError("the gateway ended:\n" + self.log_text())
                if not self._changed.wait(timeout=max(0, end - time.monotonic())) and time.monotonic() > end:
                    raise AssertionError("no such log line:\n" + self.log_text())

    def apply(self, **files):
        """Replaces manifests and waits until the change is served."""
        mark = len(self.logs)
        for name, text in files.items():
            self.write(name + ".yaml", text)
        self.wait_log(lambda line: line["message"] == "serving", after=mark)

    def log_text(self):
        return "\n".join(json.dumps(line) for line in self.logs)

    def port(self, listener_port=8080):
        """Where a listener's port is bound."""
        for line in reversed(self.logs):
            if line["message"] == "listening" and line.get("port") == str(listener_port):
                return int(line["bound"])
        raise AssertionError(f"port {listener_port} is not bound:\n" + self.log_text())

    def admin_port(self):
        line = self.wait_log(lambda line: line["message"] == "admin")
        return int(line["address"].rsplit(":", 1)[1])

    def get(self, path="/", host="example.com", listener_port=8080, **more):
        return request(self.port(listener_port), path, host=host, **more)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(timeout=PATIENCE)

    def stop(self):
        """Stops it if it runs; returns the exit code and checks that it died of nothing else."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.signal()
            time.sleep(0.05)
            if self.process.poll() is None:
                self.signal()  # a second signal does not wait for running requests
        code = self.wait()
        self.process = None
        shutil.rmtree(self.dir, ignore_errors=True)
        assert code in (0, -signal.SIGTERM), f"exit {code}:\n{self.log_text()}"
        return code


# ---- origins ----


@dataclass
class Received:
    """One request as it arrived at an origin: the raw head and the body without its framing."""

    head: bytes
    body: bytes = b""

    @property
    def line(self):
        return self.head.split(b"\r\n", 1)[0].decode()

    @property
    def path(self):
        return self.line.split(" ")[1]

    @property
    def headers(self):
        out = {}
        for line in self.head.split(b"\r\n")[1:]:
            if line:
                name, _, value = line.decode("latin-1").partition(":")
                out.setdefault(name.lower(), []).append(value.strip())
        return {name: ", ".join(values) for name, values in out.items()}


def reply(status=200, body=b"", headers=()):
    """Raw bytes of a reply with Content-Length."""
    if isinstance(body, str):
        body = body.encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n"
    for name, value in dict(headers).items():
        head += f"{name}: {value}\r\n"
    return head.encode() + b"\r\n" + body


class RawOrigin:
    """Accepts connections and runs `serve(connection)` for each in a thread; records all bytes."""

    def __init__(self, serve=None):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.raw = b""  # everything that was received, in order
        self._serve = serve or self.serve
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            connection.settimeout(PATIENCE)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            self._serve(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def receive(self, connection, size=65536):
        data = connection.recv(size)
        self.raw += data
        return data

    def serve(self, connection):
        while self.receive(connection):
            pass

    def close(self):
        self.listener.close()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Origin(RawOrigin):
    """A plain HTTP/1.1 server. `answer(received)` gives raw reply bytes, or None to hang up."""

    def __init__(self, answer=None, name=""):
        self.requests = []
        self.name = name
        self.answer = answer or (lambda received: reply(body=self.name, headers={"x-origin": self.name}))
        super().__init__()

    def serve(self, connection):
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                data = self.receive(connection)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            received = Received(head)
            received.body, buffer = self._body(connection, received, buffer)
            self.requests.append(received)
            answer = self.answer(received)
            if answer is None:
                return
            connection.sendall(answer)
            if "101" in answer[:12].decode():
                return self.upgraded(connection, buffer)

    def upgraded(self, connection, buffer):
        """After a 101: echoes raw bytes."""
        while True:
            if buffer:
                connection.sendall(buffer)
            buffer = self.receive(connection)
            if not buffer:
                return

    def _body(self, connection, received, buffer):
        headers = received.headers
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b""
            while True:
                while b"\r\n" not in buffer:
                    buffer += self.receive(connection)
                line, _, buffer = buffer.partition(b"\r\n")
                size = int(line.split(b";")[0], 16)
                need = size + 2
                if size == 0:
                    while b"\r\n" not in buffer:
                        buffer += self.receive(connection)
                    while not buffer.startswith(b"\r\n"):  # trailers
                        buffer = buffer.partition(b"\r\n")[2]
                        while b"\r\n" not in buffer:
                            buffer += self.receive(connection)
                    return body, buffer[2:]
                while len(buffer) < need:
                    buffer += self.receive(connection)
                body += buffer[:size]
                buffer = buffer[need:]
        length = int(headers.get("content-length", 0))
        while len(buffer) < length:
            data = self.receive(connection)
            if not data:
                break
            buffer += data
        return buffer[:length], buffer[length:]


class Echo:
    """`gwanmun echo`: HTTP/1.1, h2c, gRPC and WebSocket."""

    def __init__(self, name="echo"):
        self.process = subprocess.Popen(
            [GWANMUN, "echo", "--listen=127.0.0.1:0", "--name", name], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1].split()[0])

    def close(self):
        self.process.terminate()
        assert self.process.wait(timeout=PATIENCE) == 0


# ---- clients ----


@dataclass
class Response:
    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


def connect(port, timeout=None):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout or PATIENCE)


def request(port, path="/", host="example.com", method="GET", headers=None, body=None):
    """One request on a connection of its own, through Python's HTTP client."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        client.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        client.putheader("Host", host)
        for name, value in (headers or {}).items():
            client.putheader(name, value)
        if body is not None and "content-length" not in {n.lower() for n in headers or {}}:
            client.putheader("Content-Length", str(len(body)))
        client.endheaders(body)
        response = client.getresponse()
        out = {}
        for name, value in response.getheaders():
            name = name.lower()
            out[name] = f"{out[name]}, {value}" if name in out else value
        return Response(response.status, out, response.read())
    finally:
        client.close()


def raw(port, data, timeout=None, shutdown=False):
    """Sends bytes and returns all that comes until the other side closes."""
    with connect(port, timeout) as connection:
        connection.sendall(data)
        if shutdown:
            connection.shutdown(socket.SHUT_WR)
        return read_to_end(connection)


def read_to_end(connection):
    out = b""
    try:
        while data := connection.recv(65536):
            out += data
    except ConnectionResetError:
        pass
    return out


def read_until(connection, mark):
    out = b""
    while mark not in out:
        data = connection.recv(65536)
        assert data, f"closed after {out!r}"
        out += data
    return out


def curl(*arguments, check=True):
    """curl's output, as text; the last line of the tests' usual -w is the status."""
    done = subprocess.run(["curl", "-sS", "--max-time", str(int(PATIENCE)), *arguments], capture_output=True)
    if check:
        assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(errors="replace")


class Load:
    """Keeps sending requests from some threads until stopped, and counts what went wrong."""

    def __init__(self, port, host="example.com", path="/", threads=4, fresh=False):
        self.done, self.failures = 0, []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._args = (port, host, path, fresh)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self):
        port, host, path, fresh = self._args
        client = None
        while not self._stop.is_set():
            try:
                if client is None:
                    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                client.request("GET", path, headers={"Host": host})
                response = client.getresponse()
                response.read()
                with self._lock:
                    self.done += 1
                    if response.status != 200:
                        self.failures.append(response.status)
                if fresh or response.will_close:
                    client.close()
                    client = None
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.failures.append(repr(error))
                client = None

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.done > 0 or self.failures, "the first request")
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=PATIENCE)
