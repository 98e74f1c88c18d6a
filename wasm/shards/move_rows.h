// Rows on their way, each value as it is: types are read beside the cells, integers as texts.
//
// A row's cells are its place first (the columns of its key, or its row number) and then the
// columns that can be written. So it reads in the source and in staging, and there the same row has
// the same digest.
//
// Place := [type ":" hex]..., each followed by ";"; empty: before all rows
//   of a text or a blob its bytes, of a number its text

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "engine/operation.h"

namespace tidemark::moves {

// Statements with the texts that they are made of.
struct Texts {
  std::deque<std::string> texts;
  std::vector<Statement> statements;

  void Add(std::string text, std::vector<Param> params = {}) {
    texts.push_back(std::move(text));
    statements.push_back({texts.back(), std::move(params)});
  }
};

struct Row {
  std::string key;  // its slot or what it is routed by, as text
  bool routed = false;
  std::string types;  // i, r, t, b or n for each cell
  std::vector<Cell> cells;

  size_t bytes() const;
  Sha256Digest Digest() const;
  // Of its first cells.
  std::string Place(size_t places) const;
};

// A table of rows as it is read: the source's own or its staging.
struct Shape {
  std::string table;                 // quoted
  std::vector<std::string> columns;  // quoted, its place first
  size_t places = 0;
  std::string key;    // SQL of the row's key
  std::string route;  // the column that it is read from, quoted; none of staging

  // The place's columns behind a prefix such as `s.`, with ", " between.
  std::string Places(std::string_view prefix) const;
  std::string Columns() const;  // all of them
};

// Rows `which` says, in its statement.
std::string RowsText(const Shape& shape, const std::string& which);
// Which rows are read: all, those of the slots in a JSON array (of staging), or those of a key (of
// the source) and perhaps some more.
struct Only {
  std::string slots;
  std::string key;
};
// The rows behind a place, a page of them.
void AddPage(const Shape& shape, const std::string& place, const Only& only, Texts* texts);
// SQL of how many bytes a row has.
std::string SizeText(const Shape& shape);
// Those of rows' places, in as many statements as it takes.
void AddAtPlaces(const Shape& shape, const std::vector<Row>& rows, Texts* texts);

// Code: `unreadable_record`, where a value did not come through.
Result<std::vector<Row>> RowsOf(const ResultSet& set);

// Adds statements that end in tuples of the rows' first `cells` cells, their slots before those if
// `slots`. `text` is made of the tuples.
struct Tuples {
  const Sql* sql = nullptr;
  std::vector<std::pair<std::string_view, std::string>> names;
  size_t cells = 0;
  bool slots = false;
};
void AddTuples(const Tuples& tuples, const std::vector<Row>& rows, Texts* texts);

}  // namespace tidemark::moves
