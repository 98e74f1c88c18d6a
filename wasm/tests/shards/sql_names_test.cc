// Statements are inline constants in one namespace: of two with the same name the linker would keep
// one, and the other's operations would run it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

namespace tidemark::testing {
namespace {

TEST(SqlNames, AreEachOfOneStatement) {
  const std::regex statement("inline constexpr Sql (k[A-Za-z0-9]+)");
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TIDEMARK_ROOT "/wasm")) {
    if (entry.path().extension() != ".h") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator at(source.begin(), source.end(), statement), end; at != end; ++at) {
      const auto [first, added] = files.emplace((*at)[1], entry.path().string());
      EXPECT_TRUE(added) << first->first << " is in " << first->second << " and in "
                         << entry.path();
    }
  }
  EXPECT_GT(files.size(), 100U);
}

}  // namespace
}  // namespace tidemark::testing
