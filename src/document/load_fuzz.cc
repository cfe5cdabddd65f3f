// load() on anything: no crash; an object that is valid stays so when written and loaded again, and
// a cache changes nothing but `unchanged`.
#include <cstdlib>
#include <string>
#include <string_view>

#include "document/load.h"
#include "document/writer.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gwanmun;
  using namespace gwanmun::document;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  LoadResult plain = load(text, "f");
  LoadCache cache;
  LoadResult first = load(text, "f", {.cache = &cache});
  LoadResult second = load(text, "f", {.cache = &cache});
  if (first.diagnostics.size() != plain.diagnostics.size() ||
      second.diagnostics.size() != plain.diagnostics.size() ||
      first.objects.size() != plain.objects.size() ||
      second.objects.size() != plain.objects.size() || first.incomplete != plain.incomplete) {
    std::abort();
  }
  for (const Object& object : plain.objects) {
    if (!object.valid) continue;
    LoadResult again = load(to_yaml(object.node), "f");
    // An alpha TLSRoute without hostnames is served, and is no v1 object.
    if (object.kind == "TLSRoute") continue;
    if (again.objects.size() != 1 || !again.objects[0].valid) std::abort();
    if (!(again.objects[0].node == object.node)) std::abort();
  }
  return 0;
}
