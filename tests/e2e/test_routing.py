"""HTTPRoute as a client and an origin see it: matches, precedence, weights, filters."""

from collections import Counter

from harness import GATEWAY, reply, route, service


def named(origins, *names):
    return {name: origins(name=name) for name in names}


def services(backends):
    return "".join(service(name, origin.port) for name, origin in backends.items())


def test_paths_headers_query_and_method(gateway, origins):
    backends = named(origins, "exact", "prefix", "root", "header", "query", "post", "regex")
    gateway.start(all=GATEWAY + services(backends) + route("r", """
- {matches: [{path: {type: Exact, value: /a}}], backendRefs: [{name: exact, port: 80}]}
- {matches: [{path: {type: PathPrefix, value: /a/b}}], backendRefs: [{name: prefix, port: 80}]}
- {matches: [{path: {type: RegularExpression, value: "/r/[0-9]+"}}], backendRefs: [{name: regex, port: 80}]}
- {matches: [{headers: [{name: X-Team, value: blue}]}], backendRefs: [{name: header, port: 80}]}
- {matches: [{queryParams: [{name: v, value: "2"}]}], backendRefs: [{name: query, port: 80}]}
- {matches: [{method: POST}], backendRefs: [{name: post, port: 80}]}
- backendRefs: [{name: root, port: 80}]
"""))
    assert gateway.get("/a").text == "exact"
    assert gateway.get("/a/").text == "root"
    assert gateway.get("/a/b").text == "prefix"
    assert gateway.get("/a/b/c").text == "prefix"
    assert gateway.get("/a/bc").text == "root"
    assert gateway.get("/r/12").text == "regex"
    assert gateway.get("/r/12x").text == "root"
    assert gateway.get("/", headers={"x-team": "blue"}).text == "header"
    assert gateway.get("/", headers={"x-team": "Blue"}).text == "root"
    assert gateway.get("/?v=2").text == "query"
    assert gateway.get("/?v=1&v=2").text == "root"
    assert gateway.get("/", method="POST", body=b"x").text == "post"
    # The path decides before the header does, whatever the order of the rules.
    assert gateway.get("/a", headers={"x-team": "blue"}).text == "exact"


def test_hosts_exact_before_wildcard_before_any(gateway, origins):
    backends = named(origins, "exact", "wild", "any")
    rule = "- backendRefs: [{name: %s, port: 80}]"
    gateway.start(all=GATEWAY + services(backends)
                  + route("a", rule % "exact", ["a.example.com"])
                  + route("b", rule % "wild", ["*.example.com"])
                  + route("c", rule % "any"))
    assert gateway.get(host="a.example.com").text == "exact"
    assert gateway.get(host="A.Example.COM:8080").text == "exact"
    assert gateway.get(host="b.example.com").text == "wild"
    assert gateway.get(host="x.y.example.com").text == "wild"
    assert gateway.get(host="example.com").text == "any"


def test_nothing_matches_is_404_and_no_host_at_all_too(gateway, origins):
    backends = named(origins, "a")
    gateway.start(all=GATEWAY + services(backends) + route(
        "a", "- {matches: [{path: {value: /a}}], backendRefs: [{name: a, port: 80}]}", ["a.example.com"]))
    assert gateway.get("/b", host="a.example.com").status == 404
    assert gateway.get("/a", host="b.example.com").status == 404
    assert backends["a"].requests == []


def test_listener_isolation(gateway, origins):
    """A more specific listener takes its hosts even where only a broader one has a matching route."""
    backends = named(origins, "broad", "narrow")
    listeners = GATEWAY.replace("  - {name: http, port: 8080, protocol: HTTP}", """
  - {name: broad, port: 8080, protocol: HTTP}
  - {name: narrow, port: 8080, protocol: HTTP, hostname: "*.example.com"}""".strip("\n"))
    gateway.start(all=listeners + services(backends)
                  + route("b", "- backendRefs: [{name: broad, port: 80}]", parent="{name: gw, sectionName: broad}")
                  + route("nn", "- {matches: [{path: {value: /n}}], backendRefs: [{name: narrow, port: 80}]}",
                          parent="{name: gw, sectionName: narrow}"))
    assert gateway.get("/", host="other.org").text == "broad"
    assert gateway.get("/n", host="a.example.com").text == "narrow"
    assert gateway.get("/", host="a.example.com").status == 404


