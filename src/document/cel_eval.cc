// CEL's evaluator: walks the compiled expression. Values are small and copied; texts and lists
// point into the document, the program, or what this evaluation made. Errors are values, as in the
// CEL specification, because && || all exists have to look past them.
#include <forward_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "document/cel.h"
#include "document/cel_code.h"
#include "document/formats.h"
#include "document/limits.h"
#include "document/utf8.h"

namespace gwanmun::document::cel {
namespace {

/// 24 bytes and trivial: copied everywhere, and arrays of it cost nothing until written.
struct Value {
  enum class Kind : std::uint8_t {
    kNull,
    kError,
    kBool,
    kInt,
    kDouble,
    kString,
    kDuration,
    kNode,
    kValues
  };
  Kind kind;
  union {
    bool boolean;
    std::int64_t integer;              // kInt, kDuration in nanoseconds
    double number;                     // kDouble
    const Node* node;                  // kNode: a list or a map of the document
    const std::vector<Value>* values;  // kValues: a list this evaluation made
    const char* characters;            // kString, kError
  };
  std::size_t length;  // of `characters`

  std::string_view text() const { return {characters, length}; }
};
using Kind = Value::Kind;

Value null() { return {.kind = Kind::kNull, .integer = 0, .length = 0}; }
Value text_value(Kind kind, std::string_view text) {
  return {.kind = kind, .characters = text.data(), .length = text.size()};
}
Value error(std::string_view what) { return text_value(Kind::kError, what); }
Value boolean(bool truth) { return {.kind = Kind::kBool, .boolean = truth, .length = 0}; }
Value integer(std::int64_t number, Kind kind = Kind::kInt) {
  return {.kind = kind, .integer = number, .length = 0};
}
Value real(double number) { return {.kind = Kind::kDouble, .number = number, .length = 0}; }
Value string(std::string_view text) { return text_value(Kind::kString, text); }
Value of_node(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::kNull:
      return null();
    case Node::Kind::kBool:
      return boolean(node.as_bool());
    case Node::Kind::kInteger:
      return integer(node.as_integer());
    case Node::Kind::kFloat:
      return real(node.as_number());
    case Node::Kind::kString:
      return string(node.as_string());
    case Node::Kind::kList:
    case Node::Kind::kMap:
      break;
  }
  return {.kind = Kind::kNode, .node = &node, .length = 0};
}

bool is_error(const Value& value) { return value.kind == Kind::kError; }
bool is_true(const Value& value) { return value.kind == Kind::kBool && value.boolean; }
bool is_false(const Value& value) { return value.kind == Kind::kBool && !value.boolean; }
bool is_map(const Value& value) { return value.kind == Kind::kNode && value.node->is_map(); }
bool is_list(const Value& value) {
  return value.kind == Kind::kValues || (value.kind == Kind::kNode && value.node->is_list());
}
bool is_number(const Value& value) {
  return value.kind == Kind::kInt || value.kind == Kind::kDouble;
}
double as_double(const Value& value) {
  return value.kind == Kind::kInt ? static_cast<double>(value.integer) : value.number;
}

std::size_t list_size(const Value& list) {
  return list.kind == Kind::kValues ? list.values->size() : list.node->items().size();
}
Value list_item(const Value& list, std::size_t i) {
  return list.kind == Kind::kValues ? (*list.values)[i] : of_node(list.node->items()[i]);
}

bool equal(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) {
    if (a.kind == Kind::kInt && b.kind == Kind::kInt) return a.integer == b.integer;
    return as_double(a) == as_double(b);
  }
  if (is_list(a) && is_list(b)) {
    if (list_size(a) != list_size(b)) return false;
    for (std::size_t i = 0; i < list_size(a); ++i) {
      if (!equal(list_item(a, i), list_item(b, i))) return false;
    }
    return true;
  }
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.boolean == b.boolean;
    case Kind::kString:
      return a.text() == b.text();
    case Kind::kDuration:
      return a.integer == b.integer;
    case Kind::kNode:
      return *a.node == *b.node;
    default:
      return false;
  }
}

constexpr std::string_view kNoOverload = "no such overload";

class Evaluator {
 public:
  Evaluator(const CelProgram::Code& code, const Node& self, const Node* old_self) : code_(code) {
    variables_[kSelf] = of_node(self);
    variables_[kOldSelf] = old_self == nullptr ? error("there is no oldSelf") : of_node(*old_self);
  }

