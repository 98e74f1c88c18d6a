// Any text as an e-mail address, and as a list of admins: what is taken is in its final form and
// has nothing in it that a mail's header or a page would read as more.

#include <cstdint>
#include <string>
#include <string_view>

#include "accounts/email.h"
#include "accounts/network.h"
#include "base/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check(NetworkOf(text).size() <= 64);
  const Result<std::string> email = NormalizeEmail(text);
  if (!email.ok()) {
    Check(email.status().code() == "invalid_email");
    return 0;
  }
  Check(email->size() <= limits::kEmailBytesMax);
  Check(email->find_first_of("\r\n\t\"<>(),;:\\ ") == std::string::npos);
  Check(email->find('@') == email->rfind('@') && email->find('@') < email->size() - 1);
  for (const char byte : *email) Check(byte > ' ' && byte < '\x7f' && (byte < 'A' || byte > 'Z'));
  const Result<std::string> again = NormalizeEmail(*email);
  Check(again.ok() && *again == *email);
  Check(RoleOf(*email, "x@x.x," + *email) == "admin");
  Check(UserIdOf(*email).size() == 25);
  return 0;
}