def test_weights_are_exact(gateway, origins):
    backends = named(origins, "nine", "one", "zero")
    gateway.start("--workers=1", all=GATEWAY + services(backends) + route("r", """
- backendRefs: [{name: nine, port: 80, weight: 9}, {name: one, port: 80, weight: 1}, {name: zero, port: 80, weight: 0}]
"""))
    seen = Counter(gateway.get().text for _ in range(100))
    assert seen == {"nine": 90, "one": 10}


def test_an_invalid_backends_share_is_500_and_no_endpoint_is_503(gateway, origins):
    backends = named(origins, "good")
    gateway.start("--workers=1", all=GATEWAY + services(backends) + service("empty") + route("r", """
- {matches: [{path: {value: /half}}], backendRefs: [{name: good, port: 80}, {name: missing, port: 80}]}
- {matches: [{path: {value: /empty}}], backendRefs: [{name: empty, port: 80}]}
- {matches: [{path: {value: /none}}]}
"""))
    assert Counter(gateway.get("/half").status for _ in range(20)) == {200: 10, 500: 10}
    assert gateway.get("/empty").status == 503
    assert gateway.get("/none").status == 500


def test_redirects(gateway):
    gateway.start(all=GATEWAY + route("r", """
- {matches: [{path: {value: /full}}], filters: [{type: RequestRedirect, requestRedirect:
    {scheme: https, hostname: new.example.org, path: {type: ReplaceFullPath, replaceFullPath: /x}, statusCode: 301}}]}
- {matches: [{path: {value: /old}}], filters: [{type: RequestRedirect, requestRedirect:
    {path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}, statusCode: 308}}]}
- {matches: [{path: {value: /port}}], filters: [{type: RequestRedirect, requestRedirect: {port: 9999}}]}
"""))
    full = gateway.get("/full/a?q=1", host="a.example.com")
    assert (full.status, full.headers["location"]) == (301, "https://new.example.org/x?q=1")
    old = gateway.get("/old/a%20b?q=1", host="a.example.com")
    assert (old.status, old.headers["location"]) == (308, "http://a.example.com:8080/new/a%20b?q=1")
    port = gateway.get("/port", host="a.example.com")
    assert (port.status, port.headers["location"]) == (302, "http://a.example.com:9999/port")


def test_rewrites_and_header_filters_reach_the_origin(gateway, origins):
    origin = origins(lambda received: reply(200, "ok", {"x-keep": "1", "x-drop": "2", "x-set": "3"}))
    gateway.start(all=GATEWAY + service("a", origin.port) + route("r", """
- matches: [{path: {value: /old}}]
  filters:
  - {type: URLRewrite, urlRewrite: {hostname: inner.example.com, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}
  - {type: RequestHeaderModifier, requestHeaderModifier:
      {set: [{name: X-Set, value: new}], add: [{name: X-Add, value: more}], remove: [X-Drop]}}
  - {type: ResponseHeaderModifier, responseHeaderModifier:
      {set: [{name: X-Set, value: new}], add: [{name: X-Add, value: more}], remove: [X-Drop]}}
  backendRefs: [{name: a, port: 80}]
"""))
    response = gateway.get("/old/x?y=1", headers={"X-Set": "old", "X-Add": "first", "X-Drop": "gone"})
    assert response.status == 200
    assert response.headers["x-set"] == "new" and response.headers["x-add"] == "more"
    assert response.headers["x-keep"] == "1" and "x-drop" not in response.headers
    received = origin.requests[0]
    assert received.path == "/x?y=1"
    assert received.headers["host"] == "inner.example.com"
    assert received.headers["x-set"] == "new" and received.headers["x-add"] == "first, more"
    assert "x-drop" not in received.headers


def test_forwarding_headers_and_trusted_proxies(gateway, origins):
    origin = origins()
    manifests = GATEWAY + service("a", origin.port) + route("r", "- backendRefs: [{name: a, port: 80}]")
    lies = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil", "Forwarded": "for=9"}
    gateway.start(all=manifests)
    gateway.get(host="a.example.com", headers=lies)
    headers = origin.requests[-1].headers
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-host"] == "a.example.com"
    assert "forwarded" not in headers
    assert headers["x-request-id"]


def test_trusted_proxies_are_appended_to(gateway, origins):
    origin = origins()
    gateway.start("--trusted-proxies=127.0.0.0/8,10.0.0.0/8",
                  all=GATEWAY + service("a", origin.port) + route("r", "- backendRefs: [{name: a, port: 80}]"))
    gateway.get(headers={"X-Forwarded-For": "1.2.3.4, 10.1.1.1", "X-Forwarded-Proto": "https"})
    headers = origin.requests[-1].headers
    assert headers["x-forwarded-for"] == "1.2.3.4, 10.1.1.1, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"


