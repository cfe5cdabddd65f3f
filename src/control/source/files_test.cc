// FileSource over real files: what is read, what keeps serving, and how soon a change is seen.
#include "control/source/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "control/source/applier.h"
#include "control/source/limits.h"

namespace gwanmun::control {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string config_map(std::string_view name, std::string_view value = "1") {
  return str_cat("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ", name,
                 "\ndata:\n  value: \"", value, "\"\n");
}

struct FilesTest : ::testing::Test {
  FilesTest() {
    std::string pattern = (fs::temp_directory_path() / "gwanmun-files-XXXXXX").string();
    dir = ::mkdtemp(pattern.data());
    stop = ::eventfd(0, EFD_CLOEXEC);
  }
  ~FilesTest() override {
    ::close(stop);
    fs::remove_all(dir);
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(dir + "/" + name, std::ios::trunc) << text;
  }
  void open(bool watch, std::vector<std::string> paths = {}) {
    if (paths.empty()) paths = {dir};
    source = *FileSource::create({.paths = paths, .watch = watch, .keep_nodes = true});
    source->refresh();
  }
  /// Refreshes until `done` or a second has passed.
  bool eventually(const std::function<bool()>& done) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < end) {
      if (done()) return true;
      wait_briefly();
      source->refresh();
    }
    return done();
  }
  /// wait() returns at its next deadline at the latest; a test wants to look earlier than that.
  void wait_briefly() { ::usleep(2000); }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [key, object] : source->resources().config_maps)
      out.push_back(str_cat(api::to_string(key), "=", object->data.at("value")));
    return out;
  }
  std::string messages() const {
    std::string out;
    for (const auto& d : source->diagnostics()) out += to_string(d) + "\n";
    return out;
  }

  std::string dir;
  int stop;
  std::unique_ptr<FileSource> source;
};

TEST_F(FilesTest, ReadsDirectoriesRecursivelyAndSkipsWhatIsNoManifest) {
  fs::create_directories(dir + "/a/b");
  fs::create_directories(dir + "/.git");
  write("one.yaml", config_map("one"));
  write("a/two.yml", config_map("two"));
  write(
      "a/b/three.json",
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"three"},"data":{"value":"3"}})");
  for (const char* name :
       {".hidden.yaml", "one.yaml~", "#one.yaml#", "x.yaml.swp", "README.md", ".git/config.yaml"})
    write(name, "not: [a manifest");
  open(false);
  EXPECT_EQ(messages(), "");
  EXPECT_THAT(names(), ElementsAre("default/one=1", "default/three=3", "default/two=1"));
}

TEST_F(FilesTest, AFileNamedExplicitlyMayHaveAnyName) {
  write("plain", config_map("one"));
  open(false, {dir + "/plain", dir + "/plain"});
  EXPECT_EQ(messages(), "");
  EXPECT_THAT(names(), ElementsAre("default/one=1"));
}

TEST_F(FilesTest, AMissingPathIsAnError) {
  open(false, {dir + "/nowhere"});
  EXPECT_THAT(messages(), HasSubstr("/nowhere: error: No such file or directory"));
}

TEST_F(FilesTest, EverythingOfAllFilesIsReportedAtOnce) {
  write("a.yaml", "kind: [\n");
  write("b.yaml",
        "apiVersion: v1\nkind: ConfigMapp\nmetadata: {name: x}\n---\n" + config_map("ok"));
  open(false);
  EXPECT_THAT(messages(), HasSubstr("a.yaml:"));
  EXPECT_THAT(messages(), HasSubstr("b.yaml:"));
  EXPECT_THAT(names(), ElementsAre("default/ok=1"));
}

TEST_F(FilesTest, TheFirstFileByNameWinsADuplicate) {
  write("a.yaml", config_map("x", "a"));
  write("b.yaml", config_map("x", "b"));
  open(true);
  EXPECT_THAT(names(), ElementsAre("default/x=a"));
  EXPECT_THAT(messages(),
              HasSubstr("b.yaml:1:1: error: ConfigMap default/x: is already defined at"));
  fs::remove(dir + "/a.yaml");
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/x=b"}; }));
  EXPECT_EQ(messages(), "");
  write("a.yaml", config_map("x", "again"));
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/x=again"}; }));
  EXPECT_THAT(messages(), HasSubstr("b.yaml:1"));
}

TEST_F(FilesTest, ADuplicateWithinAFileIsNamed) {
  write("a.yaml", config_map("x", "first") + "---\n" + config_map("x", "second"));
  open(false);
  EXPECT_THAT(names(), ElementsAre("default/x=first"));
  EXPECT_THAT(messages(), HasSubstr("a.yaml:8"));
}

