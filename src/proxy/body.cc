// Moving a request's body.
#include "proxy/body.h"

#include "proxy/worker.h"

namespace gwanmun::proxy {

using http::BodyReader;
using http::Fault;

Upload::Upload(Exchange& x)
    : x_(x), has_body_(x.request.body.kind != http::BodyLength::Kind::kNone) {}

Upload::~Upload() {
  for (const auto& mirror : mirrors_) mirror->abandon();
}

void Upload::begin() {
  done_ = !has_body_;
  replayed_ = 0;
  if (!has_body_) return;
  x_.stream.continue_if_expected();
}

void Upload::tunnel() {
  has_body_ = true;
  done_ = false;
  lost_ = true;
}

Fault Upload::pump(http::ClientStream& up) {
  if (done_ || up.write_fault() != Fault::kNone) return Fault::kNone;  // its head says why
  if (replayed_ < x_.kept.size()) {
    up.write(std::string_view(x_.kept).substr(replayed_));
    replayed_ = x_.kept.size();
  }
  while (up.ready()) {
    switch (x_.stream.state()) {
      case BodyReader::kPending:
        return Fault::kNone;
      case BodyReader::kData:
        pass(up, x_.stream.data());
        break;
      case BodyReader::kEnd:
        up.finish(x_.stream.trailers());
        for (const auto& mirror : mirrors_) mirror->end();
        done_ = true;
        return Fault::kNone;
      case BodyReader::kFailed:
        return x_.stream.read_fault();
    }
  }
  return Fault::kNone;
}

void Upload::pass(http::ClientStream& up, std::string_view data) {
  up.write(data);
  x_.bytes_in += data.size();
  for (const auto& mirror : mirrors_) mirror->append(data);
  if (x_.keeping && x_.kept.size() + data.size() <= x_.worker.limits().replay_body_bytes) {
    x_.kept.append(data);
    replayed_ = x_.kept.size();
  } else if (!lost_) {
    lost_ = true;
    x_.keeping = false;
    std::string().swap(x_.kept);
    replayed_ = 0;
  }
  x_.stream.consume(data.size());
}

}  // namespace gwanmun::proxy
