// findings(): everything that keeps a set of manifests from doing what it says, each with its
// place: what the files got wrong, what translation refused, what nobody serves. Used by `check`
// and, as log lines, by `run` and `status`. Reads results; changes nothing.
#pragma once

#include "base/diagnostic.h"
#include "control/source/files.h"
#include "control/translate/translate.h"

namespace gwanmun::control {

/// In file and line order. Errors and warnings are problems; notes are not.
Diagnostics findings(const FileSource& source, const translate::Translation& result);

/// True when there is anything but notes.
bool has_problems(const Diagnostics& diagnostics);

}  // namespace gwanmun::control
