// The operations of an event log (docs/events.md): in the object of a tenant, whose name is the
// tenant's.
//
// Where the log lies in the object they are local; where it lies in D1 they are spanning, and the
// object runs them one after the other. All but EnterEvents take the parameters `storage`,
// `keep_entries` and `keep_days` (events/log_store.h). A reply whose data has `close` ends a socket
// with that code and its `reason`: the one that asked, or `socket`. With `deliver` the object runs
// DeliverEvents.

#pragma once

#include "engine/operation.h"

namespace tidemark {

// In the Worker, before an object is asked: which tenant, and what the caller may do there.
// Parameters: `path`, `header` and `query`, the tenant as each names it; `mode` (`view`: read
// only); `token`, `key` (an access key) and `ticket`, as they were sent; `cookie` (a session came);
// `sync_token`, `tokens` (JWTs can be verified here) and `environment`, as configured. Data:
// `tenant`; `access`, `read` or `write`; `verify`, where the host has to verify the caller and ask
// again, with an identity; `key`, where the tenant's object has to know that access key. Codes:
// `invalid_tenant`, `tenant_conflict`, `unauthorized`, `forbidden`, `events_not_configured`.
Task<Reply> EnterEvents(Context context);

// Local, before anything else in an object: its tables. Parameter: `sockets`, a JSON array of those
// that there are. Data: `restarted`, where the log was wiped under them.
Task<Reply> OpenEvents(Context context);

// A socket joins. Parameters: `sockets`, how many there are; `access`; `key`, an access key. The
// body is Hello. Data: `socket`, its number; `access`. Codes: `too_many_sockets`, `unauthorized`.
Task<Reply> JoinEvents(Context context);

// A frame from a socket: the request's body. Parameters: `socket`, `access`, and `public_key`,
// which the socket has written under before. The body is the answer. Data: `public_key`, with its
// first write.
Task<Reply> EventFrame(Context context);

// A socket went away. Parameter: `socket`.
Task<Reply> LeaveEvents(Context context);

// Sends a page to a subscription that is behind, the next in turn after `after`. Data: `after`, and
// `more` where another may be behind; `socket` and `bytes` of what was sent.
Task<Reply> DeliverEvents(Context context);

// The object's alarm: prunes, ends sockets whose chunks stop coming, and asks D1 what is new.
Task<Reply> TickEvents(Context context);

// Access keys of the tenant. Parameters: `secret`, from the host, and the body
// {"access": "read" | "write", "label"?: text}; none; `id`. Codes: `invalid_json`,
// `invalid_access`, `invalid_label`, `too_many_keys`, `not_found`. Data of the last:
// `close_sockets`, those that the key let in.
Task<Reply> MakeEventKey(Context context);
Task<Reply> ListEventKeys(Context context);
Task<Reply> RevokeEventKey(Context context);

}  // namespace tidemark
