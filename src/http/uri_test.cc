#include "http/uri.h"

#include <gtest/gtest.h>

#include <string>

namespace gwanmun::http {
namespace {

std::string normal(std::string_view path) {
  Arena arena;
  auto result = normalize_path(arena, path);
  return result ? std::string(*result) : "error";
}

TEST(NormalizePath, KeepsWhatIsNormal) {
  Arena arena;
  for (std::string_view path :
       {"/", "/a", "/a/b/", "/a.b/c..d", "/a;v=1/b", "/a@b:c", "/~u/$1", "*"}) {
    auto result = normalize_path(arena, path);
    ASSERT_TRUE(result) << path;
    EXPECT_EQ(result->data(), path.data()) << path << " was copied";
  }
  EXPECT_EQ(arena.footprint(), 0u);
}

TEST(NormalizePath, ChangesWhatMeansTheSame) {
  const struct {
    std::string_view path, normal;
  } kCases[] = {
      {"/%61%2D%7e", "/a-~"},
      {"/%2f%c3%a4", "/%2F%C3%A4"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/.", "/a/"},
      {"/..", "/"},
      {"/../../a", "/a"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/%2e/a", "/a"},
      {"//a", "/a"},
      {"/a//b///", "/a/b/"},
      {"/a//../b", "/b"},
      {"/...", "/..."},
      {"/.well-known/x", "/.well-known/x"},
      {"/a/..b/.c", "/a/..b/.c"},
      {"/%252e%252e/a", "/%252e%252e/a"},
      {"/a%3Bb", "/a%3Bb"},
      {"/a%3fb%23", "/a%3Fb%23"},
      {"/a%2Fb", "/a%2Fb"},
      {"/a%5cb", "/a%5Cb"},
      {"/a%2F/../b", "/b"},
  };
  for (const auto& [path, expected] : kCases) EXPECT_EQ(normal(path), expected) << path;
}

TEST(NormalizePath, RefusesWhatServersReadInTwoWays) {
  for (std::string_view path :
       {"",          "a",           "/%",          "/%4",        "/%4g",        "/%zz",
        "/%00",      "/a\\b",       "/..\\a",      "/a b",       "/a\tb",       "/a\x01",
        "/a\x7F",    "/\xC3\xA4",   "/a#b",        "/a?b",       "/..%2fadmin", "/a/..%2Fb",
        "/a%2f..",   "/a%2F../b",   "/%2e%2e%2fb", "/..%5cb",    "/x%5C..%5Cb", "/.%2fb",
        "/..;/b",    "/..;x=1/b",   "/.;/b",       "/%2e%2e;/b", "/a%2f..;/b",  "/..%3bx/b",
        "/%2e%3B/b", "/a%2f..%3b/b"}) {
    EXPECT_EQ(normal(path), "error") << path;
  }
}

TEST(NormalizePath, IsItsOwnFixedPoint) {
  for (std::string_view path : {"/%61/../%2f/./b//c", "/a/b/../../c/", "/%41%42%43/%7E"}) {
    std::string once = normal(path);
    EXPECT_EQ(normal(once), once);
  }
}

TEST(Authority, AcceptsHostsAndPorts) {
  for (std::string_view good : {"a", "a.b", "a.b:80", "a:", "127.0.0.1:1", "[::1]", "[::1]:8080",
                                "a_b.c", "xn--a", "a.b.", "[::ffff:1.2.3.4]:65535"}) {
    EXPECT_TRUE(valid_authority(good)) << good;
  }
  EXPECT_EQ(host_of("a.b:80"), "a.b");
  EXPECT_EQ(host_of("[::1]:80"), "[::1]");
  EXPECT_EQ(host_of("a"), "a");
}

TEST(Authority, RefusesTheRest) {
  for (std::string_view bad :
       {"",       ":80",  "a:b", "a:65536", "a:123456", "u@a",   "a b",     "a/b",
        "a,b",    "a%41", "[",   "[]",      "[::1",     "[::g]", "[::1]x",  "[fe80::1%25eth0]",
        "[v1.a]", "a?b",  "a#b", "a\\b",    "a:80:80",  "a\"",   "\xC3\xA4"}) {
    EXPECT_FALSE(valid_authority(bad)) << bad;
  }
  EXPECT_TRUE(valid_authority(std::string(255, 'a')));
  EXPECT_FALSE(valid_authority(std::string(256, 'a')));
}

TEST(ParseTarget, SplitsEachForm) {
  auto origin = parse_target("GET", "/a?b?c");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->path, "/a");
  EXPECT_EQ(origin->query, "b?c");
  EXPECT_TRUE(origin->has_query);
  auto absolute = parse_target("GET", "HTTP://a.b:81?q");
  ASSERT_TRUE(absolute);
  EXPECT_EQ(absolute->authority, "a.b:81");
  EXPECT_EQ(absolute->path, "/");
  EXPECT_EQ(absolute->query, "q");
  EXPECT_EQ(parse_target("OPTIONS", "http://a")->path, "*");
  EXPECT_EQ(parse_target("OPTIONS", "*")->path, "*");
  EXPECT_FALSE(parse_target("GET", "/a")->has_query);
  EXPECT_TRUE(parse_target("GET", "/a?")->has_query);
}

TEST(ParseTarget, RefusesTheRest) {
  for (std::string_view bad : {"", "a", "*", "?a", "ftp://a/", "http:/a", "http:///a",
                               "http://u@a/", "http://a:x/", "/a#b", "a:443", "://a", "https://"}) {
    EXPECT_FALSE(parse_target("GET", bad)) << bad;
  }
}

}  // namespace
}  // namespace gwanmun::http
