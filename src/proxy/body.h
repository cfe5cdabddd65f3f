// Upload: the request's body on its way from the client to the backend of the current try, kept for
// another try as far as the limit goes, copied to mirrors. Lives in forward()'s frame.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "http/stream.h"
#include "proxy/exchange.h"
#include "proxy/mirror.h"
#include "proxy/upstream/ref.h"

namespace gwanmun::proxy {

class Upload {
 public:
  explicit Upload(Exchange& x);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// A copy of what passes goes there too.
  void add_mirror(upstream::Ref<MirrorCopy> mirror) { mirrors_.push_back(std::move(mirror)); }
  /// A new try, whose head has been sent: from the beginning.
  void begin();
  /// The client's bytes are raw from now on (after an upgrade).
  void tunnel();
  /// Passes on what there is and what the backend takes. Returns the client's fault, if any.
  http::Fault pump(http::ClientStream& up);
  /// The backend has it all.
  bool done() const { return done_; }
  /// Another try can send it again from the beginning.
  bool replayable() const { return !lost_; }

 private:
  void pass(http::ClientStream& up, std::string_view data);

  Exchange& x_;
  bool has_body_;
  bool done_ = false;
  bool lost_ = false;         // some of it was consumed and not kept
  std::size_t replayed_ = 0;  // of x_.kept, in this try
  std::vector<upstream::Ref<MirrorCopy>> mirrors_;
};

}  // namespace gwanmun::proxy