  Value run() { return eval(code_.root); }

 private:
  /// Small on purpose: rules are mostly fields and literals, and a call that does more gets a frame
  /// of its own.
  Value eval(Index index) {
    const Expression& e = code_.expressions[index];
    if (++steps_ > kMaxCelSteps) return error("the rule takes too many steps on this object");
    switch (e.op) {
      case Op::kNull:
        return null();
      case Op::kBool:
        return boolean(e.integer != 0);
      case Op::kInt:
        return integer(e.integer);
      case Op::kDouble:
        return real(e.number);
      case Op::kString:
        return string(code_.texts[e.place]);
      case Op::kVariable:
        return variables_[e.slot];
      case Op::kField:
      case Op::kHas:
        return field(e);
      case Op::kConditional:
        return conditional(e);
      case Op::kOr:
        return either(e, true);
      case Op::kAnd:
        return either(e, false);
      case Op::kIndex:
      case Op::kList:
      case Op::kNot:
      case Op::kAll:
      case Op::kExists:
      case Op::kExistsOne:
      case Op::kFilter:
      case Op::kMap:
        return composite(e);
      case Op::kIn:
        if (code_.expressions[e.arguments[1]].op == Op::kList) return in_literal(e);
        return strict(e);
      default:
        return strict(e);
    }
  }

  [[gnu::noinline]] Value composite(const Expression& e) {
    switch (e.op) {
      case Op::kIndex:
        return element(eval(e.arguments[0]), eval(e.arguments[1]));
      case Op::kList:
        return list(e);
      case Op::kNot:
        return negation(eval(e.arguments[0]));
      default:
        return comprehension(e);
    }
  }

  /// Operators that fail when an argument does. Each value is made where it stays: copying one
  /// right after it was written piece by piece costs more than making it.
  [[gnu::noinline]] Value strict(const Expression& e) {
    const Value a = eval(e.arguments[0]);
    if (is_error(a)) return a;
    if (e.count == 1) return unary(e, a);
    const Value b = eval(e.arguments[1]);
    if (is_error(b)) return b;
    if (e.count == 2) return binary(e, a, b);
    const Value c = eval(e.arguments[2]);
    if (is_error(c)) return c;
    return e.op == Op::kSplit ? split_text(a, b, &c) : substring(a, b, &c);
  }

  Value unary(const Expression& e, const Value& a) {
    switch (e.op) {
      case Op::kNegate:
        return negate(a);
      case Op::kSize:
        return size(a);
      case Op::kDuration:
        return duration(a);
      case Op::kIsIp:
        return is_ip(a);
      case Op::kFormatValidate:
        return validate(code_.texts[e.place], a);
      default:
        return error("not compiled");
    }
  }

  Value binary(const Expression& e, const Value& a, const Value& b) {
    switch (e.op) {
      case Op::kEqual:
        return boolean(equal_counted(a, b));
      case Op::kNotEqual:
        return boolean(!equal_counted(a, b));
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return compare(e.op, a, b);
      case Op::kIn:
        return contained(a, b);
      case Op::kContains:
      case Op::kStartsWith:
      case Op::kEndsWith:
        return find(e.op, a, b);
      case Op::kMatches:
        return matches(e, a);
      case Op::kSplit:
        return split_text(a, b, nullptr);
      case Op::kSubstring:
        return substring(a, b, nullptr);
      default:
        return arithmetic(e.op, a, b);
    }
  }

  /// Long values cost steps, too.
  void charge(std::size_t length) { steps_ += static_cast<long>(length / 16); }

  bool equal_counted(const Value& a, const Value& b) {
    if (a.kind == Kind::kString) charge(a.text().size());
    if (is_list(a)) charge(list_size(a) * 64);
    if (is_map(a)) charge(a.node->members().size() * 64);
    return equal(a, b);
  }

  [[gnu::noinline]] Value field(const Expression& e) {
    Value value = eval(e.arguments[0]);
    if (is_error(value)) return value;
    if (!is_map(value)) return error(kNoOverload);
    const std::string& name = code_.texts[e.place];
    const Node* member = value.node->find(name);
    if (e.op == Op::kHas) return boolean(member != nullptr);
    return member == nullptr ? error(keep(str_cat("no such key: ", name))) : of_node(*member);
  }

