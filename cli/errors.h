// What went wrong, for whoever called: a Status of the core, and the exit code that its code means.
//
// codes    not_signed_in refused other_account  no token here, or the server does not take it
//          offline timeout unavailable rate_limited  it may pass: the network, or the server
//          busy                      another samedi syncs, or holds the database
//          usage                     the command line is not one of --help
//          all others                the message says what to do

#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark::samedi {

enum Exit : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitRefused = 3,
  kExitOffline = 4,
  kExitRejected = 5,
  kExitBusy = 6,
};

inline Status Problem(std::string_view code, std::string message) {
  return Status::Error(500, code, std::move(message));
}

int ExitOf(const Status& status);

}  // namespace tidemark::samedi
