// See http1_replay.h.
#include "http/http1_replay.h"

#include <algorithm>

#include "base/text.h"
#include "http/http1_body.h"

namespace gwanmun::http {

namespace {

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out += "\"\n";
}

void append_fields(std::string& out, std::string_view label, const Headers& fields) {
  for (const Field& field : fields) {
    out += str_cat(label, " ", field.name, ": ");
    append_quoted(out, field.value);
  }
}

void append_body_kind(std::string& out, const BodyLength& body, bool chunked, bool no_body) {
  if (body.kind == BodyLength::Kind::kKnown) out += str_cat("length ", body.bytes);
  else if (body.kind == BodyLength::Kind::kUnknown) out += chunked ? "chunked" : "until close";
  else out += "no body";
  if (no_body && body.kind == BodyLength::Kind::kKnown) out += ", not sent";
  out += "\n";
}

// The input as a connection sees it: what was not used is offered again with more behind it.
class Input {
 public:
  Input(std::string_view bytes, const ReplaySettings& settings)
      : bytes_(bytes), piece_(settings.piece == 0 ? bytes.size() : settings.piece) {
    more();
  }
  std::string_view window() const { return bytes_.substr(begin_, end_ - begin_); }
  void use(std::size_t n) { begin_ += n; }
  bool more() {
    if (end_ == bytes_.size()) return false;
    end_ = std::min(end_ + piece_, bytes_.size());
    return true;
  }

 private:
  std::string_view bytes_;
  std::size_t piece_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// Reads one body to its end; false when the message is not complete or malformed.
bool replay_body(Input& input, BodyDecoder& body, bool peer_closes, std::string& out) {
  Arena arena;
  std::string payload;
  auto say = [&](std::string_view outcome) {
    if (!payload.empty()) {
      out += "data ";
      append_quoted(out, payload);
    }
    out += outcome;
  };
  for (;;) {
    BodyDecoder::Step step = body.next(input.window(), arena);
    switch (step.status) {
      case ChunkedDecoder::kMore:
        input.use(step.skipped);
        if (input.more()) continue;
        if (peer_closes && body.finish()) {
          say("end\n");
          return false;
        }
        say(peer_closes ? "cut off\n" : "more\n");
        return false;
      case ChunkedDecoder::kData:
        input.use(step.skipped);
        payload += input.window().substr(0, step.data);
        input.use(step.data);
        body.took(step.data);
        continue;
      case ChunkedDecoder::kEnd:
        input.use(step.skipped);
        say("");
        if (body.trailers() != nullptr) append_fields(out, "trailer", *body.trailers());
        out += "end\n";
        return true;
      case ChunkedDecoder::kBad:
        say("malformed body\n");
        return false;
      case ChunkedDecoder::kTooLarge:
        say("body framing too large\n");
        return false;
    }
  }
}

void append_request(std::string& out, const RequestHead& head, const ConnectionFacts& facts) {
  out += str_cat(head.method, " ", head.authority.empty() ? "-" : head.authority, " ", head.path);
  if (head.has_query) out += str_cat("?", head.query);
  out += head.version == Version::kHttp11 ? " HTTP/1.1" : " HTTP/1.0";
  out += facts.keep_alive ? " keep-alive\n" : " close\n";
  append_fields(out, "field", head.headers);
  if (!head.upgrade.empty()) out += str_cat("upgrade ", head.upgrade, "\n");
  if (head.expect_continue) out += "expects 100\n";
  if (head.te_trailers) out += "takes trailers\n";
  append_body_kind(out, head.body, facts.chunked, false);
}

void append_response(std::string& out, const ResponseHead& head, const ConnectionFacts& facts) {
  out += str_cat(head.status, head.version == Version::kHttp11 ? " HTTP/1.1" : " HTTP/1.0");
  out += facts.keep_alive ? " keep-alive\n" : " close\n";
  append_fields(out, "field", head.headers);
  if (!head.upgrade.empty()) out += str_cat("upgrade ", head.upgrade, "\n");
  append_body_kind(out, head.body, facts.chunked, head.no_body);
}

// Waits for a head with `find`; false when it does not come.
template <class Find>
bool replay_head(Input& input, std::string& out, HeadFinder::Step& step, Find find) {
  for (;;) {
    step = find(input.window());
    input.use(step.skipped);
    if (step.kind == HeadFinder::Step::kFound) return true;
    if (step.kind == HeadFinder::Step::kRefused) {
      out += str_cat("refused ", step.refusal.status, " ", step.refusal.why, "\n");
      return false;
    }
    if (input.more()) continue;
    if (!input.window().empty()) out += "more\n";
    return false;
  }
}

void start_body(BodyDecoder& body, const BodyLength& length, const ConnectionFacts& facts,
                const ChunkedLimits& limits) {
  if (facts.chunked) body.start_chunked(limits);
  else if (facts.until_close) body.start_until_close();
  else if (length.kind == BodyLength::Kind::kKnown) body.start_length(length.bytes);
  else body.start_none();
}

}  // namespace

std::string replay_requests(std::string_view bytes, const ReplaySettings& settings) {
  std::string out;
  Input input(bytes, settings);
  HeadFinder finder;
  for (;;) {
    HeadFinder::Step step;
    auto find = [&](std::string_view data) { return finder.find_request(data, settings.head); };
    if (!replay_head(input, out, step, find)) return out;
    Arena arena;
    RequestHead head(arena);
    ConnectionFacts facts;
    std::string_view text = input.window().substr(0, step.size);
    if (Refusal refusal = parse_request(text, settings.head, head, facts)) {
      return out + str_cat("refused ", refusal.status, " ", refusal.why, "\n");
    }
    input.use(step.size);
    append_request(out, head, facts);
    BodyDecoder body;
    start_body(body, head.body, facts, settings.chunked);
    if (!replay_body(input, body, settings.peer_closes, out)) return out;
    if (!facts.keep_alive) return out;
  }
}

std::string replay_response(std::string_view bytes, const ReplaySettings& settings) {
  std::string out;
  Input input(bytes, settings);
  HeadFinder finder;
  for (;;) {
    HeadFinder::Step step;
    auto find = [&](std::string_view data) { return finder.find_response(data, settings.head); };
    if (!replay_head(input, out, step, find)) return out;
    Arena arena;
    ResponseHead head(arena);
    ConnectionFacts facts;
    std::string_view text = input.window().substr(0, step.size);
    if (Refusal refusal = parse_response(text, settings.head, settings.request, head, facts)) {
      return out + str_cat("refused ", refusal.why, "\n");
    }
    input.use(step.size);
    append_response(out, head, facts);
    if (head.status < 200 && head.status != 101) continue;
    BodyDecoder body;
    if (head.status == 101) body.start_until_close();
    else if (head.no_body) body.start_none();
    else start_body(body, head.body, facts, settings.chunked);
    bool complete = replay_body(input, body, settings.peer_closes, out);
    while (complete && input.more()) {
    }
    if (complete && !input.window().empty()) out += "extra bytes\n";
    return out;
  }
}

}  // namespace gwanmun::http
