// CheckResponses from an authorizer that is not to be trusted: decoding reads nothing beyond the
// message, and what it accepts can be applied to a request.
#include <cstddef>
#include <cstdint>

#include "proxy/filter/auth_proto.h"
#include "proxy/filter/external_auth.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gwanmun;  // NOLINT: a fuzzer
  Arena arena;
  snapshot::ExternalAuth spec{.cluster = "a/b:1", .grpc = true};
  filter::ClusterIds clusters;
  filter::Authorizer authorizer(spec, clusters);
  http::RequestHead request(arena);
  request.headers.add("x-user", "eve");
  filter::Exchange x(request, {});
  http::ResponseHead answer(arena);
  http::Headers trailers(arena);
  trailers.add("grpc-status", "0");
  std::string_view body(reinterpret_cast<const char*>(data), size);
  authorizer.judge({answer, body, &trailers}, x);
  for (const http::Headers* headers : {&request.headers, &x.reply.head.headers}) {
    for (const http::Field& field : *headers) {
      if (field.name.empty() || field.name.find_first_of(" :\r\n") != field.name.npos ||
          field.value.find_first_of("\r\n") != field.value.npos) {
        __builtin_trap();
      }
    }
  }
  return 0;
}
