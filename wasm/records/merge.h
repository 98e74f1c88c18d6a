// Which of two versions of a record stays: last write wins, by a hybrid logical clock.
//
// Versions are ordered by (milliseconds, counter, device), then by SHA-256 of their data, a
// deletion having none. The order is total over distinct versions, so merging is taking the
// maximum: commutative, associative and idempotent, whatever the order of arrival. Source: Kulkarni
// et al., "Logical Physical Clocks", 2014; Shapiro et al., "Conflict-free Replicated Data Types",
// 2011 (the last-writer-wins register).

#pragma once

#include <cstdint>
#include <string_view>

#include "base/sha256.h"

namespace tidemark {

struct Version {
  int64_t ms = 0;
  int64_t counter = 0;
  std::string_view device;
  bool deleted = false;
};

enum class Outcome : uint8_t { kWins, kLoses, kSame, kTied };

// How `incoming` fares against `stored`, without a look at their data. kTied: by stamp they are one
// version, and the data decide (Decide below). `counter_given` is false where the sender has no
// clock of its own and its counter is only the delta's place in its payload: the same version sent
// again at another place is then no other version, so a tie on time and device is for the data too.
Outcome CompareStamps(const Version& incoming, bool counter_given, const Version& stored);

// The rest of kTied: equal data are the same version, else the stamps and then the hashes decide.
Outcome CompareData(const Version& incoming, std::string_view incoming_data, const Version& stored,
                    std::string_view stored_data);

// The same where the data are known to differ, by their SHA-256.
Outcome CompareDistinct(const Version& incoming, const Sha256Digest& incoming_hash,
                        const Version& stored, const Sha256Digest& stored_hash);

}  // namespace tidemark
