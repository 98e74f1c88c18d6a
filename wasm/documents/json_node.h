// A JSON value as a lazy tree over texts: what nobody changes comes out as it came in, byte for
// byte, and changing one record in a large document costs that record only.
//
// A node is a text until somebody opens it; then it has children, one level of them, each a text.
// Rules:
// - A text is valid JSON in valid UTF-8 without half a surrogate pair, of bounded depth, and has no
//   space around it. Nobody checks that here: validate what a peer sent first (ValidateJson).
// - An opened node keeps its text until it is touched. A touched one is written anew from its
//   children: compactly, keys in their shortest form, untouched children by their own texts.
// - Of equal keys in an object the last one's value counts, at the first one's place.
// - An absent node stands for a value that was not loaded. Its neighbours may come and go, and it
//   may be replaced or erased; whoever needs what it holds is told so.
// - What a patch sets is touched, even where it equals what was there. So is what it moves, with
// all
//   within, unless to another place in the same array.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.h"
#include "documents/patch_work.h"

namespace tidemark::json {

struct Member;

class Node {
 public:
  static constexpr uint32_t kNoOrigin = UINT32_MAX;

  Node();  // null
  ~Node();
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;

  static Node OfText(std::string text);
  // What a patch sets: touched from the start. `depth` is that of the text, as Value::depth.
  static Node OfPatch(std::string_view text, uint32_t depth);
  static Node Absent();
  // Opened from the start, and untouched: their children are taken to be as they always were.
  static Node Array(std::vector<Node> items);
  static Node Object(std::vector<Member> members);  // keys are unique

  bool absent() const { return absent_; }
  // Whether it, or anything within, was set or taken away since the caller made it; of a node that
  // a patch brought, always true.
  bool touched() const { return touched_; }
  // It and all within are the same, but not where they were: their texts stay.
  void MarkTouched();
  // A number of the caller's: which row it was, say. It goes where the node goes; a copy, and what
  // a patch sets in its place, have none.
  uint32_t origin() const { return origin_; }
  void set_origin(uint32_t origin) { origin_ = origin; }

  Kind kind() const { return kind_; }  // null if absent
  bool is_object() const { return kind_ == Kind::kObject; }
  bool is_array() const { return kind_ == Kind::kArray; }

  // Makes the children of an array or an object; of anything else, nothing. False if that is more
  // than `work` allows; without `work` it never is.
  bool Open(PatchWork* work = nullptr);
  // The children; the node is open. Who adds, removes or replaces any calls Touch() on the node,
  // so that its text is made anew, and on all that hold it.
  std::vector<Node>& items();
  const std::vector<Node>& items() const;
  std::vector<Member>& members();
  const std::vector<Member>& members() const;
  // The member of an open object by its UTF-8 key; null if there is none.
  Member* Find(std::string_view key);
  void Touch();

  // The bytes of the text; none if something within is absent.
  std::optional<size_t> TextBytes() const;
  // Appends the text. Nothing within is absent.
  void AppendTo(std::string* out) const;
  std::string Text() const;
  // The text, if it is there already: unless something within was changed, or the caller built it.
  const std::string* standing_text() const { return text_.empty() ? nullptr : &text_; }
  // The depth as Value::depth counts it; none if something within is absent.
  std::optional<uint32_t> Depth() const;

 private:
  struct Within;

  static constexpr uint8_t kDepthUnknown = UINT8_MAX;

  std::string text_;  // empty: written from `within_`
  std::unique_ptr<Within> within_;
  uint32_t origin_ = kNoOrigin;
  Kind kind_ = Kind::kNull;
  bool absent_ = false;
  bool touched_ = false;
  mutable uint8_t depth_ = kDepthUnknown;  // of the text, where known
};

struct Member {
  std::string key;  // UTF-8, without escapes
  Node value;
};

}  // namespace tidemark::json
