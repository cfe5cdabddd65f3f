// Certificates for tests, made on the spot.
#pragma once

#include <string>
#include <vector>

#include "net/tls.h"

namespace gwanmun::net::testing {

struct CertificateOptions {
  std::string common_name = "test";
  std::vector<std::string> names;  // "DNS:a.example.com", "URI:spiffe://x", "IP:127.0.0.1"
  bool rsa = false;
  bool expired = false;
};

/// A CA that issues certificates.
class TestCa {
 public:
  explicit TestCa(const std::string& name = "Test CA");
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;
  std::string pem() const;
  /// The chain holds the leaf only.
  TlsIdentity issue(const CertificateOptions& options) const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace gwanmun::net::testing
