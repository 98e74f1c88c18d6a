#include "records/merge.h"

namespace tidemark {

Outcome CompareStamps(const Version& incoming, bool counter_given, const Version& stored) {
  if (incoming.ms != stored.ms) return incoming.ms > stored.ms ? Outcome::kWins : Outcome::kLoses;
  const bool same_device = incoming.device == stored.device;
  if (same_device && !counter_given) return Outcome::kTied;
  if (incoming.counter != stored.counter) {
    return incoming.counter > stored.counter ? Outcome::kWins : Outcome::kLoses;
  }
  if (same_device) return Outcome::kTied;
  return incoming.device > stored.device ? Outcome::kWins : Outcome::kLoses;
}

Outcome CompareData(const Version& incoming, std::string_view incoming_data, const Version& stored,
                    std::string_view stored_data) {
  if (incoming.deleted == stored.deleted && incoming_data == stored_data) return Outcome::kSame;
  return CompareDistinct(incoming, Sha256Of(incoming_data), stored, Sha256Of(stored_data));
}

Outcome CompareDistinct(const Version& incoming, const Sha256Digest& incoming_hash,
                        const Version& stored, const Sha256Digest& stored_hash) {
  if (incoming.counter != stored.counter) {
    return incoming.counter > stored.counter ? Outcome::kWins : Outcome::kLoses;
  }
  return incoming_hash > stored_hash ? Outcome::kWins : Outcome::kLoses;
}

}  // namespace tidemark
