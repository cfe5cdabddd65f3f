// The field tables of the API's structs: each struct lists its members once, by their names in
// YAML, and decoding, encoding and the drift test against the CRDs walk that list.
#pragma once

#include <string_view>
#include <tuple>

namespace gwanmun::api {

template <class Owner, class Member>
struct Field {
  using Type = Member;
  std::string_view name;
  Member Owner::* member;
};
template <class Owner, class Member>
Field(const char*, Member Owner::*) -> Field<Owner, Member>;

/// A struct with a table: `static constexpr auto fields()` returning a tuple of Field.
template <class T>
concept Tabled = requires { T::fields(); };

template <class T, class Visitor>
constexpr void for_each_field(Visitor&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, T::fields());
}

}  // namespace gwanmun::api
