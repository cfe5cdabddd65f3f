// Result<T>: a value or an Error. No exception crosses a module; whoever can act on an error gets
// it as a value. The data plane has its own, richer error (http/error.h); diagnostics for users'
// files are in diagnostic.h.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace gwanmun {

/// What went wrong, in words for a person: "connect 127.0.0.1:80: connection refused".
struct Error {
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail("open ", path, ": ", reason);` is str_cat() wrapped for return.
inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

}  // namespace gwanmun

/// Evaluates a Result; returns its error from the calling function, or binds its value.
#define GW_CONCAT_(a, b) a##b
#define GW_CONCAT(a, b) GW_CONCAT_(a, b)
#define GW_TRY_(tmp, decl, expr)                            \
  auto tmp = (expr);                                        \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define GW_TRY(decl, expr) GW_TRY_(GW_CONCAT(gw_try_, __LINE__), decl, expr)