  Value element(const Value& from, const Value& key) {
    if (is_error(from)) return from;
    if (is_error(key)) return key;
    if (is_map(from) && key.kind == Kind::kString) {
      const Node* member = from.node->find(key.text());
      return member == nullptr ? error("no such key") : of_node(*member);
    }
    if (!is_list(from) || key.kind != Kind::kInt) return error(kNoOverload);
    if (key.integer < 0 || static_cast<std::size_t>(key.integer) >= list_size(from)) {
      return error("index out of bounds");
    }
    return list_item(from, static_cast<std::size_t>(key.integer));
  }

  Value list(const Expression& e) {
    std::vector<Value>& values = lists_.emplace_front();
    values.reserve(e.arguments[1]);
    for (Index i = 0; i < e.arguments[1]; ++i) {
      values.push_back(eval(code_.lists[e.arguments[0] + i]));
      if (is_error(values.back())) return values.back();
    }
    return made(values);
  }

  /// `x in [a, b]` without making the list.
  [[gnu::noinline]] Value in_literal(const Expression& e) {
    const Expression& literal = code_.expressions[e.arguments[1]];
    Value wanted = eval(e.arguments[0]);
    if (is_error(wanted)) return wanted;
    bool found = false;
    for (Index i = 0; i < literal.arguments[1]; ++i) {
      Value item = eval(code_.lists[literal.arguments[0] + i]);
      if (is_error(item)) return item;
      found = found || equal_counted(wanted, item);
    }
    return boolean(found);
  }

  static Value made(const std::vector<Value>& values) {
    return {.kind = Kind::kValues, .values = &values, .length = 0};
  }

  [[gnu::noinline]] Value conditional(const Expression& e) {
    Value condition = eval(e.arguments[0]);
    if (is_error(condition)) return condition;
    if (condition.kind != Kind::kBool) return error(kNoOverload);
    return eval(e.arguments[condition.boolean ? 1 : 2]);
  }

  /// || (decided by true) and && (decided by false): an error counts only when nothing decides.
  [[gnu::noinline]] Value either(const Expression& e, bool decisive) {
    const Value left = eval(e.arguments[0]);
    if (left.kind == Kind::kBool && left.boolean == decisive) return boolean(decisive);
    const Value right = eval(e.arguments[1]);
    if (right.kind == Kind::kBool && right.boolean == decisive) return boolean(decisive);
    if (left.kind != Kind::kBool) return is_error(left) ? left : error(kNoOverload);
    if (right.kind != Kind::kBool) return is_error(right) ? right : error(kNoOverload);
    return boolean(!decisive);
  }

  static Value negation(const Value& value) {
    if (is_error(value)) return value;
    return value.kind == Kind::kBool ? boolean(!value.boolean) : error(kNoOverload);
  }

  [[gnu::noinline]] Value comprehension(const Expression& e) {
    Value range = eval(e.arguments[0]);
    if (is_error(range)) return range;
    bool map = is_map(range);
    if (!map && !is_list(range)) return error(kNoOverload);
    std::size_t size = map ? range.node->members().size() : list_size(range);
    std::vector<Value>* made_values =
        e.op == Op::kFilter || e.op == Op::kMap ? &lists_.emplace_front() : nullptr;
    std::optional<Value> first_error;
    int found = 0;
    for (std::size_t i = 0; i < size; ++i) {
      Value item = map ? string(range.node->members()[i].key) : list_item(range, i);
      variables_[e.slot] = item;
      Value answer = eval(e.arguments[1]);
      if (e.op == Op::kAll && is_false(answer)) return answer;
      if (e.op == Op::kExists && is_true(answer)) return answer;
      bool condition = e.op != Op::kMap || e.count == 3;
      if (condition && answer.kind != Kind::kBool) {
        if (!is_error(answer)) answer = error(kNoOverload);
        if (e.op != Op::kAll && e.op != Op::kExists) return answer;
        if (!first_error) first_error = answer;
        if (steps_ > kMaxCelSteps) return answer;
        continue;
      }
      if (e.op == Op::kMap && (e.count == 2 || answer.boolean)) {
        if (e.count == 3) answer = eval(e.arguments[2]);
        if (is_error(answer)) return answer;
        made_values->push_back(answer);
      } else if (e.op == Op::kFilter && answer.boolean) {
        made_values->push_back(item);
      } else if (e.op == Op::kExistsOne) {
        found += answer.boolean ? 1 : 0;
      }
    }
    if (first_error) return *first_error;
    if (made_values != nullptr) return made(*made_values);
    return boolean(e.op == Op::kAll || (e.op == Op::kExistsOne && found == 1));
  }

