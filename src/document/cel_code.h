// Between CEL's compiler (cel_parse.cc) and its evaluator (cel_eval.cc): the compiled form.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "document/cel.h"

namespace gwanmun::document::cel {

enum class Op : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kDouble,
  kString,    // literals
  kVariable,  // slot
  kField,
  kHas,  // arguments[0], text: the field
  kIndex,
  kList,
  kConditional,
  kOr,
  kAnd,
  kNot,
  kNegate,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kAll,
  kExists,
  kExistsOne,
  kFilter,
  kMap,  // arguments: range, [condition,] body; slot
  kSize,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kSplit,
  kSubstring,
  kDuration,
  kIsIp,
  kFormatValidate,  // text: the format's name
};

using Index = std::uint32_t;

/// 24 bytes, so that the rules of one object stay in the nearest cache.
struct Expression {
  Op op = Op::kNull;
  std::uint8_t slot = 0;
  std::uint8_t count = 0;   // of arguments
  Index arguments[3] = {};  // kList: where its elements start in Code::lists, and how many
  union {
    std::int64_t integer = 0;  // kBool, kInt
    double number;             // kDouble
    Index place;               // in Code::texts; kMatches: in Code::patterns
  };
};

constexpr std::uint8_t kSelf = 0;
constexpr std::uint8_t kOldSelf = 1;
constexpr std::uint8_t kFirstLocal = 2;
constexpr std::uint8_t kMaxVariables = 16;

}  // namespace gwanmun::document::cel

namespace gwanmun::document {

struct CelProgram::Code {
  std::vector<cel::Expression> expressions;
  std::vector<cel::Index> lists;  // elements of list literals
  std::vector<std::string> texts;
  std::vector<std::unique_ptr<RE2>> patterns;
  cel::Index root = 0;
  bool uses_old_self = false;
};

}  // namespace gwanmun::document
