// See flags.h.
#include "cli/flags.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace gwanmun::cli {

namespace {

std::string quoted(std::string_view text) { return str_cat("'", text, "'"); }

Result<void> parse_boolean(std::string_view value, bool& target) {
  if (value != "true" && value != "false") return fail("expected true or false");
  target = value == "true";
  return {};
}

}  // namespace

void FlagSet::add(FlagName name, bool is_boolean, std::string default_text, Parser parser) {
  flags_.push_back({std::move(name), is_boolean, std::move(default_text), std::move(parser)});
}

void FlagSet::boolean(FlagName flag, bool& target) {
  add(std::move(flag), true, target ? "true" : "false",
      [&target](std::string_view value) { return parse_boolean(value, target); });
}

void FlagSet::text(FlagName flag, std::string& target) {
  add(std::move(flag), false, quoted(target), [&target](std::string_view value) -> Result<void> {
    target = value;
    return {};
  });
}

void FlagSet::choice(FlagName flag, std::string& target, std::vector<std::string> allowed) {
  auto parser = [&target, allowed = std::move(allowed)](std::string_view value) -> Result<void> {
    if (std::ranges::find(allowed, value) == allowed.end())
      return fail(str_cat("expected one of ", join(allowed, ", ")));
    target = value;
    return {};
  };
  add(std::move(flag), false, quoted(target), std::move(parser));
}

void FlagSet::list(FlagName flag, std::vector<std::string>& target) {
  std::string text = str_cat("[", join(target, ","), "]");
  // The first value given replaces the defaults; later ones add.
  auto parser = [&target, fresh = true](std::string_view value) mutable -> Result<void> {
    if (std::exchange(fresh, false)) target.clear();
    for (auto piece : split(value, ',')) {
      if (trim(piece).empty()) return fail("an empty value in the list");
      target.emplace_back(trim(piece));
    }
    return {};
  };
  add(std::move(flag), false, std::move(text), std::move(parser));
}

void FlagSet::number(FlagName flag, std::uint32_t& target, std::uint32_t max) {
  auto parser = [&target, max](std::string_view value) -> Result<void> {
    auto number = parse_uint(value);
    if (!number || *number > max) return fail(str_cat("expected a number from 0 to ", max));
    target = static_cast<std::uint32_t>(*number);
    return {};
  };
  add(std::move(flag), false, str_cat(target), std::move(parser));
}

void FlagSet::duration(FlagName flag, Milliseconds& target) {
  auto parser = [&target](std::string_view value) -> Result<void> {
    auto duration = parse_duration(value);
    if (!duration) return fail("expected a duration such as 30s, 500ms or 1m30s");
    target = *duration;
    return {};
  };
  add(std::move(flag), false, to_string(target), std::move(parser));
}

void FlagSet::custom(FlagName flag, std::string default_text, Parser parser) {
  add(std::move(flag), false, std::move(default_text), std::move(parser));
}

const FlagSet::Flag* FlagSet::find(std::string_view name) const {
  auto it = std::ranges::find(flags_, name, [](const Flag& f) { return f.name.name; });
  return it == flags_.end() ? nullptr : &*it;
}

const FlagSet::Flag* FlagSet::find(char short_name) const {
  auto it = std::ranges::find(flags_, short_name, [](const Flag& f) { return f.name.short_name; });
  return it == flags_.end() ? nullptr : &*it;
}

Error FlagSet::unknown(std::string_view shown, std::string_view name) const {
  std::vector<std::string> spelled;
  for (const auto& flag : flags_) spelled.push_back("--" + flag.name.name);
  std::vector<std::string_view> candidates(spelled.begin(), spelled.end());
  std::string hint = did_you_mean(str_cat("--", name), candidates);
  return {str_cat("unknown option ", shown, hint.empty() ? "" : ", ", hint)};
}

Result<void> FlagSet::apply(const Flag& flag, std::string_view shown,
                            std::string_view value) const {
  auto result = flag.parser(value);
  if (result) return {};
  return fail(str_cat("invalid value \"", value, "\" for ", shown, ": ", result.error().message));
}

Result<std::vector<std::string>> FlagSet::parse(std::span<const std::string> arguments) {
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == "--") {
      rest.insert(rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                  arguments.end());
      break;
    }
    if (!argument.starts_with('-') || argument == "-") {
      rest.emplace_back(argument);
      continue;
    }
    bool is_long = argument.starts_with("--");
    std::string_view shown = argument.substr(0, is_long ? argument.find('=') : 2);
    std::string_view value = argument.substr(shown.size());
    bool attached = !value.empty();
    if (value.starts_with('=')) value.remove_prefix(1);

    const Flag* flag = is_long ? find(shown.substr(2)) : find(shown[1]);
    if (flag == nullptr)
      return std::unexpected(unknown(is_long ? shown : argument, shown.substr(is_long ? 2 : 1)));
    if (!attached && flag->is_boolean) value = "true";
    if (!attached && !flag->is_boolean) {
      if (i + 1 == arguments.size()) return fail(str_cat("option ", shown, " needs a value"));
      value = arguments[++i];
    }
    if (auto applied = apply(*flag, shown, value); !applied)
      return std::unexpected(std::move(applied).error());
  }
  return rest;
}

std::string FlagSet::help() const {
  std::vector<const Flag*> sorted;
  for (const auto& flag : flags_) sorted.push_back(&flag);
  std::ranges::sort(sorted, {}, [](const Flag* f) { return f->name.name; });
  std::string out = "Options:\n";
  for (const Flag* flag : sorted) {
    if (flag->name.short_name != 0) out += str_cat("    -", flag->name.short_name, ", --");
    else out += "        --";
    out +=
        str_cat(flag->name.name, "=", flag->default_text, ":\n        \t", flag->name.help, "\n");
  }
  return out;
}

}  // namespace gwanmun::cli
