// See loop.h.
#include "control/loop.h"

namespace gwanmun::control {

void run(FileSource& source, const translate::Settings& settings, int stop_fd,
         const Publish& publish) {
  source.refresh();
  auto result = translate::translate(source.resources(), settings);
  publish(source, result);
  while (source.wait(stop_fd)) {
    if (!source.refresh()) continue;
    result = translate::translate(source.resources(), settings, &result);
    publish(source, result);
  }
}

}  // namespace gwanmun::control