  static Value negate(const Value& a) {
    if (a.kind == Kind::kDouble) return real(-a.number);
    if (a.kind != Kind::kInt) return error(kNoOverload);
    if (a.integer == INT64_MIN) return error("integer overflow");
    return integer(-a.integer);
  }

  Value compare(Op op, const Value& a, const Value& b) {
    int order = 0;
    if (is_number(a) && is_number(b)) {
      bool whole = a.kind == Kind::kInt && b.kind == Kind::kInt;
      bool less = whole ? a.integer < b.integer : as_double(a) < as_double(b);
      bool more = whole ? a.integer > b.integer : as_double(a) > as_double(b);
      order = less ? -1 : more ? 1 : 0;
    } else if (a.kind == Kind::kString && b.kind == Kind::kString) {
      charge(a.text().size());
      order = a.text().compare(b.text());
    } else if (a.kind == Kind::kDuration && b.kind == Kind::kDuration) {
      order = a.integer < b.integer ? -1 : a.integer > b.integer ? 1 : 0;
    } else {
      return error(kNoOverload);
    }
    switch (op) {
      case Op::kLess:
        return boolean(order < 0);
      case Op::kLessEqual:
        return boolean(order <= 0);
      case Op::kGreater:
        return boolean(order > 0);
      default:
        return boolean(order >= 0);
    }
  }

  Value contained(const Value& a, const Value& b) {
    if (is_map(b)) {
      if (a.kind != Kind::kString) return error(kNoOverload);
      return boolean(b.node->find(a.text()) != nullptr);
    }
    if (!is_list(b)) return error(kNoOverload);
    for (std::size_t i = 0; i < list_size(b); ++i) {
      ++steps_;
      if (equal_counted(a, list_item(b, i))) return boolean(true);
    }
    return boolean(false);
  }

  Value arithmetic(Op op, const Value& a, const Value& b) {
    if (a.kind == Kind::kString && b.kind == Kind::kString && op == Op::kAdd) {
      charge(16 * (a.text().size() + b.text().size()));
      if (steps_ > kMaxCelSteps) return error("the rule builds too long a text");
      return string(keep(str_cat(a.text(), b.text())));
    }
    if (a.kind == Kind::kDouble && b.kind == Kind::kDouble) {
      switch (op) {
        case Op::kAdd:
          return real(a.number + b.number);
        case Op::kSubtract:
          return real(a.number - b.number);
        case Op::kMultiply:
          return real(a.number * b.number);
        case Op::kDivide:
          return real(a.number / b.number);
        default:
          return error(kNoOverload);
      }
    }
    if (a.kind != Kind::kInt || b.kind != Kind::kInt) return error(kNoOverload);
    std::int64_t out = 0;
    bool overflow = false;
    switch (op) {
      case Op::kAdd:
        overflow = __builtin_add_overflow(a.integer, b.integer, &out);
        break;
      case Op::kSubtract:
        overflow = __builtin_sub_overflow(a.integer, b.integer, &out);
        break;
      case Op::kMultiply:
        overflow = __builtin_mul_overflow(a.integer, b.integer, &out);
        break;
      default:
        if (b.integer == 0) return error("division by zero");
        overflow = a.integer == INT64_MIN && b.integer == -1;
        if (!overflow) out = op == Op::kDivide ? a.integer / b.integer : a.integer % b.integer;
    }
    return overflow ? error("integer overflow") : integer(out);
  }

  Value size(const Value& a) {
    if (a.kind == Kind::kString) {
      charge(a.text().size());
      return integer(static_cast<std::int64_t>(count_code_points(a.text())));
    }
    if (is_list(a)) return integer(static_cast<std::int64_t>(list_size(a)));
    if (is_map(a)) return integer(static_cast<std::int64_t>(a.node->members().size()));
    return error(kNoOverload);
  }

  Value find(Op op, const Value& a, const Value& b) {
    if (a.kind != Kind::kString || b.kind != Kind::kString) return error(kNoOverload);
    charge(a.text().size());
    if (op == Op::kStartsWith) return boolean(a.text().starts_with(b.text()));
    if (op == Op::kEndsWith) return boolean(a.text().ends_with(b.text()));
    charge(a.text().size() * b.text().size() / 8);
    return boolean(a.text().contains(b.text()));
  }

