// An exchange: push and pull in one transaction, whatever it came by.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/operation.h"
#include "records/pull.h"
#include "records/push.h"

namespace tidemark {

// Code: `invalid_device_id`.
Status CheckDevice(std::string_view device);
// The parameter `device`, or `default`.
std::string DeviceOf(const Request& request);

// What a request of a device starts from.
Task<PushState> BeginExchange(Context context, std::string device);

// Stores the deltas of the request's body, has them copied to D1 and published, and answers. Of
// `options` the body's own `cursor` and `limit` are taken. The reply's data: `deltas`, `written`,
// `pulled`, `version`.
Task<Reply> Exchange(Context context, std::string device, PullOptions options);

}  // namespace tidemark
