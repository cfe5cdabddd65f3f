// Serialises HTTP/1 heads; see http1_writer.h.
#include "http/http1_writer.h"

#include <charconv>
#include <cstring>
#include <memory>

#include "http/chunked.h"

namespace gwanmun::http {

namespace {

// One per thread: heads are built here in one go and then handed to the stream in one call.
class Buffer {
 public:
  void clear() { size_ = 0; }
  void add(std::string_view text) {
    if (text.empty()) return;  // it may have no address (no Host in HTTP/1.0)
    if (text.size() > capacity_ - size_) grow(text.size());
    std::memcpy(data_.get() + size_, text.data(), text.size());
    size_ += text.size();
  }
  template <class... Pieces>
  void add(std::string_view first, const Pieces&... rest) {
    add(first);
    (add(std::string_view(rest)), ...);
  }
  void add_number(std::uint64_t number) {
    char digits[20];
    add({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
  }
  void add_field(const Field& field) {
    std::size_t size = field.name.size() + field.value.size() + 4;
    if (size > capacity_ - size_) grow(size);
    char* at = data_.get() + size_;
    std::memcpy(at, field.name.data(), field.name.size());
    at += field.name.size();
    std::memcpy(at, ": ", 2);
    if (!field.value.empty()) std::memcpy(at + 2, field.value.data(), field.value.size());
    at += 2 + field.value.size();
    std::memcpy(at, "\r\n", 2);
    size_ += size;
  }
  void add_fields(const Headers& headers) {
    for (const Field& field : headers) add_field(field);
  }
  std::string_view text() const { return {data_.get(), size_}; }

 private:
  void grow(std::size_t more) {
    std::size_t wider = 2 * (size_ + more) + 4096;
    auto data = std::make_unique_for_overwrite<char[]>(wider);
    if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = wider;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

Buffer& fresh_buffer() {
  static thread_local Buffer buffer;
  buffer.clear();
  return buffer;
}

void add_length(Buffer& out, std::uint64_t bytes) {
  out.add("content-length: ");
  out.add_number(bytes);
  out.add("\r\n");
}

void add_status_line(Buffer& out, int status) {
  char digits[3] = {static_cast<char>('0' + status / 100),
                    static_cast<char>('0' + status / 10 % 10),
                    static_cast<char>('0' + status % 10)};
  out.add("HTTP/1.1 ", std::string_view(digits, 3), " ", reason_phrase(status), "\r\n");
}

// RFC 9110 §8.6: methods that usually come with content say so when they do not.
bool expects_content(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// RFC 9110 §8.6, §15: statuses and methods whose answers have no body, whatever they say.
bool never_has_body(int status, bool head_method) {
  return status < 200 || status == 204 || status == 304 || head_method;
}

WireBody add_response_framing(Buffer& out, const ResponseHead& head, const ResponseWire& wire) {
  if (head.status == 101) {
    out.add("connection: upgrade\r\nupgrade: ", head.upgrade, "\r\n");
    return WireBody::kTunnel;
  }
  bool known = head.body.kind == BodyLength::Kind::kKnown;
  if (never_has_body(head.status, wire.head_method)) {
    if (known && head.status >= 200 && head.status != 204) add_length(out, head.body.bytes);
    return WireBody::kNone;
  }
  // Any other answer is framed, or its end would not be seen.
  if (head.no_body || head.body.kind == BodyLength::Kind::kNone) {
    add_length(out, 0);
    return WireBody::kNone;
  }
  if (known) {
    add_length(out, head.body.bytes);
    return WireBody::kLength;
  }
  if (wire.client == Version::kHttp10) return WireBody::kUntilClose;
  out.add("transfer-encoding: chunked\r\n");
  return WireBody::kChunked;
}

}  // namespace

WireHead write_request(const RequestHead& head) {
  Buffer& out = fresh_buffer();
  out.add(head.method, " ", head.path);
  if (head.has_query) out.add("?", head.query);
  out.add(" HTTP/1.1\r\nhost: ", head.authority, "\r\n");
  out.add_fields(head.headers);
  WireBody body = WireBody::kNone;
  if (!head.upgrade.empty()) {
    out.add("connection: upgrade\r\nupgrade: ", head.upgrade, "\r\n");
  } else {
    if (head.te_trailers) out.add("te: trailers\r\nconnection: te\r\n");
    if (head.body.kind == BodyLength::Kind::kKnown) {
      add_length(out, head.body.bytes);
      body = head.body.bytes > 0 ? WireBody::kLength : WireBody::kNone;
    } else if (head.body.kind == BodyLength::Kind::kUnknown) {
      out.add("transfer-encoding: chunked\r\n");
      body = WireBody::kChunked;
    } else if (expects_content(head.method)) {
      add_length(out, 0);
    }
  }
  out.add("\r\n");
  return {out.text(), body};
}

WireHead write_response(const ResponseHead& head, const ResponseWire& wire) {
  Buffer& out = fresh_buffer();
  add_status_line(out, head.status);
  out.add_fields(head.headers);
  WireBody body = add_response_framing(out, head, wire);
  bool closes = !wire.keep_alive || body == WireBody::kUntilClose;
  if (body != WireBody::kTunnel) {
    if (closes) out.add("connection: close\r\n");
    else if (wire.client == Version::kHttp10) out.add("connection: keep-alive\r\n");
  }
  out.add("\r\n");
  return {out.text(), body};
}

std::string_view write_informational(int status, const Headers& headers) {
  Buffer& out = fresh_buffer();
  add_status_line(out, status);
  out.add_fields(headers);
  out.add("\r\n");
  return out.text();
}

std::string_view write_last_chunk(const Headers* trailers) {
  if (trailers == nullptr) return "0\r\n\r\n";
  Buffer& out = fresh_buffer();
  out.add("0\r\n");
  for (const Field& field : *trailers) {
    if (!forbidden_in_trailers(field)) out.add_field(field);
  }
  out.add("\r\n");
  return out.text();
}

std::string_view write_refusal(int status, std::string_view why) {
  Buffer& out = fresh_buffer();
  add_status_line(out, status);
  out.add("content-type: text/plain\r\nconnection: close\r\n");
  add_length(out, why.size() + 1);
  out.add("\r\n", why, "\n");
  return out.text();
}

}  // namespace gwanmun::http