  Value matches(const Expression& e, const Value& a) {
    if (a.kind != Kind::kString) return error(kNoOverload);
    charge(a.text().size() * 8);
    return boolean(RE2::PartialMatch({a.text().data(), a.text().size()}, *code_.patterns[e.place]));
  }

  Value split_text(const Value& a, const Value& b, const Value* most) {
    bool good = a.kind == Kind::kString && b.kind == Kind::kString &&
                (most == nullptr || most->kind == Kind::kInt);
    if (!good) return error(kNoOverload);
    charge(16 * a.text().size());
    std::int64_t left = most == nullptr ? -1 : most->integer;
    std::vector<Value>& pieces = lists_.emplace_front();
    std::string_view text = a.text();
    if (text.empty() && b.text().empty()) left = 0;
    while (left != 0) {
      std::size_t end = left == 1 ? text.npos : find_separator(text, b.text());
      pieces.push_back(string(text.substr(0, end)));
      if (end == text.npos) break;
      text.remove_prefix(end + b.text().size());
      if (left > 0) --left;
    }
    return made(pieces);
  }

  /// An empty separator splits between code points.
  static std::size_t find_separator(std::string_view text, std::string_view separator) {
    if (!separator.empty()) return text.find(separator);
    std::size_t end = byte_of(text, 1);
    return end == text.size() ? text.npos : end;
  }

  Value substring(const Value& a, const Value& from, const Value* to) {
    bool good = a.kind == Kind::kString && from.kind == Kind::kInt &&
                (to == nullptr || to->kind == Kind::kInt);
    if (!good) return error(kNoOverload);
    charge(a.text().size());
    auto length = static_cast<std::int64_t>(count_code_points(a.text()));
    std::int64_t end = to == nullptr ? length : to->integer;
    if (from.integer < 0 || end > length || from.integer > end) return error("index out of range");
    std::size_t begin_byte = byte_of(a.text(), from.integer);
    return string(a.text().substr(begin_byte, byte_of(a.text(), end) - begin_byte));
  }

  static std::size_t byte_of(std::string_view text, std::int64_t code_point) {
    std::size_t i = 0;
    for (; i < text.size() && code_point > 0; --code_point) {
      ++i;
      while (i < text.size() && (text[i] & 0xC0) == 0x80) ++i;
    }
    return i;
  }

  static Value duration(const Value& a) {
    if (a.kind != Kind::kString) return error(kNoOverload);
    auto nanoseconds = parse_go_duration(a.text());
    return nanoseconds ? integer(*nanoseconds, Kind::kDuration) : error("bad duration");
  }

  static Value is_ip(const Value& a) {
    return a.kind == Kind::kString ? boolean(is_ip_address(a.text())) : error(kNoOverload);
  }

  /// The API documents `== null` as the way to ask for validity, so that is what a good text gives;
  /// else a list of what is wrong.
  Value validate(std::string_view format, const Value& a) {
    if (a.kind != Kind::kString) return error(kNoOverload);
    charge(a.text().size());
    if (fits_format(format, a.text())) return null();
    return made(lists_.emplace_front(1, string(format)));
  }

  std::string_view keep(std::string text) { return texts_.emplace_front(std::move(text)); }

  const CelProgram::Code& code_;
  Value variables_[kMaxVariables];  // written before read: the compiler resolved them
  std::forward_list<std::vector<Value>> lists_;
  std::forward_list<std::string> texts_;
  long steps_ = 0;
};

}  // namespace
}  // namespace gwanmun::document::cel

namespace gwanmun::document {

Result<bool> CelProgram::evaluate(const Node& self, const Node* old_self) const {
  cel::Evaluator evaluator(*code_, self, old_self);
  cel::Value value = evaluator.run();
  if (value.kind == cel::Kind::kBool) return value.boolean;
  return fail(std::string(cel::is_error(value) ? value.text() : "the rule gives no boolean"));
}

Result<std::string> CelProgram::evaluate_text(const Node& self, const Node* old_self) const {
  cel::Evaluator evaluator(*code_, self, old_self);
  cel::Value value = evaluator.run();
  if (value.kind == cel::Kind::kString) return std::string(value.text());
  return fail(std::string(cel::is_error(value) ? value.text() : "the expression gives no text"));
}

}  // namespace gwanmun::document
