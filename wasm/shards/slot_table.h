// The slot table: which shard owns each slot, and since when. Values alone: whoever keeps one
// writes its text, and whoever routes by it reads the text and looks keys up.
//
// Text := {"version": n, "shards": [name...], "slots": [[count, shard, epoch]...],
//          "exceptions": [[key, shard, epoch]...], "tables": {name: column...}, "gathering": true}
//   slots       runs of neighbours that agree, from slot 0 on; their counts are kSlots together
//   shard       an index into `shards`
//   epoch       counts the moves of a slot or a key: a statement is fenced by it
//   exceptions  single keys that lie elsewhere than their slot: SHA-256 in hex, in its order
//   tables      the column by which each table's rows are routed, if any is known
//   gathering   only while rows of a slot may lie in any shard, as before there was a table
//
// Rules: names are not empty and differ; a shard may own nothing. Text is made in one way only, so
// two tables are equal when their texts are. Reading is total: what is no such text is refused.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "shards/slots.h"

namespace tidemark {

// A part of the whole: a slot, or a key by itself.
struct SlotOwner {
  uint16_t shard = 0;
  uint32_t epoch = 0;

  bool operator==(const SlotOwner&) const = default;
};

struct SlotException {
  Sha256Digest key = {};
  SlotOwner owner;

  bool operator==(const SlotException&) const = default;
};

struct SlotTable {
  int64_t version = 0;
  std::vector<std::string> shards;
  std::array<SlotOwner, kSlots> slots = {};
  std::vector<SlotException> exceptions;  // by key, each once
  std::map<std::string, std::string> tables;
  bool gathering = false;

  bool operator==(const SlotTable&) const = default;

  // Who owns a key: its exception, else its slot.
  SlotOwner OwnerOf(std::string_view key) const;
  SlotOwner OwnerOf(const Sha256Digest& digest) const;
  bool IsApart(const Sha256Digest& digest) const;
  // How many slots each shard owns.
  std::vector<int64_t> Counts() const;
};

// The first table of these shards: neighbours together, as evenly as it goes. Codes: `no_shards`,
// `invalid_shards` (a name that is empty, too long or there twice, or too many of them).
Result<SlotTable> MakeSlotTable(std::vector<std::string> shards);

std::string WriteSlotTable(const SlotTable& table);

// Code: `invalid_slot_table`.
Result<SlotTable> ReadSlotTable(std::string_view text);

}  // namespace tidemark
