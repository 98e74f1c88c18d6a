#include "http.h"

#include <curl/curl.h>
#include <signal.h>

#include <atomic>
#include <charconv>
#include <memory>

#include "base/json_tree.h"
#include "errors.h"
#include "settings.h"

namespace tidemark::samedi {
namespace {

std::atomic<bool> interrupted = false;

struct Reception {
  HttpAnswer answer;
  size_t bytes_max = 0;
  bool too_large = false;
};

size_t OnBody(char* bytes, size_t, size_t size, void* user) {
  auto* reception = static_cast<Reception*>(user);
  if (reception->answer.body.size() + size > reception->bytes_max) {
    reception->too_large = true;
    return 0;
  }
  reception->answer.body.append(bytes, size);
  return size;
}

size_t OnHeader(char* bytes, size_t, size_t size, void* user) {
  constexpr std::string_view kName = "retry-after:";
  if (size <= kName.size() || !curl_strnequal(bytes, kName.data(), kName.size())) return size;
  const char* const end = bytes + size;
  const char* number = bytes + kName.size();
  while (number != end && *number == ' ') ++number;
  std::from_chars(number, end, static_cast<Reception*>(user)->answer.retry_after_s);
  return size;
}

int OnProgress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return Interrupted(); }

Status FailureOf(CURLcode code, const Reception& reception, const std::string& api_url) {
  if (reception.too_large) return Problem("answer_too_large", "The server's answer is too large");
  if (code == CURLE_ABORTED_BY_CALLBACK) return Problem("interrupted", "Interrupted");
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Problem("timeout", api_url + " did not answer in time");
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    return Problem("refused", api_url + " could not prove who it is: " + curl_easy_strerror(code));
  }
  return Problem("offline", "Cannot reach " + api_url + ": " + curl_easy_strerror(code));
}

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one ends the process at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted; }

Http::Http(std::string api_url, HttpLimits limits)
    : api_url_(std::move(api_url)), limits_(limits), handle_(curl_easy_init()) {}

Http::~Http() { curl_easy_cleanup(handle_); }

void Http::Prepare(const HttpRequest& request) {
  curl_easy_reset(handle_);  // keeps the connection
  curl_easy_setopt(handle_, CURLOPT_URL, (api_url_ + request.path).c_str());
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_USERAGENT, "samedi");
  curl_easy_setopt(handle_, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect_ms));
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(limits_.whole_ms));
  curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits_.stalled_s));
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle_, CURLOPT_XFERINFOFUNCTION, OnProgress);
  // What is on this machine needs no proxy, and what is sent there in the clear must meet none.
  if (api_url_.starts_with("http://")) curl_easy_setopt(handle_, CURLOPT_PROXY, "");
  if (request.method == "GET") return;
  curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "DELETE" && request.body.empty()) return;
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request.body.size()));
}

Result<HttpAnswer> Http::Send(const HttpRequest& request) {
  // The file may have been written by hand: an address is checked where it is used, too.
  if (Result<std::string> url = ParseApiUrl(api_url_); !url.ok()) return url.status();
  Prepare(request);
  curl_slist* headers = nullptr;
  headers = curl_slist_append(headers, "Accept: application/json");
  headers = curl_slist_append(headers, "Expect:");
  if (!request.body.empty()) {
    headers = curl_slist_append(headers, "Content-Type: application/json");
  }
  if (!request.token.empty()) {
    headers = curl_slist_append(headers, ("Authorization: Bearer " + request.token).c_str());
  }
  if (!request.device.empty()) {
    headers = curl_slist_append(headers, ("X-Device-ID: " + request.device).c_str());
  }
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owned(headers,
                                                                          curl_slist_free_all);
  Reception reception;
  reception.bytes_max = limits_.answer_bytes;
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &reception);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, &reception);
  ++round_trips_;
  const CURLcode code = curl_easy_perform(handle_);
  if (code != CURLE_OK) return FailureOf(code, reception, api_url_);
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  reception.answer.status = static_cast<int>(status);
  return std::move(reception.answer);
}

Status RefusalOf(const HttpAnswer& answer) {
  constexpr uint32_t kDepthMax = 8;
  std::string told = "The server answered " + std::to_string(answer.status);
  const Result<nlohmann::json> tree = ParseTree(answer.body, kDepthMax);
  const std::string* const code = tree.ok() ? StringField(*tree, "error") : nullptr;
  const std::string* const message = tree.ok() ? StringField(*tree, "message") : nullptr;
  if (code != nullptr) told += " " + *code;
  if (message != nullptr) told += ": " + *message;
  if (answer.status == 401) return Problem("refused", told + ". Sign in again: samedi login EMAIL");
  if (answer.status == 403) return Problem("refused", told);
  if (answer.status == 429) return Problem("rate_limited", told);
  if (answer.status >= 500) return Problem("unavailable", told);
  if (answer.status >= 300 && answer.status < 400) {
    return Problem("redirected", told + ": redirects are not followed; mend api.url");
  }
  return Problem("server", told);
}

std::string PercentEncode(std::string_view text) {
  char* const encoded = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
  std::string copy(encoded == nullptr ? "" : encoded);
  curl_free(encoded);
  return copy;
}

}  // namespace tidemark::samedi
