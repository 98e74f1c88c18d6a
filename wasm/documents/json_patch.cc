#include "documents/json_patch.h"

#include <utility>

#include "base/limits.h"
#include "documents/json_equal.h"
#include "documents/json_pointer.h"
#include "documents/patch_operation.h"

namespace tidemark::json {
namespace {

// How far an operation came.
enum class Step : uint8_t { kDone, kMissing, kNoPlace, kTooDeep, kTestFailed, kTooCostly, kAbsent };

class Patcher {
 public:
  Patcher(Node* root, PatchWork* work) : root_(root), work_(work) {}

  Status Apply(const PatchOperation& operation) {
    operation_ = &operation;
    pointer_ = operation.path;
    const auto error = [&](int http_status, std::string_view code, std::string_view what) {
      return OperationError(http_status, code, operation, pointer_, what);
    };
    switch (Run()) {
      case Step::kDone:
        return Status();
      case Step::kMissing:
        return error(409, "path_missing", "leads nowhere.");
      case Step::kNoPlace:
        return error(409, "path_missing", "is not a place in the array.");
      case Step::kTooDeep:
        return error(400, "too_deep", "would hold a value too deep in the document.");
      case Step::kTestFailed:
        return error(409, "test_failed", "is not what it is tested to be.");
      case Step::kTooCostly:
        return TooCostly();
      case Step::kAbsent:
        return AbsentPart();
    }
    Trap();
  }

 private:
  Step Run() {
    Node removed;
    switch (operation_->verb) {
      case Verb::kAdd:
        return SpendValue() ? Add(NewValue(), /*same_parent=*/false) : Step::kTooCostly;
      case Verb::kRemove:
        return Remove(&removed);
      case Verb::kReplace:
        return Replace();
      case Verb::kMove:
        return Move();
      case Verb::kCopy:
        return Copy();
      case Verb::kTest:
        return Test();
    }
    Trap();
  }

  bool SpendValue() const {
    return work_->Spend(operation_->value.text.size() * PatchWork::kByteMade);
  }
  Node NewValue() const { return Node::OfPatch(operation_->value.text, operation_->value.depth); }
  bool FitsAtPath(uint32_t depth) const {
    return PointerLength(operation_->path) + depth <= limits::kRecordDepthMax;
  }

  Step Open(Node* node) const {
    if (node->absent()) return Step::kAbsent;
    return node->Open(work_) ? Step::kDone : Step::kTooCostly;
  }

  // The child of an open node.
  Step FindChild(Node* node, std::string_view segment, Node** child) const {
    if (node->is_object()) {
      if (!work_->Spend(node->members().size())) return Step::kTooCostly;
      Member* const member = node->Find(segment);
      if (member == nullptr) return Step::kMissing;
      *child = &member->value;
      return Step::kDone;
    }
    const std::optional<size_t> index = ParseIndex(segment);
    if (!node->is_array() || !index || *index >= node->items().size()) return Step::kMissing;
    *child = &node->items()[*index];
    return Step::kDone;
  }

  // The node at `path`. With `touch`, all above it are touched.
  Step Walk(std::string_view path, bool touch, Node** out) const {
    Node* node = root_;
    std::string segment;
    while (TakeSegment(&path, &segment)) {
      Node* child = nullptr;
      if (const Step step = Open(node); step != Step::kDone) return step;
      if (const Step step = FindChild(node, segment, &child); step != Step::kDone) return step;
      if (touch) node->Touch();
      node = child;
    }
    *out = node;
    return Step::kDone;
  }

  // What `path`, which is not the root's, has around it, open; and its last segment.
  Step WalkToParent(std::string_view path, Node** parent, std::string* segment) const {
    *segment = TakeLastSegment(&path);
    if (const Step step = Walk(path, /*touch=*/true, parent); step != Step::kDone) return step;
    if (const Step step = Open(*parent); step != Step::kDone) return step;
    return (*parent)->is_object() || (*parent)->is_array() ? Step::kDone : Step::kMissing;
  }

  // At the operation's path. `same_parent`: the value was a child of what it is added to.
  Step Add(Node value, bool same_parent) const {
    const std::optional<uint32_t> depth = value.Depth();
    if (!depth) return Step::kAbsent;
    if (!FitsAtPath(*depth)) return Step::kTooDeep;
    if (pointer_.empty()) {
      value.MarkTouched();
      *root_ = std::move(value);
      return Step::kDone;
    }
    Node* parent = nullptr;
    std::string segment;
    if (const Step step = WalkToParent(pointer_, &parent, &segment); step != Step::kDone) {
      return step;
    }
    if (!parent->is_array() || !same_parent) value.MarkTouched();
    if (parent->is_array()) return Insert(parent, segment, std::move(value));
    if (!work_->Spend(parent->members().size() + PatchWork::kMemberMade)) return Step::kTooCostly;
    parent->Touch();
    if (Member* const member = parent->Find(segment); member != nullptr) {
      member->value = std::move(value);
    } else {
      parent->members().push_back({std::move(segment), std::move(value)});
    }
    return Step::kDone;
  }

