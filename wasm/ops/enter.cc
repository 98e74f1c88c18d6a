#include "ops/enter.h"

namespace tidemark {

// One space a user, named by the user's id: injective, whatever the id.
Task<Reply> Enter(Context context) {
  Reply reply;
  reply.data["space"] = context.request.identity.user_id;
  co_return reply;
}

}  // namespace tidemark
