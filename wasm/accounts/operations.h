// The operations of accounts. Each is one file named by its verb.

#pragma once

#include <string>

#include "engine/operation.h"

namespace tidemark {

// Spanning, in the Worker: POST /auth/magic-link. Parameters: `secret`, `origin`, `ip`,
// `links_max`, and `email` or a JSON body with it (`content_type`). Answers 202 the same for every
// address. Data: `to`, `subject`, `text`, the mail that its host is to send.
Task<Reply> RequestLink(Context context);

// Spanning, in the Worker: whose account a link opens, which uses nothing up. Parameter: `token`.
// Data: `email`. Code: `invalid_magic_token`.
Task<Reply> ReadLink(Context context);

// Spanning, in the Worker: what a link is good for, which uses it up. Parameters: `token` or a JSON
// body with it (`content_type`), `admins`. Data: `user_id`, `email`, `role`, `version`, of whom the
// host is to sign a token. The account is made at first. Codes: `invalid_magic_token`,
// `account_conflict`.
Task<Reply> VerifyLink(Context context);

// Spanning, in the Worker: takes back a link whose mail could not be sent. Parameter: `secret`.
Task<Reply> WithdrawLink(Context context);

// Spanning, in the Worker: POST /auth/ticket. Parameter: `secret`, which becomes a ticket of the
// caller, as long as the caller's token is good.
Task<Reply> IssueTicket(Context context);

// Spanning, in the Worker: uses a ticket up. Parameter: `ticket`. Answers its owner's identity, as
// the array that an operation starts with. Code: `invalid_ticket`.
Task<Reply> RedeemTicket(Context context);

// Local, in the caller's space, before each request: whether the caller's token is of the present
// version, and the caller has requests left. Parameters: `requests_max`, and `admission`, the data
// of that name that this object was answered last, if it remembers it; `requests`, how many are
// taken at once by whoever counts them out by itself (1 to kRequestsLeased). Data: `granted`, how
// many were given, at least one; `granted_until`, in ms: they are used by then or not at all.
// Codes: `invalid_token`, `rate_limited`, `invalid_parameter`.
Task<Reply> Admit(Context context);

// Local, in a space. Data: `version`, of the tokens of its user.
Task<Reply> TokenVersion(Context context);

// Local, in the caller's space: makes every token of the user invalid. Data: `close_sockets`, and
// `admission` for the object to forget what it remembers.
Task<Reply> RevokeTokens(Context context);

// Local, in an object that counts: one link more, for an address or from one.
// Parameters: `links_max` of one network, and for how many `networks` there is room, 1 by default.
// Code: `rate_limited`; data then: `ends_ms`.
Task<Reply> CountLink(Context context);

// Local, at the alarm of such an object. Data: `empty` where its window has ended, and the object
// can be forgotten.
Task<Reply> ForgetCount(Context context);

// For use within these operations: a text of the request, as a parameter or in a JSON object that
// is its body; empty where there is none. Codes: `unsupported_media_type`, `body_too_large`, and
// those of ParseTree.
Task<Result<std::string>> ReadField(Request request, std::string name);

}  // namespace tidemark
