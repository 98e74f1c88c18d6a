// Requests to the server that api.url names.
//
// Rules: TLS is verified; nothing is sent over plain http but to this machine; redirects are not
// followed, so the token goes where it was meant to; an answer is bounded in size and in time.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark::samedi {

struct HttpRequest {
  std::string method = "GET";
  std::string path;   // with its query, percent-encoded
  std::string token;  // a JWT, or empty
  std::string device;
  std::string body;  // JSON; sent where the method is not GET
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  int64_t retry_after_s = 0;
};

struct HttpLimits {
  int64_t connect_ms = 10'000;
  int64_t whole_ms = 60'000;
  int64_t stalled_s = 20;  // without a byte either way
  size_t answer_bytes = size_t{32} << 20;
};

class Http {
 public:
  explicit Http(std::string api_url, HttpLimits limits = {});
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  // Any status is an answer. Errors: offline (no connection, or it broke), timeout,
  // answer_too_large, bad_value (the address), interrupted.
  Result<HttpAnswer> Send(const HttpRequest& request);

  const std::string& api_url() const { return api_url_; }
  int64_t round_trips() const { return round_trips_; }

 private:
  void Prepare(const HttpRequest& request);

  std::string api_url_;
  HttpLimits limits_;
  void* handle_;
  int64_t round_trips_ = 0;
};

// A server's refusal as a Status: the code of the table in errors.h, the server's own code and
// message in its message.
Status RefusalOf(const HttpAnswer& answer);

std::string PercentEncode(std::string_view text);

// Set by SIGINT: whatever waits gives up soon. The handler is installed once.
void CatchInterrupts();
bool Interrupted();

}  // namespace tidemark::samedi
