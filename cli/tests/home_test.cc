// Files of the home directory: settings, the account, and how files are written.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "account.h"
#include "base/encoding.h"
#include "files.h"
#include "settings.h"

namespace tidemark::samedi {
namespace {

class Home : public testing::Test {
 protected:
  Home() {
    std::string name = testing::TempDir() + "samedi-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Home() override { std::filesystem::remove_all(path_); }

  std::string At(const std::string& name) const { return path_ + "/" + name; }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(At(name)) << text;
  }
  std::string Read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(At(name)).rdbuf();
    return text.str();
  }
  int Mode(const std::string& name) const {
    struct stat found = {};
    return stat(At(name).c_str(), &found) == 0 ? static_cast<int>(found.st_mode & 0777) : -1;
  }

  std::string path_;
};

std::string Jwt(const std::string& payload) {
  return "eyJhbGciOiJIUzI1NiJ9." + Base64UrlEncode(payload) + ".c2ln";
}

TEST_F(Home, SettingsHaveDefaults) {
  const auto settings = LoadSettings(At("config.json"));
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->sync_enabled);
  EXPECT_EQ(settings->sync_interval_s, 1800);
  EXPECT_EQ(settings->api_url, "http://127.0.0.1:8787");
}

TEST_F(Home, WhatIsSetIsLoaded) {
  const std::string path = At("config.json");
  EXPECT_TRUE(SetSetting(path, "sync.enabled", "true").ok());
  EXPECT_TRUE(SetSetting(path, "sync.interval", "2h").ok());
  EXPECT_TRUE(SetSetting(path, "api.url", "https://sync.example.com/base/").ok());
  const auto settings = LoadSettings(path);
  ASSERT_TRUE(settings.ok());
  EXPECT_TRUE(settings->sync_enabled);
  EXPECT_EQ(settings->sync_interval_s, 7200);
  EXPECT_EQ(settings->api_url, "https://sync.example.com/base");
  EXPECT_EQ(Mode("config.json"), 0600);
}

TEST_F(Home, SettingsOfALaterVersionAreKept) {
  Write("config.json", R"({"theme": "dark"})");
  ASSERT_TRUE(SetSetting(At("config.json"), "sync.enabled", "true").ok());
  EXPECT_NE(Read("config.json").find("\"theme\": \"dark\""), std::string::npos);
}

TEST_F(Home, BadSettingsAreRefusedAndTheFileIsAsItWas) {
  const std::string path = At("config.json");
  for (const auto& [key, value, code] : std::vector<std::array<std::string, 3>>{
           {"sync.enabled", "maybe", "bad_value"},
           {"sync.interval", "0", "bad_value"},
           {"sync.interval", "31d", "bad_value"},
           {"sync.interval", "5x", "bad_value"},
           {"sync.interval", "", "bad_value"},
           {"sync.interval", "true", "bad_value"},
           {"api.url", "ftp://example.com", "bad_value"},
           {"api.url", "http://example.com", "bad_value"},
           {"api.url", "http://127.0.0.1.example.com", "bad_value"},
           {"api.url", "https://user@example.com", "bad_value"},
           {"api.url", "https://example.com?x=1", "bad_value"},
           {"api.url", "example", "bad_value"},
           {"colour", "red", "unknown_key"}}) {
    const Status status = SetSetting(path, key, value);
    EXPECT_EQ(status.code(), code) << key << " " << value;
  }
  EXPECT_EQ(Mode("config.json"), -1);
}

TEST_F(Home, PlainHttpIsForThisMachine) {
  for (const char* url : {"http://localhost:8787", "http://127.0.0.1", "http://127.8.0.1:1",
                          "http://[::1]:8787", "https://example.com:444"}) {
    EXPECT_TRUE(ParseApiUrl(url).ok()) << url;
  }
}

