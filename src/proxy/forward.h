// Sending an exchange to its backend, as often as its route and safety allow, and passing the
// response on. Called by serve.cc.
#pragma once

#include "net/task.h"
#include "proxy/error.h"

namespace gwanmun::proxy {

struct Exchange;

/// No error: the response is complete. Else Exchange::status says whether its head went out.
net::Task<Error> forward(Exchange& x);

}  // namespace gwanmun::proxy
