#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/status/condition.h"
#include "control/status/objects.h"
#include "control/status/table.h"

namespace gwanmun::control {
namespace {

using ::testing::HasSubstr;

api::Condition condition(const char* type, const char* status) {
  return {.type = type, .status = status, .reason = "Because", .message = "of this"};
}

translate::Translation with_route(const api::Conditions& conditions) {
  api::RouteStatus status;
  status.parents.push_back({.parentRef = {.name = "gw", .sectionName = "http"},
                            .controllerName = "c",
                            .conditions = conditions});
  translate::Translation result;
  result.statuses[{"HTTPRoute", "shop", "orders"}] =
      std::make_shared<const translate::Status>(std::move(status));
  return result;
}

TEST(Condition, TroubleIsGoodWhenFalse) {
  EXPECT_TRUE(is_good(condition("Accepted", "True")));
  EXPECT_FALSE(is_good(condition("Accepted", "Unknown")));
  EXPECT_TRUE(is_good(condition("Conflicted", "False")));
  EXPECT_FALSE(is_good(condition("PartiallyInvalid", "True")));
}

TEST(Table, ColumnsAlignAndLinesHaveNoTrailingSpace) {
  EXPECT_EQ(format_table({{"A", "LONG", "C"}, {"value", "x", ""}}),
            "A       LONG   C\nvalue   x\n");
}

TEST(Table, ARouteAndWhatIsWrongWithIt) {
  auto text = status_tables(
      {}, with_route({condition("Accepted", "True"), condition("ResolvedRefs", "False")}));
  EXPECT_EQ(text,
            "ROUTE                   PARENT         ACCEPTED   RESOLVEDREFS\n"
            "HTTPRoute shop/orders   shop/gw#http   True       False\n"
            "\n"
            "HTTPRoute shop/orders (shop/gw#http): ResolvedRefs=False Because: of this\n");
  EXPECT_EQ(status_tables({}, {}), "No Gateway API objects found.\n");
}

TEST(StatusBook, ATransitionTimeMovesOnlyWithTheStatus) {
  StatusBook book;
  auto time_of = [&](std::size_t i) {
    const auto& status = book.statuses().at({"HTTPRoute", "shop", "orders"});
    return std::get<api::RouteStatus>(status).parents[0].conditions[i].lastTransitionTime;
  };
  book.update(with_route({condition("Accepted", "True"), condition("ResolvedRefs", "True")}), "t1");
  book.update(with_route({condition("Accepted", "True"), condition("ResolvedRefs", "False")}),
              "t2");
  EXPECT_EQ(time_of(0), "t1");
  EXPECT_EQ(time_of(1), "t2");
}

TEST(StatusBook, ObjectsCarryTheirManifest) {
  StatusBook book;
  book.update(with_route({condition("Accepted", "True")}), "t1");
  auto manifest = document::Node::map();
  manifest.set("kind", document::Node::string("HTTPRoute"));
  auto objects = book.objects([&](const api::ObjectRef&) { return &manifest; });
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0].text("kind"), "HTTPRoute");
  ASSERT_NE(objects[0].at("status", "parents"), nullptr);
  objects = book.objects([](const api::ObjectRef&) { return nullptr; });
  EXPECT_EQ(objects[0].at("metadata")->text("namespace"), "shop");
}

}  // namespace
}  // namespace gwanmun::control