TEST_F(FilesTest, ABrokenFileKeepsItsOwnObjectsAndNobodyElses) {
  write("a.yaml", config_map("x") + "---\n" + config_map("yy"));
  write("b.yaml", config_map("z"));
  open(true);
  write("a.yaml", config_map("x", "2") + "---\n{broken");
  write("b.yaml", config_map("z", "2"));
  EXPECT_TRUE(eventually([&] {
    return names() == std::vector<std::string>{"default/x=2", "default/yy=1", "default/z=2"};
  })) << messages();
  EXPECT_THAT(messages(), HasSubstr("ConfigMap default/yy: its last good version keeps serving"));
  write("a.yaml", config_map("x", "2"));
  EXPECT_TRUE(eventually(
      [&] { return names() == std::vector<std::string>{"default/x=2", "default/z=2"}; }));
  EXPECT_EQ(messages(), "");
}

TEST_F(FilesTest, AnInvalidObjectKeepsItsLastGoodVersion) {
  write("a.yaml", config_map("x") + "---\n" + config_map("yy"));
  open(true);
  std::string bad = config_map("x", "2");
  bad.replace(bad.find("\ndata:"), 6, "\ndatum:");
  write("a.yaml", bad + "---\n" + config_map("yy", "2"));
  EXPECT_TRUE(eventually([&] {
    return names() == std::vector<std::string>{"default/x=1", "default/yy=2"};
  })) << messages();
  write("a.yaml", config_map("x") + "---\n" + config_map("yy", "2"));
  EXPECT_TRUE(eventually([&] { return messages().empty(); })) << messages();
}

TEST_F(FilesTest, AnUnreadableFileKeepsServing) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  write("a.yaml", config_map("x"));
  open(true);
  ::chmod((dir + "/a.yaml").c_str(), 0);
  EXPECT_TRUE(eventually([&] { return !messages().empty(); }));
  EXPECT_THAT(messages(), HasSubstr("cannot be read"));
  EXPECT_THAT(names(), ElementsAre("default/x=1"));
}

TEST_F(FilesTest, ALinkThatLeadsNowhereKeepsServing) {
  write("a.yaml", config_map("x"));
  open(true);
  fs::create_symlink("nowhere", dir + "/link");
  fs::rename(dir + "/link", dir + "/a.yaml");
  EXPECT_TRUE(eventually([&] { return !messages().empty(); }));
  ::usleep((kMissingMs + 50) * 1000);
  source->refresh();
  EXPECT_THAT(messages(), HasSubstr("a.yaml: error: "));
  EXPECT_THAT(names(), ElementsAre("default/x=1"));
}

