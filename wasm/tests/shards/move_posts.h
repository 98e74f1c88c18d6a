// Users and what belongs to them, which moves with them.

#pragma once

#include <map>
#include <string>

namespace tidemark::testing {

inline constexpr const char* kUsers = "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT)";
inline constexpr const char* kPosts =
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id TEXT REFERENCES users (id), text TEXT)";
inline const std::map<std::string, std::string> kRoutes = {{"users", "id"}, {"posts", "user_id"}};

}  // namespace tidemark::testing
