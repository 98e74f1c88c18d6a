// Who may do what: the one place that decides, for every route and every operation.
//
// An identity is what a verified token says and nothing else: ids in bodies and headers never reach
// these functions.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark {

enum class Role : uint8_t { kNone, kViewer, kUser, kAdmin };
enum class Action : uint8_t { kRead, kWrite };

struct Identity {
  std::string user_id;  // empty: nobody is signed in
  Role role = Role::kNone;
  std::string org;
  std::string tenant;
  std::string email;
  int64_t version = 0;     // of the user's tokens: those before the present one are revoked
  int64_t expires_ms = 0;  // when the token ends
};

// `user`, `viewer` or `admin`; anything else is kNone.
Role ParseRole(std::string_view role);

// The word that ParseRole reads as this role; `none` for kNone.
std::string_view RoleName(Role role);

// First segments of routes: none can be the id of a user or an organisation.
std::span<const std::string_view> ReservedIds();

// A user's id: 1 to 128 bytes of printable ASCII without space, and not a reserved one.
// Codes: `invalid_user_id`, `reserved_id`.
Status CheckUserId(std::string_view user_id);

// Whether the identity may read or write the space of records that `owner` owns: its owner may,
// a viewer may only read, an admin may read any. Codes: `unauthorized`, `forbidden`.
Status CheckSpace(const Identity& identity, std::string_view owner, Action action);

// What a share lets its holder do with what is shared.
enum class Permission : uint8_t { kNone, kRead, kEdit };

// `read` or `edit`; anything else is kNone.
Permission ParsePermission(std::string_view permission);

// Whether somebody else's record may be read or written by that permission on its plan.
// Codes: `not_found` (it is not shared with them: they are not told that it is there), `forbidden`.
Status CheckShare(Permission permission, Action action);

// Whether the identity may read or write the document of an app. `published`: the copy in KV or R2,
// which anybody may read. What the owner has is read with any role, and written by admins and by
// users whose address is in `editors`: addresses with commas between them, in any case; `*` stands
// for every user. Codes: `unauthorized`, `forbidden`, and those of CheckUserId.
Status CheckDocument(const Identity& identity, bool published, Action action,
                     std::string_view editors);

}  // namespace tidemark
