// The way of a request to a document: the core says whether the caller may, and which object it is.

#include "documents/app.h"
#include "documents/operations.h"
#include "ops/access.h"

namespace tidemark {

Task<Reply> EnterDocument(Context context) {
  const Request& request = context.request;
  const std::string app = request.Param("app");
  if (Status status = CheckApp(app); !status.ok()) co_return Reply::Error(status);
  const Action action = request.Param("action") == "read" ? Action::kRead : Action::kWrite;
  const Status allowed =
      CheckDocument(request.identity, false, action, request.Param("editors"));
  if (!allowed.ok()) co_return Reply::Error(allowed);
  Reply reply;
  reply.data["object"] = ManifestName(app);
  co_return reply;
}

}  // namespace tidemark
