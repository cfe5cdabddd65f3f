// Asking an external authorizer (GEP-1494) before a request goes on. The messages are made and read
// by filter/external_auth; this sends and receives them. Called by serve.cc.
#pragma once

#include "net/task.h"
#include "proxy/error.h"

namespace gwanmun::filter {
class Authorizer;
}

namespace gwanmun::proxy {

struct Exchange;

/// No error: the request may go on. Error::status kAnswered: Exchange::filters->reply is what the
/// client gets.
net::Task<Error> authorize(Exchange& x, const filter::Authorizer& authorizer);

}  // namespace gwanmun::proxy
