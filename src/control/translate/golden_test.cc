// Golden tests: testdata/<kind>/NAME.yaml holds, in this order, a comment saying why the case
// exists, documents as a user writes them, and after `# Output` what translation made of them.
// testdata/_defaults.yaml comes before each. GWANMUN_REWRITE_GOLDEN=1 writes the outputs anew: the
// diff is the review. A comment line `# Settings: cluster` translates as in a cluster; `# Backend:
// ns/name:port=ip:port` is the option of that name.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "control/translate/testing.h"

namespace gwanmun::translate {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kOutput = "# Output\n";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

fs::path testdata() { return fs::path(SOURCE_DIR) / "src/control/translate/testdata"; }

std::vector<fs::path> cases() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(testdata()))
    if (entry.path().extension() == ".yaml" && !entry.path().filename().string().starts_with("_"))
      out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

Settings settings_of(std::string_view input) {
  Settings settings = Settings::for_files();
  if (input.find("\n# Settings: cluster\n") != input.npos) settings = Settings{};
  settings.addresses = {{"IPAddress", "127.0.0.1"}};
  constexpr std::string_view kBackend = "\n# Backend: ";
  for (auto at = input.find(kBackend); at != input.npos; at = input.find(kBackend, at + 1)) {
    auto line = input.substr(at + kBackend.size());
    line = line.substr(0, line.find('\n'));
    auto slash = line.find('/'), colon = line.find(':'), equals = line.find('=');
    auto last = line.rfind(':');
    settings
        .backends[{std::string(line.substr(0, slash)),
                   std::string(line.substr(slash + 1, colon - slash - 1)),
                   static_cast<int>(*parse_uint(line.substr(colon + 1, equals - colon - 1)))}]
        .push_back({std::string(line.substr(equals + 1, last - equals - 1)),
                    static_cast<std::uint16_t>(*parse_uint(line.substr(last + 1)))});
  }
  return settings;
}

class Golden : public testing::TestWithParam<fs::path> {};

TEST_P(Golden, IsAsWritten) {
  std::string text = read(GetParam());
  auto at = text.find(kOutput);
  std::string input = text.substr(0, at);
  ASSERT_TRUE(input.starts_with("# ")) << "the first line says why the case exists";
  api::ResourceSet resources;
  add_yaml(resources, read(testdata() / "_defaults.yaml"));
  std::string problems = add_yaml(resources, input);
  std::string output = problems + describe(translate(resources, settings_of(input)));
  if (std::getenv("GWANMUN_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(GetParam()) << input << kOutput << output;
    return;
  }
  ASSERT_NE(at, text.npos) << "no output yet: run with GWANMUN_REWRITE_GOLDEN=1";
  EXPECT_EQ(text.substr(at + kOutput.size()), output);
}

INSTANTIATE_TEST_SUITE_P(Translate, Golden, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name =
      info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace gwanmun::translate
