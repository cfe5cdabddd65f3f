// Any text as manifests: translation must not crash, also on objects that no schema would let
// through, and translating twice must give the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/translate/testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gwanmun;
  std::string text(reinterpret_cast<const char*>(data), size);
  api::ResourceSet resources;
  for (const auto& object : document::load(text, "fuzz.yaml").objects)
    if (auto added = api::add(resources, object.node); !added) continue;
  for (const auto& settings : {translate::Settings::for_files(), translate::Settings{}}) {
    auto first = translate::translate(resources, settings);
    auto second = translate::translate(resources, settings, &first);
    for (const auto& [ref, status] : second.statuses) (void)translate::encode(*status);
    auto same = *second.snapshot;
    same.version = first.snapshot->version;
    if (to_yaml(same) != to_yaml(*first.snapshot)) std::abort();
  }
  return 0;
}
