// Checks of one patch on one document, for tests and fuzzing: against an oracle, and against the
// same document of which some records are not loaded.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_tree.h"
#include "base/limits.h"
#include "documents/json_node.h"
#include "documents/json_patch.h"
#include "documents/merge_patch.h"
#include "tests/documents/patch_oracle.h"

namespace tidemark::json {

struct PatchCheck {
  Status status;
  std::string text;   // what came of it
  std::string fault;  // what is wrong; empty if nothing is
};

using ApplyPatch = Status (*)(std::string_view patch, Node* root, PatchWork* work);

// Less than a request may cost, so that a test meets it.
inline constexpr uint64_t kWorkMax = 4 << 20;
inline constexpr uint32_t kTreeDepthMax = 2 * limits::kRecordDepthMax;

inline bool IsCostly(const Status& status) { return status.code() == "patch_too_costly"; }

// Null where a number is beyond the oracle.
inline nlohmann::json TreeOf(std::string_view text) {
  Result<nlohmann::json> tree = ParseTree(text, kTreeDepthMax);
  return tree.ok() ? std::move(*tree) : nlohmann::json();
}

inline bool IsOracles(std::string_view document, std::string_view patch) {
  return HasPlainNumbers(document) && HasPlainNumbers(patch) &&
         ParseTree(document, kTreeDepthMax).ok() && ParseTree(patch, kTreeDepthMax).ok();
}

// The records of a document as its owner holds them, by origin; some of them are not loaded.
struct Held {
  Node root;
  std::vector<std::string> texts;
  std::vector<std::string> keys;  // of the member that each is in

  Held(std::string_view document, uint64_t absent) {
    Node whole = Node::OfText(std::string(document));
    whole.Open();
    std::vector<Member> members;
    if (!whole.is_object()) {
      root = std::move(whole);
      return;
    }
    for (Member& member : whole.members()) {
      members.push_back({member.key, HeldMember(member.key, &member.value, absent)});
    }
    root = Node::Object(std::move(members));
  }
  // The document's text with what is not loaded put in; empty if that cannot be told.
  std::string Text() {
    if (!Fill(&root)) return "";
    return root.Text();
  }
  // Whether what is said to be untouched is where it was.
  bool KeepsPlaces() {
    if (!root.is_object() || !root.touched()) return true;
    for (Member& member : root.members()) {
      if (!member.value.is_array() || !member.value.Open()) continue;
      for (const Node& item : member.value.items()) {
        if (!item.touched() && keys.at(item.origin()) != member.key) return false;
      }
    }
    return true;
  }

 private:
  Node HeldMember(const std::string& key, Node* value, uint64_t absent) {
    if (!value->is_array()) return std::move(*value);
    value->Open();
    std::vector<Node> items;
    for (const Node& item : value->items()) {
      const auto origin = static_cast<uint32_t>(texts.size());
      texts.push_back(item.Text());
      keys.push_back(key);
      const bool loaded = (absent >> (origin % 64) & 1) == 0;
      items.push_back(loaded ? Node::OfText(texts.back()) : Node::Absent());
      items.back().set_origin(origin);
    }
    return Node::Array(std::move(items));
  }
  // An untouched node with an origin is what it was; an absent one becomes that again.
  bool Fill(Node* node) {
    if (node->origin() < texts.size() && !node->touched()) {
      if (!node->absent()) return node->Text() == texts[node->origin()];
      *node = Node::OfText(texts[node->origin()]);
    }
    if (node->absent() || !node->Open()) return false;
    if (node->is_array()) {
      for (Node& item : node->items()) {
        if (!Fill(&item)) return false;
      }
    }
    if (node->is_object()) {
      for (Member& member : node->members()) {
        if (!Fill(&member.value)) return false;
      }
    }
    return true;
  }
};

// Applies it to the document as a text, as records, and as records of which some are absent. The
// outcomes are one, unless an absent one was needed.
inline PatchCheck CheckHeld(ApplyPatch apply, std::string_view document, std::string_view patch,
                            uint64_t absent) {
  PatchCheck check;
  PatchWork work(kWorkMax);
  Node root = Node::OfText(std::string(document));
  check.status = apply(patch, &root, &work);
  if (NeedsAbsent(check.status)) check.fault = "a whole document needs an absent part";
  if (check.status.ok()) {
    check.text = root.Text();
    if (check.text.size() != root.TextBytes()) check.fault = "TextBytes";
    if (!root.touched() && check.text != document) check.fault = "changed and not touched";
  }
  for (const uint64_t missing : {uint64_t{0}, absent}) {
    Held held(document, missing);
    PatchWork more(kWorkMax);
    const Status again = apply(patch, &held.root, &more);
    if ((NeedsAbsent(again) && missing != 0) || IsCostly(again) || IsCostly(check.status)) continue;
    if (again.code() != check.status.code()) check.fault = "held: " + again.message();
    if (!again.ok()) continue;
    if (!held.root.Open() || !held.KeepsPlaces()) check.fault = "moved and not touched";
    // Where a number is beyond a double, both are null.
    if (TreeOf(held.Text()) != TreeOf(check.text)) check.fault = "held: " + held.Text();
  }
  return check;
}

inline PatchCheck CheckJsonPatch(std::string_view document, std::string_view patch,
                                 uint64_t absent) {
  PatchCheck check = CheckHeld(ApplyJsonPatch, document, patch, absent);
  if (!check.fault.empty() || !IsOracles(document, patch)) return check;
  // The oracle has no bounds, and its trees no member twice.
  if (IsCostly(check.status) || check.status.code() == "too_deep") return check;
  if (check.status.message().find("has a member twice") != std::string::npos) return check;
  nlohmann::json tree = TreeOf(document);
  const bool applies = PatchOracle(&tree).Apply(TreeOf(patch));
  if (applies != check.status.ok()) check.fault = "not as the oracle: " + check.status.message();
  if (applies && check.status.ok() && tree != TreeOf(check.text))
    check.fault = "gives " + check.text;
  return check;
}

inline PatchCheck CheckMergePatch(std::string_view document, std::string_view patch,
                                  uint64_t absent) {
  PatchCheck check = CheckHeld(ApplyMergePatch, document, patch, absent);
  if (!check.fault.empty() || !check.status.ok() || !IsOracles(document, patch)) return check;
  nlohmann::json tree = TreeOf(document);
  tree.merge_patch(TreeOf(patch));
  if (tree != TreeOf(check.text)) check.fault = "gives " + check.text;
  return check;
}

}  // namespace tidemark::json
