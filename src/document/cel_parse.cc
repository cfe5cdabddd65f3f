// CEL's compiler: a recursive-descent parser that resolves names, macros and functions at once.
// Grammar and precedence: the CEL specification's "Syntax".
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "document/cel.h"
#include "document/cel_code.h"
#include "document/cel_lex.h"
#include "document/limits.h"

namespace gwanmun::document {
namespace cel {
namespace {

struct Function {
  std::string_view name;
  Op op;
  std::uint8_t least;  // arguments, the receiver counted
  std::uint8_t most;
  bool global;  // f(x); size is both
};
constexpr std::array<Function, 11> kFunctions = {{
    {"size", Op::kSize, 1, 1, true},
    {"size", Op::kSize, 1, 1, false},
    {"contains", Op::kContains, 2, 2, false},
    {"startsWith", Op::kStartsWith, 2, 2, false},
    {"endsWith", Op::kEndsWith, 2, 2, false},
    {"matches", Op::kMatches, 2, 2, false},
    {"matches", Op::kMatches, 2, 2, true},
    {"split", Op::kSplit, 2, 3, false},
    {"substring", Op::kSubstring, 2, 3, false},
    {"duration", Op::kDuration, 1, 1, true},
    {"isIP", Op::kIsIp, 1, 1, true},
}};

constexpr std::array<std::pair<std::string_view, Op>, 5> kMacros = {{{"all", Op::kAll},
                                                                     {"exists", Op::kExists},
                                                                     {"exists_one", Op::kExistsOne},
                                                                     {"filter", Op::kFilter},
                                                                     {"map", Op::kMap}}};

constexpr std::array<std::string_view, 5> kFormats = {
    "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "labelValue"};

/// `__namespace__` is the field "namespace", `a__dash__b` is "a-b" (apiextensions' escapes).
std::string unescape_field(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kParts = {
      {{"__underscores__", "__"}, {"__dot__", "."}, {"__dash__", "-"}, {"__slash__", "/"}}};
  std::string out;
  while (!name.empty()) {
    bool replaced = false;
    for (auto [escape, meaning] : kParts) {
      if (!name.starts_with(escape)) continue;
      out += meaning;
      name.remove_prefix(escape.size());
      replaced = true;
      break;
    }
    if (replaced) continue;
    out += name.front();
    name.remove_prefix(1);
  }
  bool keyword = out.size() > 4 && out.starts_with("__") && out.ends_with("__");
  return keyword ? out.substr(2, out.size() - 4) : out;
}

class Parser {
 public:
  explicit Parser(std::string_view source) : lexer_(source) {}

  Result<std::unique_ptr<CelProgram::Code>> run() {
    GW_TRY(token_, lexer_.next());
    GW_TRY(code_->root, expression());
    if (token_.kind != TokenKind::kEnd) return fail(str_cat("unexpected text at ", token_.at));
    if (code_->expressions.size() > kMaxCelExpressions) return fail("the rule is too long");
    return std::move(code_);
  }

 private:
  bool is_sign(std::string_view sign) const {
    return token_.kind == TokenKind::kSign && token_.text == sign;
  }
  Result<bool> accept(std::string_view sign) {
    if (!is_sign(sign)) return false;
    GW_TRY(token_, lexer_.next());
    return true;
  }
  Result<bool> expect(std::string_view sign) {
    GW_TRY(bool found, accept(sign));
    if (!found) return fail(str_cat("expected ", sign, " at ", token_.at));
    return true;
  }
  Result<std::string> name() {
    if (token_.kind != TokenKind::kName) return fail(str_cat("expected a name at ", token_.at));
    std::string out(token_.text);
    GW_TRY(token_, lexer_.next());
    return out;
  }

  Index add(Op op, std::initializer_list<Index> arguments = {}) {
    Expression& expression = code_->expressions.emplace_back();
    expression.op = op;
    for (Index argument : arguments) expression.arguments[expression.count++] = argument;
    return static_cast<Index>(code_->expressions.size() - 1);
  }
  void set_text(Index index, std::string text) {
    at(index).place = static_cast<Index>(code_->texts.size());
    code_->texts.push_back(std::move(text));
  }
  Expression& at(Index index) { return code_->expressions[index]; }

  Result<Index> expression() {
    if (++depth_ > kMaxCelDepth) return fail("nested too deeply");
    GW_TRY(Index condition, disjunction());
    GW_TRY(bool ternary, accept("?"));
    if (ternary) {
      GW_TRY(Index then, disjunction());
      GW_TRY([[maybe_unused]] bool colon, expect(":"));
      GW_TRY(Index otherwise, expression());
      condition = add(Op::kConditional, {condition, then, otherwise});
    }
    --depth_;
    return condition;
  }

  Result<Index> disjunction() {
    GW_TRY(Index left, conjunction());
    while (is_sign("||")) {
      GW_TRY(token_, lexer_.next());
      GW_TRY(Index right, conjunction());
      left = add(Op::kOr, {left, right});
    }
    return left;
  }

  Result<Index> conjunction() {
    GW_TRY(Index left, relation());
    while (is_sign("&&")) {
      GW_TRY(token_, lexer_.next());
      GW_TRY(Index right, relation());
      left = add(Op::kAnd, {left, right});
    }
    return left;
  }

  Result<Index> relation() {
    constexpr std::array<std::pair<std::string_view, Op>, 7> kRelations = {
        {{"==", Op::kEqual},
         {"!=", Op::kNotEqual},
         {"<", Op::kLess},
         {"<=", Op::kLessEqual},
         {">", Op::kGreater},
         {">=", Op::kGreaterEqual},
         {"in", Op::kIn}}};
    GW_TRY(Index left, sum());
    for (;;) {
      std::optional<Op> op;
      for (auto [sign, relation] : kRelations) {
        bool word = sign == "in" && token_.kind == TokenKind::kName && token_.text == "in";
        if (is_sign(sign) || word) op = relation;
      }
      if (!op) return left;
      GW_TRY(token_, lexer_.next());
      GW_TRY(Index right, sum());
      left = add(*op, {left, right});
    }
  }

  Result<Index> sum() {
    GW_TRY(Index left, product());
    while (is_sign("+") || is_sign("-")) {
      Op op = is_sign("+") ? Op::kAdd : Op::kSubtract;
      GW_TRY(token_, lexer_.next());
      GW_TRY(Index right, product());
      left = add(op, {left, right});
    }
    return left;
  }

  Result<Index> product() {
    GW_TRY(Index left, unary());
    while (is_sign("*") || is_sign("/") || is_sign("%")) {
      Op op = is_sign("*") ? Op::kMultiply : is_sign("/") ? Op::kDivide : Op::kModulo;
      GW_TRY(token_, lexer_.next());
      GW_TRY(Index right, unary());
      left = add(op, {left, right});
    }
    return left;
  }

  Result<Index> unary() {
    std::vector<Op> signs;
    while (is_sign("!") || is_sign("-")) {
      signs.push_back(is_sign("!") ? Op::kNot : Op::kNegate);
      if (signs.size() > kMaxCelDepth) return fail("nested too deeply");
      GW_TRY(token_, lexer_.next());
    }
    GW_TRY(Index operand, member());
    for (; !signs.empty(); signs.pop_back()) operand = add(signs.back(), {operand});
    return operand;
  }

  Result<Index> member() {
    GW_TRY(Index value, primary());
    for (int chain = 0;; ++chain) {
      if (chain > kMaxCelDepth) return fail("nested too deeply");
      if (is_sign("[")) {
        GW_TRY(token_, lexer_.next());
        GW_TRY(Index index, expression());
        GW_TRY([[maybe_unused]] bool close, expect("]"));
        value = add(Op::kIndex, {value, index});
      } else if (is_sign(".")) {
        GW_TRY(token_, lexer_.next());
        GW_TRY(std::string field, name());
        if (is_sign("(")) {
          GW_TRY(value, method(value, field));
        } else {
          value = add(Op::kField, {value});
          set_text(value, unescape_field(field));
        }
      } else {
        return value;
      }
    }
  }

  Result<Index> primary() {
    Token token = token_;
    if (token.kind == TokenKind::kEnd) return fail("the expression ends too early");
    GW_TRY(token_, lexer_.next());
    if (token.kind == TokenKind::kName) return named(token);
    if (token.kind == TokenKind::kSign) {
      if (token.text == "[") return list();
      if (token.text != "(") return fail(str_cat("expected a value at ", token.at));
      GW_TRY(Index inner, expression());
      GW_TRY([[maybe_unused]] bool close, expect(")"));
      return inner;
    }
    Op op = token.kind == TokenKind::kInt      ? Op::kInt
            : token.kind == TokenKind::kDouble ? Op::kDouble
                                               : Op::kString;
    Index literal = add(op);
    if (op == Op::kInt) at(literal).integer = token.integer;
    else if (op == Op::kDouble) at(literal).number = token.number;
    else set_text(literal, std::move(token.value));
    return literal;
  }

  Result<Index> list() {
    std::vector<Index> elements;
    while (!is_sign("]")) {
      GW_TRY(Index element, expression());
      elements.push_back(element);
      GW_TRY(bool more, accept(","));
      if (!more) break;
    }
    GW_TRY([[maybe_unused]] bool close, expect("]"));
    Index out = add(Op::kList);
    at(out).arguments[0] = static_cast<Index>(code_->lists.size());
    at(out).arguments[1] = static_cast<Index>(elements.size());
    code_->lists.insert(code_->lists.end(), elements.begin(), elements.end());
    return out;
  }

  Result<Index> named(const Token& token) {
    std::string_view word = token.text;
    if (word == "true" || word == "false") {
      Index literal = add(Op::kBool);
      at(literal).integer = word == "true";
      return literal;
    }
    if (word == "null") return add(Op::kNull);
    if (is_sign("(")) return word == "has" ? has() : call(word, {});
    if (word == "format" && is_sign(".")) return format();
    for (std::size_t i = locals_.size(); i-- > 0;) {
      if (locals_[i] == word) return variable(static_cast<std::uint8_t>(kFirstLocal + i));
    }
    if (word == "self") return variable(kSelf);
    if (word != "oldSelf") return fail(str_cat("unknown name ", word, " at ", token.at));
    code_->uses_old_self = true;
    return variable(kOldSelf);
  }

  Index variable(std::uint8_t slot) {
    Index out = add(Op::kVariable);
    at(out).slot = slot;
    return out;
  }

  /// has(a.b): whether the field is there; an error when `a` is.
  Result<Index> has() {
    GW_TRY([[maybe_unused]] bool open, expect("("));
    GW_TRY(Index value, expression());
    GW_TRY([[maybe_unused]] bool close, expect(")"));
    if (at(value).op != Op::kField) return fail("has() takes a field");
    at(value).op = Op::kHas;
    return value;
  }

  Result<Index> method(Index receiver, std::string_view word) {
    for (auto [macro, op] : kMacros) {
      if (macro == word) return comprehension(op, receiver);
    }
    return call(word, receiver);
  }

  Result<Index> comprehension(Op op, Index range) {
    GW_TRY([[maybe_unused]] bool open, expect("("));
    GW_TRY(std::string variable_name, name());
    if (locals_.size() + kFirstLocal >= kMaxVariables) return fail("too many nested variables");
    locals_.push_back(std::move(variable_name));
    auto slot = static_cast<std::uint8_t>(kFirstLocal + locals_.size() - 1);
    GW_TRY([[maybe_unused]] bool comma, expect(","));
    GW_TRY(Index body, expression());
    Index out = add(op, {range, body});
    GW_TRY(bool condition, accept(","));
    if (condition) {
      if (op != Op::kMap) return fail("only map() takes three arguments");
      GW_TRY(Index mapped, expression());
      out = add(op, {range, body, mapped});
    }
    GW_TRY([[maybe_unused]] bool close, expect(")"));
    at(out).slot = slot;
    locals_.pop_back();
    return out;
  }

  Result<Index> call(std::string_view word, std::optional<Index> receiver) {
    std::size_t place = token_.at;
    std::vector<Index> arguments;
    if (receiver) arguments.push_back(*receiver);
    GW_TRY([[maybe_unused]] bool open, expect("("));
    while (!is_sign(")")) {
      GW_TRY(Index argument, expression());
      arguments.push_back(argument);
      GW_TRY(bool more, accept(","));
      if (!more) break;
    }
    GW_TRY([[maybe_unused]] bool close, expect(")"));
    for (const Function& function : kFunctions) {
      if (function.name != word || function.global == receiver.has_value()) continue;
      if (arguments.size() < function.least || arguments.size() > function.most) continue;
      Index out = add(function.op);
      for (Index argument : arguments) at(out).arguments[at(out).count++] = argument;
      GW_TRY([[maybe_unused]] bool compiled, compile_pattern(out));
      return out;
    }
    return fail(
        str_cat("unknown function ", word, "() with ", arguments.size(), " arguments at ", place));
  }

  Result<bool> compile_pattern(Index call) {
    if (at(call).op != Op::kMatches) return true;
    const Expression& pattern = at(at(call).arguments[1]);
    if (pattern.op != Op::kString) return fail("matches() takes a literal pattern");
    auto compiled = std::make_unique<RE2>(code_->texts[pattern.place], RE2::Quiet);
    if (!compiled->ok()) return fail(str_cat("bad pattern: ", compiled->error()));
    at(call).place = static_cast<Index>(code_->patterns.size());
    code_->patterns.push_back(std::move(compiled));
    return true;
  }

  /// format.dns1123Label().validate(x)
  Result<Index> format() {
    GW_TRY([[maybe_unused]] bool dot, expect("."));
    GW_TRY(std::string which, name());
    bool known = false;
    for (std::string_view format_name : kFormats) known |= format_name == which;
    if (!known) return fail(str_cat("unknown format ", which));
    for (std::string_view sign : {"(", ")", "."}) {
      GW_TRY([[maybe_unused]] bool found, expect(sign));
    }
    GW_TRY(std::string function, name());
    if (function != "validate") return fail("a format offers only validate()");
    GW_TRY([[maybe_unused]] bool open, expect("("));
    GW_TRY(Index text, expression());
    GW_TRY([[maybe_unused]] bool close, expect(")"));
    Index out = add(Op::kFormatValidate, {text});
    set_text(out, std::move(which));
    return out;
  }

  Lexer lexer_;
  Token token_;
  std::unique_ptr<CelProgram::Code> code_ = std::make_unique<CelProgram::Code>();
  std::vector<std::string> locals_;
  int depth_ = 0;
};

}  // namespace
}  // namespace cel

Result<CelProgram> CelProgram::compile(std::string_view source) {
  if (source.size() > kMaxCelLength) {
    return fail(str_cat("a rule of more than ", kMaxCelLength, " characters"));
  }
  auto code = cel::Parser(source).run();
  if (!code) return std::unexpected(std::move(code).error());
  return CelProgram(*std::move(code));
}

CelProgram::CelProgram(std::unique_ptr<const Code> code) : code_(std::move(code)) {}
CelProgram::CelProgram(CelProgram&&) noexcept = default;
CelProgram& CelProgram::operator=(CelProgram&&) noexcept = default;
CelProgram::~CelProgram() = default;
bool CelProgram::uses_old_self() const { return code_->uses_old_self; }

}  // namespace gwanmun::document
