// A document made again from the journal that R2 has of it, to the byte: what documents/changes.h
// promises, by another hand than the product's.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::testing {

class JournalReplay {
 public:
  // The text of one object of the journal. Traps on what is no journal, and on an entry that came
  // before and was another one.
  void Take(std::string_view object);

  // The document after all entries that are whole; empty without any.
  std::string Text() const;
  // Of several objects, by their names: the manifest's collections, what shards have in the order
  // of their names, and of members that share a place the collection first.
  static std::string TextOf(const std::vector<std::pair<std::string, const JournalReplay*>>& parts);
  // Their versions, in order.
  std::vector<int64_t> Seqs() const;

 private:
  struct Member {
    int64_t place = 0;
    std::optional<std::string> value;  // none: a collection
  };
  struct Record {
    int64_t place = 0;
    std::string text;
  };
  struct State {
    std::map<std::string, Member> members;
    std::map<std::string, std::map<std::string, Record>> records;  // by collection and id
  };

  State Final() const;
  static void Apply(std::string_view entry, State* state);
  static void ApplyChange(std::string_view change, State* state);

  std::map<std::pair<int64_t, int64_t>, std::string> entries_;  // by seq and part
};

// Of all objects of a journal.
std::string Replayed(const std::vector<std::string>& objects);

// The members of an object's text, and the elements of an array's, as they stand in it.
std::map<std::string, std::string> TextsOf(std::string_view object);
std::vector<std::string> ElementsOf(std::string_view array);

}  // namespace tidemark::testing
