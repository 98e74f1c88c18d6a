// The pure operations of placement, as the library asks them.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/limits.h"
#include "tests/shards/pure.h"

namespace tidemark::testing {
namespace {

native::Answer Choose(Params more, uint64_t seed = 1) {
  Params params = {{"key", "user-123"}, {"strategy", "hash"}, {"shards", R"(["c","a","b"])"}};
  for (auto& [key, value] : more) params[key] = value;
  return RunPure("choose_shard", params, seed);
}

std::string CodeOf(Params more) {
  const native::Answer answer = Choose(std::move(more));
  EXPECT_EQ(answer.status, answer.data.contains("error") ? 400 : 200);
  return answer.data.contains("error") ? answer.data.at("error") : "";
}

TEST(ChooseShard, ByHashIsAlwaysTheSame) {
  const std::string shard = Choose({}).data["shard"];
  EXPECT_EQ(Choose({{"shards", R"(["a","b","c"])"}}, 9).data["shard"], shard);
  EXPECT_EQ(Choose({{"index", "7"}}).data["index"], "7");
}

TEST(ChooseShard, ByRoundRobinTellsTheNextIndex) {
  const native::Answer first = Choose({{"strategy", "round-robin"}});
  EXPECT_EQ(first.data.at("shard"), "a");
  EXPECT_EQ(first.data.at("index"), "1");
  const native::Answer last = Choose({{"strategy", "round-robin"}, {"index", "2"}});
  EXPECT_EQ(last.data.at("shard"), "c");
  EXPECT_EQ(last.data.at("index"), "0");
}

TEST(ChooseShard, AtRandomFollowsTheSeed) {
  std::set<std::string> taken;
  for (uint64_t seed = 1; seed < 50; ++seed) {
    taken.insert(Choose({{"strategy", "random"}}, seed).data["shard"]);
  }
  EXPECT_EQ(taken.size(), 3U);
}

TEST(ChooseShard, ByLocationTakesTheNearest) {
  Params params = {{"strategy", "location"},
                   {"region", "wnam"},
                   {"locations", R"({"a":"weur","b":{"region":"enam","priority":0},"c":"af"})"}};
  EXPECT_EQ(Choose(params).data["shard"], "b");
  params["region"] = "me";
  EXPECT_EQ(Choose(params).data["shard"], "a");
}

TEST(ChooseShard, LargeShardsAreLeftOutAndNamed) {
  Params params = {
      {"strategy", "round-robin"}, {"sizes", R"({"a":101,"b":100,"c":102})"}, {"max_size", "100"}};
  const native::Answer answer = Choose(params);
  EXPECT_EQ(answer.data.at("shard"), "b");
  EXPECT_EQ(answer.data.at("index"), "2");
  EXPECT_EQ(answer.data.at("excluded"), "c, a");
  params["max_size"] = "99";
  EXPECT_EQ(Choose(params).data["excluded"], "");
  params["max_size"] = "";
  EXPECT_EQ(Choose(params).data["shard"], "a");
}

TEST(ChooseShard, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(CodeOf({}), "");
  EXPECT_EQ(CodeOf({{"strategy", "mixed"}}), "invalid_strategy");
  EXPECT_EQ(CodeOf({{"shards", "[]"}}), "no_shards");
  EXPECT_EQ(CodeOf({{"shards", "{}"}}), "invalid_shards");
  EXPECT_EQ(CodeOf({{"shards", R"(["a","a"])"}}), "invalid_shards");
  EXPECT_EQ(CodeOf({{"shards", "[7]"}}), "invalid_shards");
  EXPECT_EQ(CodeOf({{"shards", "["}}), "invalid_json");
  EXPECT_EQ(CodeOf({{"region", "mars"}}), "invalid_region");
  EXPECT_EQ(CodeOf({{"locations", R"({"a":"mars"})"}}), "invalid_region");
  EXPECT_EQ(CodeOf({{"sizes", "[]"}}), "invalid_parameter");
  EXPECT_EQ(CodeOf({{"sizes", R"({"a":1.5})"}}), "invalid_parameter");
  EXPECT_EQ(CodeOf({{"max_size", "-1"}}), "invalid_parameter");
  EXPECT_EQ(CodeOf({{"index", "-1"}}), "invalid_parameter");
}

TEST(ClosestRegion, ReadsWhatARequestTells) {
  const auto region = [](Params params) {
    return RunPure("closest_region", std::move(params)).data.at("region");
  };
  EXPECT_EQ(region({}), "wnam");
  EXPECT_EQ(region({{"latitude", "52.52"}, {"longitude", "13.40500"}}), "eeur");
  EXPECT_EQ(region({{"country", "US"}, {"region_code", "CA"}}), "wnam");
  EXPECT_EQ(region({{"continent", "EU"}, {"country", "JP"}}), "apac");
  for (const char* odd : {"", "x", "1e999", "null", "[1]", "0x10", "\xff", "52.52,"}) {
    EXPECT_EQ(region({{"continent", "OC"}, {"latitude", odd}, {"longitude", "139"}}), "oc") << odd;
  }
}

TEST(HashKeys, AreSha256InHex) {
  const native::Answer answer = RunPure("hash_keys", {{"keys", R"(["abc","","\u00e9"])"}});
  EXPECT_EQ(answer.body, R"(["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",)"
                         R"("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
                         R"("4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"])");
  EXPECT_EQ(RunPure("hash_keys", {{"keys", "[]"}}).body, "[]");
}

// RFC 4231, sections 4.3 (a short secret) and 4.7 (one longer than a block).
TEST(HashKeys, WithAPepperAreHmacOfIt) {
  EXPECT_EQ(
      RunPure("hash_keys", {{"keys", R"(["what do ya want for nothing?"])"}, {"pepper", "Jefe"}})
          .body,
      R"(["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"])");
  EXPECT_EQ(RunPure("hash_keys",
                    {{"keys", R"(["Test Using Larger Than Block-Size Key - Hash Key First"])"},
                     {"pepper", std::string(131, '\xaa')}})
                .body,
            R"(["60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"])");
}

TEST(HashKeys, WhatIsNoListOfTextsIsRefused) {
  const auto code = [](const std::string& keys) {
    return RunPure("hash_keys", {{"keys", keys}}).data["error"];
  };
  EXPECT_EQ(code(""), "invalid_json");
  EXPECT_EQ(code("{}"), "invalid_parameter");
  EXPECT_EQ(code("[7]"), "invalid_parameter");
  EXPECT_EQ(code("[[]]"), "too_deep");
  EXPECT_EQ(code(R"(["\ud800"])"), "invalid_utf8");
  std::string many = "[\"\"";
  for (size_t i = 0; i < limits::kSqlKeysMax; ++i) many += ",\"\"";
  EXPECT_EQ(code(many + "]"), "invalid_parameter");
  EXPECT_EQ(code("[\"" + std::string(limits::kSqlParamBytesMax, 'k') + "\"]"), "too_large");
}

}  // namespace
}  // namespace tidemark::testing
