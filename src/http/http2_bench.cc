// What HTTP/2 costs without sockets: HPACK, and whole exchanges of a proxy's two sides, each a
// session against prepared bytes.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "http/http2_session.h"
#include "http/limits.h"

namespace gwanmun::http::http2 {
namespace {

constexpr int kBatch = 32;  // requests in one read, as 32 streams of one client give

struct BenchStream : Stream {
  Arena arena;
  BenchStream() { memory = &arena; }
};

SessionLimits limits_of(const ServerLimits& limits) {
  return {.head = {limits.max_head_bytes, limits.max_fields},
          .trailers = {limits.max_trailer_bytes, limits.max_fields},
          .max_staged_bytes = limits.max_staged_bytes,
          .max_concurrent_streams = limits.max_concurrent_streams,
          .initial_window = limits.initial_window_bytes,
          .connection_window = limits.connection_window_bytes,
          .header_table_bytes = limits.header_table_bytes,
          .max_resets = limits.max_resets,
          .max_control_frames = limits.max_control_frames,
          .max_continuation_frames = limits.max_continuation_frames};
}

/// Answers each request, or asks and takes the answers.
class Side final : public SessionHandler {
 public:
  explicit Side(Session::Role role)
      : limits_(limits_of(ServerLimits{})), session(role, limits_, *this) {
    session.start();
    session.output().flush();
  }

 private:
  SessionLimits limits_;

 public:
  Session session;
  std::string wire;
  std::string body = std::string(1024, 'x');
  bool serves = true;
  bool keep = true;  // the bytes written
  int heads = 0;
  std::vector<BenchStream*> spare;

  ~Side() {
    session.close_all(Fault::kClosed);
    for (BenchStream* stream : spare) delete stream;
  }
  BenchStream& take() {
    if (spare.empty()) return *new BenchStream;
    BenchStream* stream = spare.back();
    spare.pop_back();
    return *stream;
  }
  void send(std::string_view bytes) override {
    if (keep) wire += bytes;
  }
  void output_pending() override {}
  Stream* on_open(std::uint32_t) override { return &take(); }
  void on_head(Stream& stream, FieldSection& section) override {
    ++heads;
    if (!serves) {
      ResponseHead head(*stream.memory);
      to_response(section, stream.receive_ended, false, head);
      stream.head_received = true;
      return;
    }
    RequestHead request(*stream.memory);
    to_request(section, stream.receive_ended, 16'384, request);
    ResponseHead head(*stream.memory);
    head.body = BodyLength::known(body.size());
    head.headers.add({"content-type", "text/plain", FieldId::kContentType});
    head.headers.add({"server", "origin/1.0", FieldId::kServer});
    head.headers.add({"date", "Sat, 21 Nov 2026 09:00:00 GMT", FieldId::kDate});
    session.send_response(stream, head, false);
    session.write(stream, body);
    session.finish(stream, nullptr);
  }
  void on_trailers(Stream&, const Headers&) override {}
  void on_data(Stream& stream, std::string_view bytes) override {
    session.consume(stream, bytes.size());
  }
  void on_receive_end(Stream&) override {}
  void on_reset(Stream&, Fault) override {}
  void on_writable(Stream&) override {}
  void on_sent(Stream&) override {}
  void on_closed(Stream& stream) override {
    auto& s = static_cast<BenchStream&>(stream);
    s.recycle();
    s.arena.reset();
    s.memory = &s.arena;
    spare.push_back(&s);
  }
  void on_settings() override {}
  void on_ping_ack() override {}
  void on_goaway(std::uint32_t, ErrorCode) override {}
  void on_failed(ErrorCode) override { std::abort(); }
};

void fill_request(RequestHead& head, std::uint64_t n) {
  head.method = "GET";
  head.authority = "shop.example.com";
  head.path = head.headers.arena().concat("/api/v2/orders/", std::to_string(n));
  head.headers.add({"accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", FieldId::kAccept});
  head.headers.add({"accept-encoding", "gzip, deflate, br", FieldId::kAcceptEncoding});
  head.headers.add("accept-language", "en-US,en;q=0.5");
  head.headers.add({"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101",
                    FieldId::kUserAgent});
  head.headers.add({"origin", "https://shop.example.com", FieldId::kOrigin});
  head.headers.add("cache-control", "no-cache");
  head.headers.add("x-api-version", "2");
  head.headers.add("dnt", "1");
}

/// One request and its answer on both of its sides: divide by two for the cost of a side.
void BM_Exchange(benchmark::State& state) {
  Side client(Session::kClient);
  Side server(Session::kServer);
  client.serves = false;
  std::uint64_t n = 0;
  auto pass = [&](Side& from, Side& to) {
    from.session.output().flush();
    std::string bytes = std::move(from.wire);
    from.wire.clear();
    if (to.session.receive(bytes, 1'000'000 + n) != bytes.size()) std::abort();
    bytes.clear();
    from.wire = std::move(bytes);
  };
  pass(client, server);
  pass(server, client);
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) {
      BenchStream& stream = client.take();
      RequestHead head(stream.arena);
      fill_request(head, n++ % 10'000);
      client.session.open(stream);
      client.session.send_request(stream, head, "http", true);
    }
    pass(client, server);
    pass(server, client);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_Exchange);

std::string encode(hpack::Encoder& encoder, const RequestHead& head) {
  std::string out(request_bound(head), 0);
  char* end = write_request(encoder, head, "https", out.data());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

void BM_HpackEncode(benchmark::State& state) {
  hpack::Encoder encoder;
  Arena arena;
  RequestHead head(arena);
  fill_request(head, 1);
  std::string out(request_bound(head), 0);
  for (auto _ : state) benchmark::DoNotOptimize(write_request(encoder, head, "https", out.data()));
}
BENCHMARK(BM_HpackEncode);

void BM_HpackDecode(benchmark::State& state) {
  hpack::Encoder encoder;
  hpack::Decoder decoder(4096);
  Arena arena;
  RequestHead head(arena);
  fill_request(head, 1);
  std::string block;
  for (int i = 0; i < 3; ++i) {
    block = encode(encoder, head);
    if (i < 2) skip_section(decoder, block);
  }
  Arena memory;
  for (auto _ : state) {
    FieldSection section(memory);
    benchmark::DoNotOptimize(read_section(decoder, block, {65'536, 128}, section));
    memory.reset();
  }
}
BENCHMARK(BM_HpackDecode);

}  // namespace
}  // namespace gwanmun::http::http2
