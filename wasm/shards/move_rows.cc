#include "shards/move_rows.h"

#include <cstdlib>
#include <utility>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "shards/existing_sql.h"
#include "shards/sql_existing.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::FillSql;
using existing::Join;
using existing::Names;

double RealOf(const Cell& cell) {
  const auto* real = std::get_if<double>(&cell);
  return real != nullptr ? *real : static_cast<double>(existing::IntegerOf(cell));
}

// The bytes that stand for a cell, together with its type.
std::string BytesOf(const Cell& cell, char type) {
  return type == 'r' ? DumpTree(nlohmann::json(RealOf(cell))) : existing::TextOf(cell);
}

// The cell fits its type: what JSON cannot carry, such as an infinite number, comes as NULL.
bool Fits(const Cell& cell, char type) {
  if (type == 'n') return std::holds_alternative<Null>(cell);
  if (type != 'r') return std::holds_alternative<std::string>(cell);
  return std::holds_alternative<double>(cell) || std::holds_alternative<int64_t>(cell);
}

// A cell as a parameter behind those that are there. The plus takes a cast's affinity away, so that
// what it is compared with stays as it is.
std::string AddParam(const Cell& cell, char type, std::vector<Param>* params) {
  if (type == 'n') return "NULL";
  if (type == 'r') {
    params->emplace_back(RealOf(cell));
  } else if (type == 'b') {
    params->emplace_back(Blob{existing::TextOf(cell)});
  } else {
    params->emplace_back(existing::TextOf(cell));
  }
  std::string number = "?" + std::to_string(params->size());
  if (type == 'i') return "+CAST(" + number + " AS INTEGER)";
  if (type == 'r') return "+CAST(" + number + " AS REAL)";
  return number;
}

// What a place reads as: one tuple, its parameters added.
std::string TupleAt(const std::string& place, std::vector<Param>* params) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < place.size();) {
    const size_t end = place.find(';', at);
    Check(end != std::string::npos && end >= at + 2);
    const std::string bytes = HexDecode(place.substr(at + 2, end - at - 2)).value_or("");
    const char type = place[at];
    const Cell cell = type == 'r' ? Cell(std::strtod(bytes.c_str(), nullptr)) : Cell(bytes);
    parts.push_back(AddParam(cell, type, params));
    at = end + 1;
  }
  return Join(parts);
}

std::string Each(const Sql& piece, const Shape& shape, bool numbered) {
  std::vector<std::string> pieces;
  for (const std::string& column : shape.columns) {
    std::string text = FillSql(piece, {{"column", "s." + column}});
    if (numbered) text += " AS c" + std::to_string(pieces.size());
    pieces.push_back(std::move(text));
  }
  return Join(pieces);
}

Names NamesOf(const Shape& shape) {
  return {{"key", shape.key},
          {"types", Each(sql::kTypeLetter, shape, false)},
          {"values", Each(sql::kValueOf, shape, true)},
          {"table", shape.table}};
}

}  // namespace

size_t Row::bytes() const {
  size_t size = 0;
  for (const Cell& cell : cells) {
    const auto* text = std::get_if<std::string>(&cell);
    size += text == nullptr ? 8 : text->size();
  }
  return size;
}

Sha256Digest Row::Digest() const {
  Sha256 hash;
  hash.Update(types);
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string bytes = BytesOf(cells[i], types[i]);
    hash.Update(std::to_string(bytes.size()) + ":");
    hash.Update(bytes);
  }
  return hash.Finish();
}

std::string Row::Place(size_t places) const {
  std::string place;
  for (size_t i = 0; i < places; ++i) {
    place += types[i];
    place += ":" + HexEncode(BytesOf(cells[i], types[i])) + ";";
  }
  return place;
}

std::string Shape::Places(std::string_view prefix) const {
  std::vector<std::string> pieces;
  pieces.reserve(places);
  for (size_t i = 0; i < places; ++i) pieces.push_back(std::string(prefix) + columns[i]);
  return Join(pieces);
}

std::string Shape::Columns() const { return Join(columns); }

