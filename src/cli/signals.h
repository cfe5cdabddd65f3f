// Signals as descriptors, for commands that run until they are told to stop.
#pragma once

namespace gwanmun::cli {

/// Blocks SIGINT and SIGTERM (call before any thread starts) and ignores SIGHUP. fd() becomes
/// readable with the first of them.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int fd() const { return fd_; }
  /// From now on the next signal ends the process at once.
  void next_one_kills();

 private:
  int fd_;
};

}  // namespace gwanmun::cli
