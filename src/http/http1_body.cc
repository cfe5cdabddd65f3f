// Bodies of HTTP/1 messages; see http1_body.h.
#include "http/http1_body.h"

#include <algorithm>

namespace gwanmun::http {

BodyDecoder::Step BodyDecoder::next(std::string_view in, Arena& arena) {
  if (kind_ == Kind::kChunked) return chunked_.next(in, arena);
  if (left_ == 0) return {ChunkedDecoder::kEnd};
  if (in.empty()) return {ChunkedDecoder::kMore};
  return {ChunkedDecoder::kData, 0,
          static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), left_))};
}

bool BodyDecoder::finish() {
  if (kind_ != Kind::kUntilClose) return kind_ == Kind::kLength && left_ == 0;
  left_ = 0;
  return true;
}

BodyReader::State BodyInput::state(Window& window, Arena& arena) {
  if (payload_ > 0) return BodyReader::kData;
  if (done_) return BodyReader::kEnd;
  if (fault_ != Fault::kNone) return BodyReader::kFailed;
  BodyDecoder::Step step = decoder_.next(window.rest(), arena);
  window.use(step.skipped);
  switch (step.status) {
    case ChunkedDecoder::kMore:
      return BodyReader::kPending;
    case ChunkedDecoder::kData:
      payload_ = step.data;
      return BodyReader::kData;
    case ChunkedDecoder::kEnd:
      done_ = true;
      return BodyReader::kEnd;
    case ChunkedDecoder::kBad:
      fault_ = Fault::kMalformed;
      break;
    case ChunkedDecoder::kTooLarge:
      fault_ = Fault::kTooLarge;
      break;
  }
  return BodyReader::kFailed;
}

void BodyInput::end_of_input() {
  if (done_ || fault_ != Fault::kNone) return;
  if (decoder_.finish()) done_ = true;
  else fault_ = Fault::kClosed;
}

void BodyEncoder::write(net::Stream& stream, std::string_view data) {
  if (done_ || data.empty()) return;
  switch (wire_) {
    case WireBody::kNone:
      return;
    case WireBody::kLength:
      data = data.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), left_)));
      left_ -= data.size();
      return stream.write(data);
    case WireBody::kChunked: {
      char buffer[20];
      stream.write(chunk_header(data.size(), buffer));
      stream.write(data);
      return stream.write("\r\n");
    }
    case WireBody::kUntilClose:
    case WireBody::kTunnel:
      return stream.write(data);
  }
}

bool BodyEncoder::finish(net::Stream& stream, const Headers* trailers) {
  if (done_) return true;
  done_ = true;
  switch (wire_) {
    case WireBody::kChunked:
      stream.write(write_last_chunk(trailers));
      return true;
    case WireBody::kLength:
      done_ = left_ == 0;
      return done_;
    case WireBody::kTunnel:
      stream.shutdown_write();
      return true;
    case WireBody::kNone:
    case WireBody::kUntilClose:
      return true;
  }
  return true;
}

Fault fault_of(net::StreamFault fault) {
  switch (fault) {
    case net::StreamFault::kTimeout:
      return Fault::kTimeout;
    case net::StreamFault::kTls:
      return Fault::kTls;
    case net::StreamFault::kRefused:
    case net::StreamFault::kUnreachable:
      return Fault::kConnect;
    default:
      return Fault::kReset;
  }
}

}  // namespace gwanmun::http