def test_mirror(gateway, origins):
    main, copy = origins(name="main"), origins(name="copy")
    gateway.start(all=GATEWAY + service("main", main.port) + service("copy", copy.port) + route("r", """
- filters: [{type: RequestMirror, requestMirror: {backendRef: {name: copy, port: 80}}}]
  backendRefs: [{name: main, port: 80}]
"""))
    assert gateway.get("/x", method="POST", body=b"hello").text == "main"
    from harness import eventually
    eventually(lambda: copy.requests, "the mirrored request")
    assert copy.requests[0].path == "/x" and copy.requests[0].body == b"hello"


def test_timeouts_and_retries(gateway, origins):
    import time
    slow = origins(lambda received: time.sleep(3) or reply(200, "late"))
    tries = []
    flaky = origins(lambda received: reply(503) if tries.append(1) or len(tries) < 3 else reply(200, "third"))
    gateway.start(all=GATEWAY + service("slow", slow.port) + service("flaky", flaky.port) + route("r", """
- {matches: [{path: {value: /slow}}], timeouts: {request: 200ms}, backendRefs: [{name: slow, port: 80}]}
- {matches: [{path: {value: /flaky}}], retry: {codes: [503], attempts: 3, backoff: 10ms}, backendRefs: [{name: flaky, port: 80}]}
"""))
    start = time.monotonic()
    assert gateway.get("/slow").status == 504
    assert time.monotonic() - start < 2
    assert gateway.get("/flaky").text == "third"
    assert len(flaky.requests) == 3


def test_session_persistence_by_cookie(gateway, origins):
    one, two = origins(name="one"), origins(name="two")
    gateway.start(all=GATEWAY + service("app", one.port, two.port) + route("r", """
- {sessionPersistence: {sessionName: stick, type: Cookie}, backendRefs: [{name: app, port: 80}]}
"""))
    first = gateway.get()
    cookie = first.headers["set-cookie"].split(";")[0]
    assert cookie.startswith("stick=")
    assert {gateway.get(headers={"Cookie": cookie}).text for _ in range(10)} == {first.text}


def test_cors(gateway, origins):
    origin = origins()
    gateway.start(all=GATEWAY + service("a", origin.port) + route("r", """
- filters: [{type: CORS, cors: {allowOrigins: ["https://app.example.com"], allowMethods: [GET, PUT], allowHeaders: [x-a], maxAge: 60}}]
  backendRefs: [{name: a, port: 80}]
"""))
    preflight = gateway.get(method="OPTIONS", headers={
        "Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT"})
    assert preflight.status in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
    assert origin.requests == []
    assert gateway.get(headers={"Origin": "https://app.example.com"}).headers["access-control-allow-origin"]
    assert "access-control-allow-origin" not in gateway.get(headers={"Origin": "https://evil.example.org"}).headers


def test_external_auth_over_http(gateway, origins):
    app = origins(name="app")

    def decide(received):
        if received.headers.get("authorization") == "let me in":
            return reply(200, headers={"x-user": "kim"})
        return reply(401, "who are you", {"www-authenticate": "Basic"})

    auth = origins(decide)
    gateway.start(all=GATEWAY + service("app", app.port) + service("auth", auth.port) + route("r", """
- filters: [{type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: {name: auth, port: 80},
    http: {allowedHeaders: [authorization], allowedResponseHeaders: [x-user]}}}]
  backendRefs: [{name: app, port: 80}]
"""))
    refused = gateway.get()
    assert (refused.status, refused.text) == (401, "who are you")
    assert app.requests == []
    assert gateway.get(headers={"Authorization": "let me in"}).text == "app"
    assert app.requests[0].headers["x-user"] == "kim"


def test_an_unknown_extension_answers_500_and_the_condition_names_it(gateway, origins):
    from harness import gwanmun
    origin = origins(name="a")
    gateway.start(all=GATEWAY + service("a", origin.port) + route("r", """
- {matches: [{path: {value: /ext}}], filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Magic, name: x}}],
   backendRefs: [{name: a, port: 80}]}
- backendRefs: [{name: a, port: 80}]
"""))
    assert gateway.get("/ext").status == 500
    assert gateway.get("/").text == "a"
    assert "Magic" in gwanmun("status", gateway.dir).stdout