  Step Insert(Node* array, std::string_view segment, Node value) const {
    std::vector<Node>& items = array->items();
    const std::optional<size_t> index = segment == "-" ? items.size() : ParseIndex(segment);
    if (!index || *index > items.size()) return Step::kNoPlace;
    const uint64_t moved = (items.size() - *index) * PatchWork::kChildMoved;
    if (!work_->Spend(moved + PatchWork::kItemMade)) return Step::kTooCostly;
    array->Touch();
    items.insert(items.begin() + static_cast<ptrdiff_t>(*index), std::move(value));
    return Step::kDone;
  }

  // From where `pointer_` leads.
  Step Remove(Node* removed) const {
    if (pointer_.empty()) {
      *removed = std::exchange(*root_, Node::OfPatch("null", 0));
      return Step::kDone;
    }
    Node* parent = nullptr;
    Node* child = nullptr;
    std::string segment;
    if (const Step step = WalkToParent(pointer_, &parent, &segment); step != Step::kDone) {
      return step;
    }
    if (const Step step = FindChild(parent, segment, &child); step != Step::kDone) return step;
    *removed = std::move(*child);
    parent->Touch();
    const bool erased = parent->is_array() ? EraseFrom(&parent->items(), child)
                                           : EraseFrom(&parent->members(), parent->Find(segment));
    return erased ? Step::kDone : Step::kTooCostly;
  }

  template <typename Child>
  bool EraseFrom(std::vector<Child>* children, const Child* child) const {
    const auto at = children->begin() + (child - children->data());
    children->erase(at);
    return work_->Spend(static_cast<uint64_t>(children->end() - at) * PatchWork::kChildMoved);
  }

  Step Replace() const {
    if (!SpendValue()) return Step::kTooCostly;
    if (!FitsAtPath(operation_->value.depth)) return Step::kTooDeep;
    Node* node = nullptr;
    if (const Step step = Walk(pointer_, /*touch=*/true, &node); step != Step::kDone) return step;
    *node = NewValue();
    return Step::kDone;
  }

  // What `from` leads to, if all of it is there and it may be scanned, at so much a byte.
  Step WalkToSource(Node** node, uint64_t units) {
    pointer_ = operation_->from;
    if (const Step step = Walk(pointer_, /*touch=*/false, node); step != Step::kDone) return step;
    const std::optional<size_t> bytes = (*node)->TextBytes();
    if (!bytes) return Step::kAbsent;
    return work_->Spend(*bytes * units) ? Step::kDone : Step::kTooCostly;
  }

  Step Move() {
    Node* node = nullptr;
    if (const Step step = WalkToSource(&node, 1); step != Step::kDone) return step;
    std::string_view from = operation_->from;
    std::string_view path = operation_->path;
    if (from == path) return Step::kDone;
    Node moved;
    if (const Step step = Remove(&moved); step != Step::kDone) return step;
    pointer_ = path;
    TakeLastSegment(&from);
    if (!path.empty()) TakeLastSegment(&path);
    return Add(std::move(moved), from == path);
  }

  Step Copy() {
    Node* node = nullptr;
    if (const Step step = WalkToSource(&node, PatchWork::kByteMade); step != Step::kDone) {
      return step;
    }
    pointer_ = operation_->path;
    return Add(Node::OfPatch(node->Text(), node->Depth().value_or(0)), /*same_parent=*/false);
  }

  Step Test() const {
    Node* node = nullptr;
    if (const Step step = Walk(pointer_, /*touch=*/false, &node); step != Step::kDone) return step;
    const std::optional<size_t> bytes = node->TextBytes();
    if (!bytes) return Step::kAbsent;
    std::string made;
    const std::string* text = node->standing_text();
    if (!work_->Spend(*bytes * (text != nullptr ? 1 : PatchWork::kByteMade))) {
      return Step::kTooCostly;
    }
    if (text == nullptr) {
      made = node->Text();
      text = &made;
    }
    Value there;
    Scanner(*text, /*last=*/true).ReadValue(&there);
    const bool equal = Equal(there, operation_->value, work_);
    if (work_->spent()) return Step::kTooCostly;
    return equal ? Step::kDone : Step::kTestFailed;
  }

  Node* root_;
  PatchWork* work_;
  const PatchOperation* operation_ = nullptr;
  std::string_view pointer_;  // the one of the operation's that is being followed
};

}  // namespace

Status ApplyJsonPatch(std::string_view patch, Node* root, PatchWork* work) {
  if (Status status = PatchReader::Validate(patch); !status.ok()) return status;
  PatchReader reader(patch);
  Patcher patcher(root, work);
  while (true) {
    PatchOperation operation;
    bool ended = false;
    if (Status status = reader.Next(&operation, &ended); !status.ok()) return status;
    if (ended) return Status();
    if (!work->Spend(PatchWork::kOperationRead)) return TooCostly();
    if (Status status = patcher.Apply(operation); !status.ok()) return status;
  }
}

}  // namespace tidemark::json