// Sums of at most ten: an expression is 100 deep at most.
std::string SizeText(const Shape& shape) {
  std::string text;
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    if (i > 0) text += i % 10 == 0 ? ") + (" : " + ";
    text += FillSql(sql::kCellBytes, {{"column", "s." + shape.columns[i]}});
  }
  return "(" + text + ")";
}

std::string RowsText(const Shape& shape, const std::string& which) {
  Names names = NamesOf(shape);
  names.emplace_back("which", which);
  return FillSql(sql::kReadRows, names);
}

void AddPage(const Shape& shape, const std::string& place, const Only& only, Texts* texts) {
  std::vector<Param> params;
  std::string after;
  const auto where = [&](const std::string& condition) {
    after += (after.empty() ? "WHERE " : " AND ") + condition;
  };
  const std::string columns = shape.Places("s.");
  if (!place.empty()) {
    const std::string tuple = TupleAt(place, &params);
    where(FillSql(sql::kAfterPlace, {{"place", columns}, {"tuple", tuple}}));
  }
  if (!only.slots.empty()) {
    params.emplace_back(only.slots);
    where(FillSql(sql::kOfSlots, {{"slots", std::to_string(params.size())}}));
  }
  if (!only.key.empty()) {
    params.emplace_back(only.key);
    where(FillSql(sql::kOfKey,
                  {{"column", "s." + shape.route}, {"number", std::to_string(params.size())}}));
  }
  const std::string page =
      FillSql(sql::kPageOfRows, {{"after", after},
                                 {"place", columns},
                                 {"size", SizeText(shape)},
                                 {"table", shape.table},
                                 {"rows", std::to_string(limits::kSlotMovePageRows)},
                                 {"bytes", std::to_string(limits::kSlotMovePageBytes)}});
  texts->Add(RowsText(shape, page), std::move(params));
}

void AddAtPlaces(const Shape& shape, const std::vector<Row>& rows, Texts* texts) {
  Names names = NamesOf(shape);
  names.emplace_back("place", shape.Places("s."));
  AddTuples({.sql = &sql::kReadAtPlaces, .names = std::move(names), .cells = shape.places}, rows,
            texts);
}

Result<std::vector<Row>> RowsOf(const ResultSet& set) {
  std::vector<Row> rows;
  rows.reserve(set.rows.size());
  for (const std::vector<Cell>& cells : set.rows) {
    Row row{.key = existing::TextOf(cells[0]),
            .routed = !std::holds_alternative<Null>(cells[0]),
            .types = {},
            .cells = {cells.begin() + 2, cells.end()}};
    // ["i","t"]: a letter each four bytes.
    const std::string letters = existing::TextOf(cells[1]);
    for (size_t at = 2; at < letters.size(); at += 4) row.types += letters[at];
    bool fits = row.types.size() == row.cells.size();
    for (size_t i = 0; fits && i < row.cells.size(); ++i) fits = Fits(row.cells[i], row.types[i]);
    if (!fits) {
      return Status::Error(409, "unreadable_record", "A row holds a value that cannot be copied");
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void AddTuples(const Tuples& tuples, const std::vector<Row>& rows, Texts* texts) {
  std::vector<Param> params;
  std::string list;
  const auto flush = [&] {
    if (list.empty()) return;
    Names names = tuples.names;
    names.emplace_back("tuples", std::move(list));
    texts->Add(FillSql(*tuples.sql, names), std::move(params));
    list.clear();
    params.clear();
  };
  const size_t most = tuples.cells + (tuples.slots ? 1 : 0);
  size_t bytes = 0;
  for (const Row& row : rows) {
    if (params.size() + most > static_cast<size_t>(limits::kSqlVariablesMax) ||
        bytes > limits::kSlotMovePageBytes) {
      flush();
      bytes = 0;
    }
    std::vector<std::string> parts;
    if (tuples.slots) {
      params.emplace_back(row.key);
      parts.push_back("?" + std::to_string(params.size()));
    }
    for (size_t i = 0; i < tuples.cells; ++i) {
      parts.push_back(AddParam(row.cells[i], row.types[i], &params));
    }
    list += (list.empty() ? "(" : ", (") + Join(parts) + ")";
    bytes += row.bytes();
  }
  flush();
}

}  // namespace tidemark::moves