TEST_F(FilesTest, RemovalAndEmptyingTakeEffectOnlyWhenTheyLast) {
  write("a.yaml", config_map("x"));
  write("b.yaml", config_map("yy"));
  open(true);
  auto both = std::vector<std::string>{"default/x=1", "default/yy=1"};
  fs::remove(dir + "/a.yaml");
  write("b.yaml", "");
  ::usleep(20'000);
  source->refresh();
  EXPECT_EQ(names(), both);
  write("a.yaml", config_map("x"));  // as git checkout does: unlink, then create
  write("b.yaml", config_map("yy"));
  ::usleep((kMissingMs + 50) * 1000);
  source->refresh();
  EXPECT_EQ(names(), both);
  fs::remove(dir + "/a.yaml");
  write("b.yaml", "# nothing\n");
  EXPECT_TRUE(eventually([&] { return names().empty(); }));
  write("b.yaml", config_map("yy", "2"));
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/yy=2"}; }));
}

TEST_F(FilesTest, AHalfWrittenFileIsLeftAlone) {
  write("a.yaml", config_map("x") + "---\n" + config_map("yy"));
  open(true);
  std::ofstream file(dir + "/a.yaml", std::ios::trunc);
  file << config_map("x", "2") << std::flush;  // y is still to come
  ::usleep(30'000);
  source->refresh();
  EXPECT_THAT(names(), ElementsAre("default/x=1", "default/yy=1"));
  file << "---\n" << config_map("yy", "2");
  file.close();
  EXPECT_TRUE(eventually(
      [&] { return names() == std::vector<std::string>{"default/x=2", "default/yy=2"}; }));
}

TEST_F(FilesTest, RenamesAreSeen) {
  write("a.yaml", config_map("x"));
  open(true);
  write("new", config_map("x", "2"));
  fs::rename(dir + "/new", dir + "/a.yaml");
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/x=2"}; }));
  fs::rename(dir + "/a.yaml", dir + "/b.yaml");
  ::usleep(20'000);
  source->refresh();
  EXPECT_EQ(messages(), "");  // at no time a duplicate
  EXPECT_THAT(names(), ElementsAre("default/x=2"));
  ::usleep((kMissingMs + 50) * 1000);
  source->refresh();
  EXPECT_THAT(names(), ElementsAre("default/x=2"));
  EXPECT_EQ(messages(), "");
}

TEST_F(FilesTest, ConfigMapVolumesSwapALink) {
  fs::create_directories(dir + "/..1");
  fs::create_directories(dir + "/..2");
  write("..1/a.yaml", config_map("x", "1"));
  write("..2/a.yaml", config_map("x", "2"));
  fs::create_symlink("..1", dir + "/..data");
  fs::create_symlink("..data/a.yaml", dir + "/a.yaml");
  open(true);
  EXPECT_THAT(names(), ElementsAre("default/x=1"));
  fs::create_symlink("..2", dir + "/..tmp");
  fs::rename(dir + "/..tmp", dir + "/..data");
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/x=2"}; }));
}

TEST_F(FilesTest, TheTargetOfALinkAndAReplacedDirectoryAreWatched) {
  fs::create_directories(dir + "/served");
  fs::create_directories(dir + "/elsewhere");
  write("elsewhere/target.yaml", config_map("x"));
  fs::create_symlink(dir + "/elsewhere/target.yaml", dir + "/served/a.yaml");
  open(true, {dir + "/served"});
  write("elsewhere/target.yaml", config_map("x", "2"));
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/x=2"}; }));
  fs::create_directories(dir + "/next");
  write("next/b.yaml", config_map("z"));
  fs::rename(dir + "/served", dir + "/old");
  ::usleep(20'000);
  source->refresh();
  EXPECT_THAT(names(), ElementsAre("default/x=2"));  // a path that vanished keeps serving
  fs::rename(dir + "/next", dir + "/served");
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/z=1"}; }));
  write("served/b.yaml", config_map("z", "2"));
  EXPECT_TRUE(eventually([&] { return names() == std::vector<std::string>{"default/z=2"}; }));
}

TEST_F(FilesTest, NewDirectoriesAreWatched) {
  open(true);
  fs::create_directories(dir + "/new/deep");
  EXPECT_TRUE(eventually([&] {
    write("new/deep/a.yaml", config_map("x"));
    return names() == std::vector<std::string>{"default/x=1"};
  }));
}

TEST_F(FilesTest, WaitSeesAChangeWithinMilliseconds) {
  write("a.yaml", config_map("x"));
  open(true);
  auto start = std::chrono::steady_clock::now();
  write("a.yaml", config_map("x", "2"));
  while (names() != std::vector<std::string>{"default/x=2"}) {
    ASSERT_TRUE(source->wait(stop));
    source->refresh();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(200));
  std::uint64_t one = 1;
  ASSERT_EQ(::write(stop, &one, sizeof one), 8);
  EXPECT_FALSE(source->wait(stop));
}

TEST_F(FilesTest, AFileReadAgainWithoutChangesKeepsItsObjects) {
  write("a.yaml", config_map("x") + "---\n" + config_map("yy"));
  open(true);
  auto before = source->resources().config_maps.at({"default", "x"});
  write("a.yaml", config_map("x") + "---\n" + config_map("yy", "2"));
  EXPECT_TRUE(eventually(
      [&] { return names() == std::vector<std::string>{"default/x=1", "default/yy=2"}; }));
  EXPECT_EQ(before, source->resources().config_maps.at({"default", "x"}));
}

TEST_F(FilesTest, PlacesOfObjectsAndFields) {
  write("a.yaml", config_map("w") + "---\n" + config_map("x"));
  open(false);
  auto place = source->place_of({"ConfigMap", "default", "x"});
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->file, dir + "/a.yaml");
  EXPECT_EQ(place->position.line, 8);
  EXPECT_EQ(source->place_of({"ConfigMap", "default", "x"}, "data.value")->position.line, 13);
  EXPECT_EQ(source->place_of({"ConfigMap", "default", "x"}, "data.other")->position.line, 12);
  EXPECT_FALSE(source->place_of({"ConfigMap", "default", "none"}).has_value());
}

TEST(PositionOf, FollowsListsAndStopsAtTheNearestParent) {
  auto at = [](int line, document::Node node) {
    node.set_position({line, 1});
    return node;
  };
  auto item = at(3, document::Node::map());
  item.set("name", at(4, document::Node::string("x")));
  document::Node root = at(1, document::Node::map());
  root.set("rules", at(2, document::Node::list({std::move(item)})));
  EXPECT_EQ(position_of(root, "rules[0]").line, 3);
  EXPECT_EQ(position_of(root, "rules[7].name").line, position_of(root, "rules").line);
  EXPECT_EQ(position_of(root, "rules[").line, position_of(root, "rules").line);
  EXPECT_EQ(position_of(root, "").line, 1);
}

}  // namespace
}  // namespace gwanmun::control
