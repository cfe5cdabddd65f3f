// The control plane in file mode: source -> translate -> publish, until told to stop. Used by
// cli/run and `status --watch`. Knows neither the proxy nor how statuses are shown.
#pragma once

#include <functional>

#include "control/source/files.h"
#include "control/translate/translate.h"

namespace gwanmun::control {

using Publish = std::function<void(const FileSource& source, const translate::Translation& result)>;

/// Publishes the first result at once and then one for each change, always of the latest state.
/// Returns when `stop_fd` becomes readable. The calling thread only.
void run(FileSource& source, const translate::Settings& settings, int stop_fd,
         const Publish& publish);

}  // namespace gwanmun::control
