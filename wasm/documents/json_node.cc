#include "documents/json_node.h"

#include <algorithm>
#include <utility>

#include "base/json_string.h"
#include "base/status.h"
#include "documents/json_members.h"

namespace tidemark::json {
namespace {

Kind KindOfText(std::string_view text) {
  const size_t kind = std::string_view("{[\"-tfn").find(text.front());  // in the order of Kind
  return kind == std::string_view::npos ? Kind::kNumber : static_cast<Kind>(kind);
}

size_t QuotedBytes(std::string_view utf8) {
  const char* const begin = utf8.empty() ? nullptr : &utf8.front();
  const char* const end = begin + utf8.size();
  if (FindPlainRunEnd(begin, end) == end) return utf8.size() + 2;
  std::string quoted;
  AppendQuoted(&quoted, utf8);
  return quoted.size();
}

}  // namespace

// Of an array the first is used, of an object the second.
struct Node::Within {
  std::vector<Node> items;
  std::vector<Member> members;

  template <typename Function>
  bool EachValue(Function function) const {
    return std::all_of(items.begin(), items.end(), function) &&
           std::all_of(members.begin(), members.end(),
                       [&function](const Member& member) { return function(member.value); });
  }
};

Node::Node() : text_("null") {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;

Node Node::OfText(std::string text) {
  Node node;
  node.kind_ = KindOfText(text);
  node.text_ = std::move(text);
  return node;
}

Node Node::OfPatch(std::string_view text, uint32_t depth) {
  Node node = OfText(std::string(text));
  node.depth_ = static_cast<uint8_t>(std::min<uint32_t>(depth, kDepthUnknown));
  node.touched_ = true;
  return node;
}

Node Node::Absent() {
  Node node;
  node.text_.clear();
  node.absent_ = true;
  return node;
}

Node Node::Array(std::vector<Node> items) {
  Node node;
  node.text_.clear();
  node.kind_ = Kind::kArray;
  node.within_ = std::make_unique<Within>();
  node.within_->items = std::move(items);
  return node;
}

Node Node::Object(std::vector<Member> members) {
  Node node;
  node.text_.clear();
  node.kind_ = Kind::kObject;
  node.within_ = std::make_unique<Within>();
  node.within_->members = std::move(members);
  return node;
}

bool Node::Open(PatchWork* work) {
  if (within_ != nullptr || !(is_object() || is_array())) return true;
  if (work != nullptr && !work->Spend(text_.size() * PatchWork::kByteMade)) return false;
  auto within = std::make_unique<Within>();
  const auto child = [this](const Value& value) {
    Node node = OfPatch(value.text, value.depth);
    node.touched_ = touched_;  // what a patch brought has brought what is within, too
    return node;
  };
  if (is_object()) {
    std::vector<MemberSpan> spans;
    if (!ReadMembers(text_, work, &spans)) return false;
    within->members.reserve(spans.size());
    for (MemberSpan& span : spans) {
      within->members.push_back({std::move(span.key), child(span.value)});
    }
  } else {
    if (work != nullptr && !work->Spend(text_.size())) return false;
    Scanner scanner(text_, /*last=*/true);
    scanner.Take('[');
    while (!scanner.Take(']')) {
      if (work != nullptr && !work->Spend(PatchWork::kItemMade)) return false;
      Value value;
      Check(scanner.ReadValue(&value));
      within->items.push_back(child(value));
      scanner.Take(',');
    }
  }
  within_ = std::move(within);
  return true;
}

std::vector<Node>& Node::items() { return within_->items; }
const std::vector<Node>& Node::items() const { return within_->items; }
std::vector<Member>& Node::members() { return within_->members; }
const std::vector<Member>& Node::members() const { return within_->members; }

Member* Node::Find(std::string_view key) {
  for (Member& member : within_->members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

void Node::Touch() {
  Check(within_ != nullptr);
  touched_ = true;
  depth_ = kDepthUnknown;
  std::string().swap(text_);  // its memory, too
}

void Node::MarkTouched() {
  touched_ = true;
  if (within_ == nullptr) return;
  for (Node& item : within_->items) item.MarkTouched();
  for (Member& member : within_->members) member.value.MarkTouched();
}

std::optional<size_t> Node::TextBytes() const {
  if (absent_) return std::nullopt;
  if (!text_.empty()) return text_.size();
  const size_t count = within_->items.size() + within_->members.size();
  size_t bytes = 2 + (count == 0 ? 0 : count - 1);
  for (const Member& member : within_->members) bytes += QuotedBytes(member.key) + 1;
  const bool whole = within_->EachValue([&bytes](const Node& value) {
    const std::optional<size_t> inner = value.TextBytes();
    bytes += inner.value_or(0);
    return inner.has_value();
  });
  return whole ? std::optional(bytes) : std::nullopt;
}

void Node::AppendTo(std::string* out) const {
  Check(!absent_);
  if (!text_.empty()) return void(out->append(text_));
  char before = is_object() ? '{' : '[';
  if (within_->items.empty() && within_->members.empty()) out->push_back(before);
  for (const Node& item : within_->items) {
    out->push_back(std::exchange(before, ','));
    item.AppendTo(out);
  }
  for (const Member& member : within_->members) {
    out->push_back(std::exchange(before, ','));
    AppendQuoted(out, member.key);
    out->push_back(':');
    member.value.AppendTo(out);
  }
  out->push_back(is_object() ? '}' : ']');
}

std::string Node::Text() const {
  std::string text;
  text.reserve(TextBytes().value_or(0));
  AppendTo(&text);
  return text;
}

std::optional<uint32_t> Node::Depth() const {
  if (absent_) return std::nullopt;
  if (depth_ != kDepthUnknown) return depth_;
  if (text_.empty()) {
    uint32_t deepest = 0;
    const bool whole = within_->EachValue([&deepest](const Node& value) {
      const std::optional<uint32_t> depth = value.Depth();
      deepest = std::max(deepest, depth.value_or(0));
      return depth.has_value();
    });
    return whole ? std::optional(deepest + 1) : std::nullopt;
  }
  Scanner scanner(text_, /*last=*/true);
  Value value;
  scanner.ReadValue(&value);
  depth_ = static_cast<uint8_t>(std::min<uint32_t>(value.depth, kDepthUnknown));
  return value.depth;
}

}  // namespace tidemark::json
