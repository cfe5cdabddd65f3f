#include "http/message.h"

#include <gtest/gtest.h>

namespace gwanmun::http {
namespace {

TEST(FieldIds, EveryNameIsFoundAndNothingElse) {
  for (int id = 1; id < static_cast<int>(FieldId::kCount); ++id) {
    std::string name(field_name(static_cast<FieldId>(id)));
    EXPECT_EQ(static_cast<int>(field_id(name)), id) << name;
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::string other = name;
      other[i] = other[i] == 'q' ? 'w' : 'q';
      EXPECT_EQ(field_id(other), FieldId::kOther) << other;
    }
    EXPECT_NE(static_cast<int>(field_id(name + "x")), id);
  }
  EXPECT_EQ(field_id(""), FieldId::kOther);
  EXPECT_EQ(field_id("x"), FieldId::kOther);
  EXPECT_EQ(field_id(std::string(300, 'a')), FieldId::kOther);
}

TEST(Headers, KeepsOrderAndDuplicates) {
  Arena arena;
  Headers headers(arena);
  headers.add("accept", "a");
  headers.add("x-one", "1");
  headers.add("accept", "b");
  headers.add("x-one", "2");
  EXPECT_EQ(headers.size(), 4u);
  EXPECT_EQ(headers.joined("accept"), "a, b");
  EXPECT_EQ(headers.joined("x-one"), "1, 2");
  EXPECT_EQ(headers.joined("x-two"), "");
  EXPECT_EQ(headers.find("x-one")->value, "1");
  EXPECT_EQ(headers.find(FieldId::kAccept)->value, "a");
  EXPECT_EQ(headers.find(FieldId::kHost), nullptr);
}

TEST(Headers, SetReplacesTheFirstAndDropsTheOthers) {
  Arena arena;
  Headers headers(arena);
  headers.add("a-a", "1");
  headers.add("x-one", "1");
  headers.add("x-one", "2");
  headers.add("z-z", "3");
  headers.set("x-one", "new");
  headers.set("accept", "added");
  ASSERT_EQ(headers.size(), 4u);
  EXPECT_EQ(headers.begin()[1].value, "new");
  EXPECT_EQ(headers.begin()[2].name, "z-z");
  EXPECT_EQ(headers.begin()[3].id, FieldId::kAccept);
}

TEST(Headers, RemoveSaysHowMany) {
  Arena arena;
  Headers headers(arena);
  for (int i = 0; i < 40; ++i) headers.add(i % 2 == 0 ? "cookie" : "x-odd", "v");
  EXPECT_EQ(headers.remove(FieldId::kCookie), 20);
  EXPECT_EQ(headers.remove("cookie"), 0);
  EXPECT_EQ(headers.remove("x-odd"), 20);
  EXPECT_TRUE(headers.empty());
}

}  // namespace
}  // namespace gwanmun::http
