// Judging certificates and keys, through the TLS library; the only file of translation that knows
// it. No clock: whether a certificate has expired is not judged here.
#pragma once

#include <optional>
#include <string>

namespace gwanmun::translate {

/// What is wrong with a PEM chain and its private key, or nothing: both parse, and the key is the
/// first certificate's.
std::optional<std::string> certificate_problem(const std::string& chain, const std::string& key);

/// What is wrong with a PEM bundle of CA certificates, or nothing.
std::optional<std::string> ca_problem(const std::string& bundle);

}  // namespace gwanmun::translate
