// SQL texts with names in them: identifiers are quoted here and nowhere else.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/command.h"

namespace tidemark::existing {

// An identifier in double quotes, those within it doubled: it is never read as anything else.
std::string QuoteName(std::string_view name);

// What each name in braces stands for.
using Names = std::vector<std::pair<std::string_view, std::string>>;

// The text with its names filled. What is put in is not looked at again. Traps for a name that
// `names` does not have.
std::string FillSql(const Sql& sql, const Names& names);

// The pieces with ", " between.
std::string Join(std::span<const std::string> pieces);

// Names of tables and columns compare without regard to the case of ASCII letters.
bool SameName(std::string_view left, std::string_view right);

// Cells as the core takes them; a number that came through JavaScript may be whole and a double.
std::string TextOf(const Cell& cell);
int64_t IntegerOf(const Cell& cell);

}  // namespace tidemark::existing
