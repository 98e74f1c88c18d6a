#include "accounts/email.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/sha256.h"

namespace tidemark {
namespace {

constexpr size_t kUserIdHexDigits = 24;
constexpr size_t kLabelBytesMax = 63;  // RFC 1035, section 2.3.4

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || IsDigit(c); }

// RFC 5322, section 3.2.3: atext, in lower case.
bool IsAtomText(char c) {
  constexpr std::string_view kSigns = "!#$%&'*+-/=?^_`{|}~";
  return IsAlphanumeric(c) || kSigns.find(c) != std::string_view::npos;
}

bool IsLabel(std::string_view label) {
  return label.size() <= kLabelBytesMax && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '-'; });
}
bool IsAtom(std::string_view atom) { return std::all_of(atom.begin(), atom.end(), IsAtomText); }

// How many parts between dots there are; 0 where one is empty or not as it should be.
size_t CountParts(std::string_view text, bool (*is_part)(std::string_view)) {
  for (size_t count = 1;; ++count) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || !is_part(part)) return 0;
    if (dot == std::string_view::npos) return count;
    text.remove_prefix(dot + 1);
  }
}

// A last label of digits alone is an address of another kind.
bool IsDomain(std::string_view domain) {
  if (domain == "localhost") return true;
  const std::string_view last = domain.substr(domain.rfind('.') + 1);
  return CountParts(domain, IsLabel) >= 2 && !std::all_of(last.begin(), last.end(), IsDigit);
}

std::string TrimmedLower(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  std::string lower(text.substr(begin, text.find_last_not_of(" \t") + 1 - begin));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

}  // namespace

Result<std::string> NormalizeEmail(std::string_view text) {
  std::string email = TrimmedLower(text);
  const size_t at = email.find('@');
  if (at == std::string::npos || email.size() > limits::kEmailBytesMax ||
      at > limits::kEmailNameBytesMax ||
      CountParts(std::string_view(email).substr(0, at), IsAtom) == 0 ||
      !IsDomain(std::string_view(email).substr(at + 1))) {
    return Status::Invalid("invalid_email", "Give an e-mail address, such as you@example.com");
  }
  return email;
}

std::string UserIdOf(std::string_view email) {
  const Sha256Digest digest = Sha256Of(email);
  return "u" + HexEncode({reinterpret_cast<const char*>(digest.data()), kUserIdHexDigits / 2});
}

std::string_view RoleOf(std::string_view email, std::string_view admins) {
  while (!admins.empty()) {
    const size_t comma = std::min(admins.find(','), admins.size());
    if (TrimmedLower(admins.substr(0, comma)) == email) return "admin";
    admins.remove_prefix(std::min(comma + 1, admins.size()));
  }
  return "user";
}

}  // namespace tidemark
