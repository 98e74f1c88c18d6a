// Merging field by field: each field of a record is a last-writer-wins register of its own.
//
// A record is a map from field to (value, stamp), and the stamp of its last deletion. A delta
// stamps the fields that it names and no others; `null` removes one. A deletion removes what is not
// newer than itself. So merging stays commutative, associative and idempotent, field by field.
//
// Stamps are kept beside the data, as JSON: [deletion | null, {field: [ms, counter, device]...}].

#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tidemark {

struct FieldStamp {
  int64_t ms = 0;
  int64_t counter = 0;
  std::string device;

  friend auto operator<=>(const FieldStamp&, const FieldStamp&) = default;
};

class FieldRecord {
 public:
  FieldRecord() = default;
  // What is stored: the data and the stamps as JSON texts that this class wrote.
  FieldRecord(const std::string& data, const std::string& stamps);

  // A value that a merge overwrote or refused, with its own stamp.
  struct Beaten {
    std::string field;
    nlohmann::json value;
    FieldStamp stamp;
  };

  // Merge a delta's data (an object), or a deletion. True if anything changed. What was overwritten
  // and what lost is added to `overwritten` and `lost`. `counter_given`: as in CompareStamps.
  bool Merge(const nlohmann::json& data, const FieldStamp& stamp, bool counter_given = true);
  bool MergeDeletion(const FieldStamp& stamp);

  // No field is left after a deletion.
  bool deleted() const { return has_deletion_ && live_.empty(); }
  // The newest stamp in the record.
  FieldStamp Latest() const;
  const nlohmann::json& data() const { return live_; }
  std::string StampsJson() const;

  std::vector<Beaten> overwritten;
  std::vector<Beaten> lost;

 private:
  void Set(const std::string& field, const nlohmann::json& value, const FieldStamp& stamp);

  nlohmann::json live_ = nlohmann::json::object();
  std::map<std::string, FieldStamp> stamps_;
  bool has_deletion_ = false;
  FieldStamp deletion_;
};

}  // namespace tidemark
