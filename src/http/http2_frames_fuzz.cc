// Any bytes as what a peer sends after its preface, to a session of either side that answers, reads
// and resets like a connection would. First byte: side and behaviour; then pieces, each with a
// length, so that frames are cut anywhere.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>

#include "http/http2_session.h"

using namespace gwanmun;
using namespace gwanmun::http;
using namespace gwanmun::http::http2;

namespace {

struct FuzzStream : Stream {
  Arena arena;
  FuzzStream() { memory = &arena; }
};

constexpr SessionLimits kLimits = {.head = {8'192, 64},
                                   .trailers = {1'024, 16},
                                   .max_staged_bytes = 4'096,
                                   .max_concurrent_streams = 8,
                                   .initial_window = 65'535,
                                   .connection_window = 100'000,
                                   .header_table_bytes = 4'096,
                                   .max_resets = 20,
                                   .max_control_frames = 100,
                                   .max_continuation_frames = 8};

class Peer final : public SessionHandler {
 public:
  Peer(Session::Role role, bool eager) : session(role, kLimits, *this), eager_(eager) {
    session.start();
  }
  void give(std::string_view bytes) {
    left_ += bytes;
    std::size_t used = session.receive(left_, now_ += 7);
    if (used > left_.size()) std::abort();
    left_.erase(0, used);
    if (left_.size() > kFrameHeaderBytes + kDefaultFrameBytes) std::abort();  // must not pile up
    session.output().flush();
  }
  void request() {
    if (!session.ids_left() || session.failed()) return;
    FuzzStream& stream = streams_.emplace_back();
    RequestHead head(stream.arena);
    head.method = "POST";
    head.path = "/";
    head.authority = "a";
    session.open(stream);
    session.send_request(stream, head, "http", !eager_);
    if (eager_) session.write(stream, "request body");
  }
  bool eager() const { return eager_; }

  void send(std::string_view bytes) override { total_ += bytes.size(); }
  void output_pending() override {}
  Stream* on_open(std::uint32_t) override { return &streams_.emplace_back(); }
  void on_head(Stream& stream, FieldSection& section) override {
    stream.head_received = true;
    if (section.has_length) stream.body_left = section.length;
    RequestHead request(*stream.memory);
    ResponseHead response(*stream.memory);
    to_request(section, stream.receive_ended, 1'024, request);
    to_response(section, stream.receive_ended, false, response);
    if (!eager_) return;
    response.body = BodyLength::unknown();
    session.send_response(stream, response, false);
    session.write(stream, std::string(20'000, 'a'));
    session.finish(stream, &section.fields);
  }
  void on_trailers(Stream& stream, const Headers& fields) override {
    session.finish(stream, &fields);
  }
  void on_data(Stream& stream, std::string_view bytes) override {
    if (eager_) session.consume(stream, bytes.size());
    if (bytes.size() == 13) {
      session.reset(stream, ErrorCode::kCancel);
      session.abandon(stream);
    }
  }
  void on_receive_end(Stream& stream) override { session.finish(stream, nullptr); }
  void on_reset(Stream&, Fault) override {}
  void on_writable(Stream& stream) override {
    if (stream.moved < 200'000) session.write(stream, "more");
  }
  void on_sent(Stream& stream) override { session.reset(stream, ErrorCode::kNoError); }
  void on_closed(Stream& stream) override { session.abandon(stream); }
  void on_settings() override {}
  void on_ping_ack() override {}
  void on_goaway(std::uint32_t, ErrorCode) override {}
  void on_failed(ErrorCode) override { session.close_all(Fault::kMalformed); }

  std::deque<FuzzStream> streams_;
  Session session;

 private:
  bool eager_;
  std::string left_;
  std::uint64_t now_ = 1'000;
  std::size_t total_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view in(reinterpret_cast<const char*>(data), size);
  bool client = (in[0] & 1) != 0;
  bool eager = (in[0] & 2) != 0;
  in.remove_prefix(1);
  Peer peer(client ? Session::kClient : Session::kServer, eager);
  if (!client) peer.give(kPreface);
  peer.give(std::string_view("\0\0\0\x04\0\0\0\0\0", 9));
  for (int i = 0; client && i < 4; ++i) peer.request();
  while (!in.empty() && !peer.session.failed()) {
    std::size_t length = static_cast<unsigned char>(in[0]) + 1u;
    in.remove_prefix(1);
    std::string_view piece = in.substr(0, length);
    in.remove_prefix(piece.size());
    peer.give(piece);
    if (length == 7) peer.session.set_pressure(!peer.session.pressure());
  }
  peer.session.close_all(Fault::kClosed);
  return 0;
}
