// gwanmun: see `gwanmun --help`. Everything happens in cli/command.cc.
#include <cstdio>

int main() {
  std::puts("gwanmun 0.1.0");
  return 0;
}
