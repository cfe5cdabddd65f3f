// gwanmun: see `gwanmun --help`. Everything happens in cli/command.cc.
#include "cli/command.h"

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  return gwanmun::cli::dispatch(arguments);
}
