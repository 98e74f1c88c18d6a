// A delta: one change that a device asks for, as parsed from the body of POST /sync.
//
// delta := {"action": "create" | "update" | "delete", "id": text, "data"?: object,
//           "updated_at"?: integer, "counter"?: integer, "owner"?: text | null}
//
// `updated_at` is in seconds or milliseconds; where it is missing, `data.updated_at` stands for it.
// `counter` is the second part of a hybrid clock's stamp; without it the delta's place in its array
// is. `owner` is the user whose record it is, where that is another one. Other keys are ignored.
// Pieces are offsets into the slice's text (and not views, since they live across awaits); what an
// escape made different from the text is decoded beside it.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.h"
#include "records/schema.h"

namespace tidemark {

struct Piece {
  uint32_t offset = 0;
  uint32_t size = 0;
};

// A slice of the body, and what was decoded from it: pieces beyond the text lie in `decoded`.
struct Slice {
  std::string text;  // valid UTF-8
  std::string decoded;
  size_t offset = 0;  // of its first byte in the body
  bool last = false;  // the body ends with it
  bool in_body = true;

  std::string_view Get(Piece piece) const {
    if (piece.offset < text.size()) return std::string_view(text).substr(piece.offset, piece.size);
    return std::string_view(decoded).substr(piece.offset - text.size(), piece.size);
  }
  // The piece of a string's raw contents, decoded where it has escapes. The string has no lone
  // surrogate.
  Piece Keep(const json::Text& string);
};

struct Delta {
  uint32_t index = 0;  // its place in the collection's array
  bool deletes = false;
  bool counter_given = false;
  bool clamped = false;   // its stamp was too far ahead of the server
  bool orphaned = false;  // its data says that there is no parent: null
  Piece id;
  Piece data;    // empty for a deletion
  Piece parent;  // the parent's id; empty for none
  Piece owner;   // empty: the space's own
  int64_t ms = 0;
  int64_t counter = 0;
};

// Why a delta is refused, for `rejected`.
struct Rejection {
  std::string_view code;  // empty: it is not
  std::string message;
};

// Which key followed which in the deltas before: the next one is guessed by it, and its bytes are
// compared once instead of being read and looked up. A wrong guess costs only the usual way.
struct KeyOrder {
  std::array<uint8_t, 8> members = {};   // by member, of the delta
  std::array<uint8_t, 65> columns = {};  // by column and 1, of its data
};

// Reads one element of a collection's array, whatever it holds. False on a fault of the scanner
// (not JSON, or truncated): nothing is read then. The scanner reads the slice's text.
bool ReadDelta(const Collection& collection, json::Scanner* scanner, KeyOrder* order, Slice* slice,
               Delta* delta, Rejection* rejection);

// A record's or parent's id: 1 to 256 bytes of UTF-8 without NUL (`nul`: it holds one). Empty code:
// it is one.
Rejection CheckRecordId(std::string_view id, bool nul);

}  // namespace tidemark
