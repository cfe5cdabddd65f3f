#include "http/error.h"

namespace gwanmun::http {

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "none";
    case Fault::kClosed:
      return "closed";
    case Fault::kReset:
      return "reset";
    case Fault::kRefused:
      return "refused";
    case Fault::kConnect:
      return "connect";
    case Fault::kTls:
      return "tls";
    case Fault::kTimeout:
      return "timeout";
    case Fault::kMalformed:
      return "malformed";
    case Fault::kTooLarge:
      return "too_large";
    case Fault::kCancelled:
      return "cancelled";
    case Fault::kOverload:
      return "overload";
  }
  return "unknown";
}

}  // namespace gwanmun::http
