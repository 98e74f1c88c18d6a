// Finds equal ids within a batch: a position for each distinct id, in order of first appearance.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tidemark {

class IdIndex {
 public:
  // Room for `count` ids.
  explicit IdIndex(size_t count) {
    size_t size = 16;
    while (size < count * 2) size *= 2;
    table_.assign(size, 0);
  }

  // The position of `id`: a new one (the count so far) if it was not seen. `id_at(position)` gives
  // the id of an earlier position.
  template <typename IdAt>
  uint32_t Position(std::string_view id, IdAt id_at) {
    size_t at = Hash(id) & (table_.size() - 1);
    while (table_[at] != 0) {
      if (id_at(table_[at] - 1) == id) return table_[at] - 1;
      at = (at + 1) & (table_.size() - 1);
    }
    table_[at] = ++count_;
    return count_ - 1;
  }
  uint32_t count() const { return count_; }

 private:
  // FNV-1a over words of eight bytes, mixed at the end. A peer that finds ids which collide slows
  // down its own request: probing is bounded by the deltas of one slice.
  static size_t Hash(std::string_view id) {
    uint64_t hash = 0xcbf29ce484222325 ^ id.size();
    size_t i = 0;
    for (; i + 8 <= id.size(); i += 8) {
      uint64_t word = 0;
      __builtin_memcpy(&word, id.data() + i, 8);
      hash = (hash ^ word) * 0x9e3779b97f4a7c15;
      hash ^= hash >> 32;
    }
    for (; i < id.size(); ++i) hash = (hash ^ static_cast<uint8_t>(id[i])) * 0x100000001b3;
    hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9;
    return static_cast<size_t>(hash ^ hash >> 32);
  }

  std::vector<uint32_t> table_;  // position + 1; 0 for none
  uint32_t count_ = 0;
};

}  // namespace tidemark