TEST_F(Home, DamagedSettingsNameTheFileAndAreNotOverwritten) {
  for (const char* text : {"{", "[]", R"({"sync.interval": "soon"})", R"({"api.url": 5})"}) {
    Write("config.json", text);
    const auto settings = LoadSettings(At("config.json"));
    ASSERT_FALSE(settings.ok()) << text;
    EXPECT_EQ(settings.status().code(), "damaged");
    EXPECT_NE(settings.status().message().find(At("config.json")), std::string::npos);
  }
  Write("config.json", "{");
  EXPECT_EQ(SetSetting(At("config.json"), "sync.enabled", "true").code(), "damaged");
  EXPECT_EQ(Read("config.json"), "{");
}

TEST_F(Home, TheTokenIsForItsOwnerAlone) {
  auto account = ReadJwt(Jwt(R"({"user_id":"u1","email":"you@example.com","exp":1795000000})"));
  ASSERT_TRUE(account.ok());
  account->api_url = "https://sync.example.com";
  ASSERT_TRUE(SaveAccount(At("auth.json"), *account).ok());
  EXPECT_EQ(Mode("auth.json"), 0600);
  const auto loaded = LoadAccount(At("auth.json"));
  ASSERT_TRUE(loaded.ok() && loaded->has_value());
  EXPECT_EQ((*loaded)->user_id, "u1");
  EXPECT_EQ((*loaded)->email, "you@example.com");
  EXPECT_EQ((*loaded)->api_url, "https://sync.example.com");
  EXPECT_EQ((*loaded)->expires_at_ms, 1'795'000'000'000);
}

TEST_F(Home, DamagedTokensNameTheFile) {
  for (const std::string& text :
       {std::string("{"), std::string("{}"), std::string(R"({"jwt":"a.b.c"})"),
        R"({"jwt":")" + Jwt("{}") + "\"}"}) {
    Write("auth.json", text);
    const auto account = LoadAccount(At("auth.json"));
    ASSERT_FALSE(account.ok()) << text;
    EXPECT_EQ(account.status().code(), "damaged");
    EXPECT_NE(account.status().message().find(At("auth.json")), std::string::npos);
  }
}

TEST_F(Home, ATokenThatWouldEndAHeaderIsNone) {
  const std::string jwt = Jwt(R"({"user_id":"u1"})");
  EXPECT_TRUE(ReadJwt(jwt).ok());
  for (const std::string& text : {jwt + "\r\nx: y", jwt + " ", std::string("magic"), jwt + ".x"}) {
    EXPECT_FALSE(ReadJwt(text).ok()) << text;
  }
}

TEST_F(Home, AFileIsReplacedWholeOrNotAtAll) {
  ASSERT_TRUE(WriteFile(At("f"), "old", 0600).ok());
  ASSERT_TRUE(WriteFile(At("f"), "new", 0600).ok());
  EXPECT_EQ(Read("f"), "new");
  std::filesystem::create_directory(At("d"));
  EXPECT_EQ(WriteFile(At("d"), "x", 0600).code(), "not_writable");
  EXPECT_EQ(WriteFile(At("none/f"), "x", 0600).code(), "not_writable");
  size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    entries += !entry.path().empty();
  EXPECT_EQ(entries, 2U);  // nothing half-written is left beside them
}

TEST_F(Home, ALockIsHeldByOne) {
  const auto first = FileLock::Take(At("lock"), 0);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(FileLock::Take(At("lock"), 0).status().code(), "busy");
}

TEST_F(Home, DirectoriesAreMadePrivate) {
  ASSERT_TRUE(MakePrivateDirectory(At("a/b")).ok());
  EXPECT_EQ(Mode("a"), 0700);
  EXPECT_EQ(Mode("a/b"), 0700);
  EXPECT_TRUE(MakePrivateDirectory(At("a/b")).ok());
  Write("file", "");
  EXPECT_EQ(MakePrivateDirectory(At("file")).code(), "not_writable");
}

}  // namespace
}  // namespace tidemark::samedi
