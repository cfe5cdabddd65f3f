// The life of a request. Called by Worker for every complete request head.
#pragma once

#include "http/stream.h"
#include "net/task.h"

namespace gwanmun::proxy {

class Worker;

/// Serves one request from its head to the end of its response; ends with stream.release().
net::Task<void> serve(Worker& worker, http::ServerStream& stream);

}  // namespace gwanmun::proxy
