// Commands to KV and R2, and what comes back: through the frames of both sides.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/sha256.h"
#include "engine/await.h"
#include "native/blob_store.h"

namespace tidemark::testing {
namespace {

using native::BlobStore;
using native::Held;
using native::HostCommand;

using Answer = std::variant<CallReply, Failure>;

HostCommand Decoded(const Command& command) {
  std::string frame;
  msgpack::Writer writer(&frame);
  writer.Array(3);
  writer.Int(0);
  writer.Int(1);
  WriteCommands({command}, &writer);
  return native::DecodeOutput(frame).commands.at(0);
}

Answer Run(BlobStore* store, const CallCommand& command, Held* held) {
  const HostCommand decoded = Decoded(command);
  EXPECT_EQ(decoded.kind, "store");
  Answer answer = store->Run(decoded, held);
  native::HostResult result;
  std::visit([&result](auto& value) { result = value; }, answer);
  std::vector<CommandResult> results;
  EXPECT_TRUE(ReadResults({command}, native::EncodeResults({decoded}, {result}), &results));
  return Call::ReplyOf(std::move(results.at(0)));
}

Answer Kv(BlobStore* store, Held* held, std::string verb, Params params,
          std::vector<Part> body = {}) {
  return Run(store, StoreCommand("kv", std::move(verb), std::move(params), std::move(body)), held);
}

Answer R2(BlobStore* store, Held* held, std::string verb, Params params,
          std::vector<Part> body = {}) {
  return Run(store, StoreCommand("r2", std::move(verb), std::move(params), std::move(body)), held);
}

int64_t StatusOf(const Answer& answer) {
  const auto* reply = std::get_if<CallReply>(&answer);
  return reply == nullptr ? 0 : reply->status;
}

CallReply ReplyOf(const Answer& answer) {
  const auto* reply = std::get_if<CallReply>(&answer);
  return reply == nullptr ? CallReply{} : *reply;
}

std::string CodeOf(const Answer& answer) {
  const auto* failure = std::get_if<Failure>(&answer);
  return failure == nullptr ? std::string() : failure->code;
}

std::string HexDigest(std::string_view bytes) {
  const Sha256Digest digest = Sha256Of(bytes);
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(StoreCommand, ReachesTheHostWithAllItsParts) {
  const HostCommand command =
      Decoded(StoreCommand("r2", "put", {{"key", "a/b"}, {"meta", "{}"}}, {"bytes", Handle{7}}));
  EXPECT_EQ(command.kind, "store");
  EXPECT_EQ(command.space, "r2");
  EXPECT_EQ(command.operation, "put");
  EXPECT_EQ(command.params, (Params{{"key", "a/b"}, {"meta", "{}"}}));
  ASSERT_EQ(command.parts.size(), 2U);
  EXPECT_EQ(*std::get_if<std::string>(&command.parts[0]), "bytes");
  EXPECT_EQ(std::get_if<Handle>(&command.parts[1])->id, 7U);
}

TEST(StoreCommand, ACallStaysACall) {
  EXPECT_EQ(Decoded(CallCommand{"user-1", "catch_up", {}, {}}).kind, "call");
}

std::string Bytes(std::string_view hex) { return HexDecode(hex).value_or(""); }

// What a host wrote as the one result, read as that of a command.
bool Fits(const Command& command, std::string_view hex) {
  std::vector<CommandResult> results;
  return ReadResults({command}, Bytes(std::string("91") + std::string(hex)), &results);
}

TEST(ReadResults, TakesWhatFitsAndNothingElse) {
  const CallCommand store = StoreCommand("kv", "get", {});
  EXPECT_TRUE(Fits(store, "94c3cc8480d60100000007"));
  EXPECT_TRUE(Fits(store, "94c3cc8480c403616263"));
  EXPECT_TRUE(Fits(store, "93c2a163a16d"));
  EXPECT_FALSE(Fits(store, "93c3cc84d60100000007")) << "no map";
  EXPECT_FALSE(Fits(store, "95c3cc8480d60100000007c0")) << "one value too many";
  EXPECT_FALSE(Fits(store, "94c2a163a16dc0")) << "a failure of four";
  EXPECT_FALSE(Fits(store, "94c3cc8480d60200000007")) << "another extension";
  EXPECT_FALSE(Fits(store, "94c3cc8480d5010007")) << "a short handle";
  EXPECT_FALSE(Fits(store, "94c3cc8480a3616263")) << "a text for the body";
  EXPECT_FALSE(Fits(store, "94c3cc8480c4ff616263")) << "fewer bytes than announced";
  EXPECT_FALSE(Fits(store, "94c3cc84df7fffffffd60100000007")) << "more pairs than bytes";
  EXPECT_FALSE(Fits(store, "c0"));
  const CallCommand call{"user-1", "catch_up", {}, {}};
  EXPECT_TRUE(Fits(call, "94c3cc8480d60100000007"));
  EXPECT_FALSE(Fits(call, "94c3cc8480c403616263")) << "bytes for a call";
}

TEST(ReadResults, RowsFitTheStatementThatAskedForThem) {
  const Command rows = SqlCommand{{}, {Statement{"SELECT 1", {}}}};
  const Command kept = SqlCommand{{}, {Statement{"SELECT 1", {}, {100, 10}}}};
  EXPECT_TRUE(Fits(rows, "92c3919200919101"));
  EXPECT_TRUE(Fits(kept, "92c39194009193a167d601000000000105c2"));
  EXPECT_FALSE(Fits(kept, "92c3919200919101")) << "rows where groups were asked for";
  EXPECT_FALSE(Fits(rows, "92c390")) << "a set too few";
  EXPECT_FALSE(Fits(rows, "92c392920090920090")) << "a set too many";
  EXPECT_FALSE(Fits(rows, "93c39192009101c0")) << "one value too many";
  EXPECT_FALSE(Fits(rows, "92c391920091")) << "rows that are not there";
}

TEST(ReadResults, AResultTooFewOrTooManyIsNone) {
  const CallCommand get = StoreCommand("kv", "get", {});
  const std::string answer = "94c3cc8480c400";
  std::vector<CommandResult> results;
  EXPECT_TRUE(ReadResults({get, get}, Bytes("92" + answer + answer), &results));
  EXPECT_FALSE(ReadResults({get, get}, Bytes("91" + answer), &results));
  EXPECT_FALSE(ReadResults({get}, Bytes("92" + answer + answer), &results));
  EXPECT_FALSE(ReadResults({get}, Bytes("91" + answer + "00"), &results));
}

// An operation that asks both stores at once, and R2 alone.
Task<Reply> AskStores(Context /*context*/) {
  std::vector<Command> commands;
  commands.emplace_back(StoreCommand("kv", "get", {{"key", "k"}}));
  commands.emplace_back(StoreCommand("r2", "head", {{"key", "r"}}));
  const auto answers = co_await Stores(std::move(commands));
  const Answer read = co_await Store("r2", "read", {{"key", "r"}, {"offset", "0"}, {"size", "3"}});
  Reply reply;
  reply.status = static_cast<int>(StatusOf(answers.at(0)) + StatusOf(answers.at(1)));
  reply.body.emplace_back(ReplyOf(read).bytes);
  reply.body.emplace_back(ReplyOf(answers.at(0)).body);
  co_return reply;
}

TEST(Store, ResumesWithRepliesAndFailuresInOrder) {
  Operation operation(AskStores({}), "ask");
  operation.Start();
  ASSERT_EQ(operation.commands().size(), 2U);
  ASSERT_TRUE(
      operation.Resume(Bytes("92"
                             "94c3cc8480d60100000007"
                             "93c2a163a16d")));
  ASSERT_FALSE(operation.done());
  ASSERT_TRUE(operation.Resume(Bytes("9194c3cc8480c403616263")));
  ASSERT_TRUE(operation.done());
  const Reply reply = operation.TakeReply();
  EXPECT_EQ(reply.status, 0x84);
  EXPECT_EQ(*std::get_if<std::string>(&reply.body.at(0)), "abc");
  EXPECT_EQ(std::get_if<Handle>(&reply.body.at(1))->id, 7U);
}

TEST(BlobStore, GivesBackWhatWasPut) {
  BlobStore store(BlobStore::Kind::kKv);
  Held held;
  held.texts.emplace_back("kept");
  EXPECT_EQ(StatusOf(Kv(&store, &held, "get", {{"key", "a"}})), 404);
  const Params put{{"key", "a"}, {"meta", R"({"version":17,"epoch":"ab"})"}, {"ttl", "60"}};
  EXPECT_EQ(StatusOf(Kv(&store, &held, "put", put, {"own ", Handle{0}})), 200);
  const CallReply reply = ReplyOf(Kv(&store, &held, "get", {{"key", "a"}}));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.data, (Params{{"epoch", "ab"}, {"version", "17"}}));
  EXPECT_EQ(held.streams.at(reply.body.id), "own kept");
  const CallReply meta = ReplyOf(Kv(&store, &held, "get", {{"key", "a"}, {"meta_only", "1"}}));
  EXPECT_EQ(meta.data.at("version"), "17");
  EXPECT_EQ(meta.body.id, 0U);
  EXPECT_EQ(StatusOf(Kv(&store, &held, "delete", {{"key", "a"}})), 200);
  EXPECT_EQ(StatusOf(Kv(&store, &held, "get", {{"key", "a"}})), 404);
}

TEST(BlobStore, ReadsRangesHeadsAndDigests) {
  BlobStore store(BlobStore::Kind::kR2);
  Held held;
  store.Put("r", "0123456789", {{"n", "1"}});
  const auto read = [&](const char* offset, const char* size) {
    return ReplyOf(R2(&store, &held, "read", {{"key", "r"}, {"offset", offset}, {"size", size}}));
  };
  const Params about{{"n", "1"}, {"size", "10"}};
  EXPECT_EQ(read("2", "3").bytes, "234");
  EXPECT_EQ(read("2", "3").data, about);
  EXPECT_EQ(read("8", "100").bytes, "89");
  EXPECT_EQ(read("10", "1").status, 416);
  EXPECT_EQ(ReplyOf(R2(&store, &held, "head", {{"key", "r"}})).data, about);
  const Params digested = ReplyOf(R2(&store, &held, "digest", {{"key", "r"}})).data;
  EXPECT_EQ(digested.at("sha256"), HexDigest("0123456789"));
  EXPECT_EQ(StatusOf(R2(&store, &held, "digest", {{"key", "none"}})), 404);
}

TEST(BlobStore, ListsByPrefixAPageAtATime) {
  BlobStore store(BlobStore::Kind::kR2);
  Held held;
  for (const char* key : {"l/1", "l/2", "l/3", "m/1"}) store.Put(key, "x");
  const Params first = ReplyOf(R2(&store, &held, "list", {{"prefix", "l/"}, {"limit", "2"}})).data;
  EXPECT_EQ(first.at("keys"), R"(["l/1","l/2"])");
  const Params rest =
      ReplyOf(R2(&store, &held, "list", {{"prefix", "l/"}, {"cursor", first.at("cursor")}})).data;
  EXPECT_EQ(rest, (Params{{"keys", R"(["l/3"])"}}));
  const Params after = ReplyOf(R2(&store, &held, "list", {{"prefix", ""}, {"after", "l/2"}})).data;
  EXPECT_EQ(after.at("keys"), R"(["l/3","m/1"])");
  EXPECT_EQ(StatusOf(R2(&store, &held, "delete", {{"keys", R"(["l/1","l/3","none"])"}})), 200);
  EXPECT_EQ(store.Keys(), (std::vector<std::string>{"l/2", "m/1"}));
}

TEST(BlobStore, PutsOnlyWhereNothingIsIfAskedTo) {
  BlobStore store(BlobStore::Kind::kR2);
  Held held;
  const Params put{{"key", "once"}, {"absent", "1"}};
  EXPECT_EQ(StatusOf(R2(&store, &held, "put", put, {"first"})), 200);
  EXPECT_EQ(StatusOf(R2(&store, &held, "put", put, {"second"})), 412);
  EXPECT_EQ(store.Find("once")->bytes, "first");
}

TEST(BlobStore, APutInPiecesIsThereOnceItIsClosed) {
  BlobStore store(BlobStore::Kind::kR2);
  Held held;
  const Params open{{"key", "p"}, {"size", "6"}, {"meta", R"({"v":"1"})"}, {"absent", "1"}};
  const auto stream = [&] {
    return Params{{"stream", ReplyOf(R2(&store, &held, "open", open)).data.at("stream")}};
  };
  const Params one = stream();
  EXPECT_EQ(StatusOf(R2(&store, &held, "write", one, {"abc"})), 200);
  EXPECT_EQ(StatusOf(R2(&store, &held, "write", one, {"def"})), 200);
  EXPECT_EQ(store.Find("p"), nullptr);
  const Params closed = ReplyOf(R2(&store, &held, "close", one)).data;
  EXPECT_EQ(closed, (Params{{"sha256", HexDigest("abcdef")}, {"size", "6"}}));
  EXPECT_EQ(store.Find("p")->meta, (Params{{"v", "1"}}));
  const Params two = stream();
  EXPECT_EQ(StatusOf(R2(&store, &held, "write", two, {"ghijkl"})), 200);
  EXPECT_EQ(StatusOf(R2(&store, &held, "close", two)), 412);
  EXPECT_EQ(store.Find("p")->bytes, "abcdef");
}

TEST(BlobStore, APutInPiecesThatBreaksOffLeavesNothing) {
  BlobStore store(BlobStore::Kind::kKv);
  Held held;
  const auto stream = [&] {
    const Params open{{"key", "p"}, {"size", "4"}};
    return Params{{"stream", ReplyOf(Kv(&store, &held, "open", open)).data.at("stream")}};
  };
  const Params few = stream();
  EXPECT_EQ(StatusOf(Kv(&store, &held, "write", few, {"abc"})), 200);
  EXPECT_EQ(CodeOf(Kv(&store, &held, "close", few)), "unavailable");
  const Params many = stream();
  EXPECT_EQ(CodeOf(Kv(&store, &held, "write", many, {"abcde"})), "unavailable");
  EXPECT_EQ(CodeOf(Kv(&store, &held, "close", many)), "unavailable");
  const Params aborted = stream();
  EXPECT_EQ(StatusOf(Kv(&store, &held, "write", aborted, {"abcd"})), 200);
  EXPECT_EQ(StatusOf(Kv(&store, &held, "abort", aborted)), 200);
  EXPECT_EQ(CodeOf(Kv(&store, &held, "close", aborted)), "unavailable");
  EXPECT_TRUE(store.Keys().empty());
}

TEST(BlobStore, FailsBeforeOrLosesTheAnswerAsItsHooksSay) {
  BlobStore store(BlobStore::Kind::kKv);
  Held held;
  std::vector<std::string> seen;
  store.before = [&](const std::string& verb, const std::string& key) -> std::optional<Failure> {
    seen.push_back(verb + " " + key);
    if (key == "never") return Failure{"unavailable", "before"};
    return std::nullopt;
  };
  store.after = [](const std::string&, const std::string& key) -> std::optional<Failure> {
    if (key == "lost") return Failure{"unavailable", "after"};
    return std::nullopt;
  };
  EXPECT_EQ(CodeOf(Kv(&store, &held, "put", {{"key", "never"}}, {"x"})), "unavailable");
  EXPECT_EQ(CodeOf(Kv(&store, &held, "put", {{"key", "lost"}}, {"x"})), "unavailable");
  const Params open{{"key", "p"}, {"size", "1"}};
  const std::string stream = ReplyOf(Kv(&store, &held, "open", open)).data.at("stream");
  Kv(&store, &held, "write", {{"stream", stream}}, {"x"});
  EXPECT_EQ(store.Keys(), (std::vector<std::string>{"lost"}));
  EXPECT_EQ(seen, (std::vector<std::string>{"put never", "put lost", "open p", "write p"}));
}

TEST(BlobStore, AStaleKvAnswersFromAnOlderVersion) {
  BlobStore store(BlobStore::Kind::kKv);
  Held held;
  store.Put("k", "one");
  store.Put("k", "two");
  store.Delete("k");
  store.Put("k", "three");
  size_t ago = 0;
  store.staleness = [&ago](const std::string&) { return ago; };
  const auto get = [&](size_t versions) {
    ago = versions;
    const CallReply reply = ReplyOf(Kv(&store, &held, "get", {{"key", "k"}}));
    return reply.status == 404 ? std::string("none") : held.streams.at(reply.body.id);
  };
  EXPECT_EQ(get(0), "three");
  EXPECT_EQ(get(1), "none");
  EXPECT_EQ(get(2), "two");
  EXPECT_EQ(get(3), "one");
  EXPECT_EQ(get(4), "none");
  EXPECT_EQ(get(99), "none");
  EXPECT_EQ(store.Find("k")->bytes, "three");
}

TEST(BlobStore, RefusesWhatThePlatformRefuses) {
  BlobStore kv(BlobStore::Kind::kKv);
  BlobStore r2(BlobStore::Kind::kR2);
  Held held;
  const auto kv_put = [&](const Params& params) {
    return CodeOf(Kv(&kv, &held, "put", params, {"x"}));
  };
  EXPECT_EQ(kv_put({{"key", std::string(512, 'k')}}), "");
  EXPECT_EQ(kv_put({{"key", std::string(513, 'k')}}), "unavailable");
  EXPECT_EQ(kv_put({{"key", ""}}), "unavailable");
  EXPECT_EQ(kv_put({{"key", "k"}, {"ttl", "59"}}), "unavailable");
  const std::string meta = "{\"m\":\"" + std::string(1016, 'm') + "\"}";
  EXPECT_EQ(kv_put({{"key", "k"}, {"meta", meta}}), "");
  EXPECT_EQ(kv_put({{"key", "k"}, {"meta", meta + " "}}), "unavailable");
  EXPECT_EQ(CodeOf(Kv(&kv, &held, "open", {{"key", "k"}, {"size", "26214401"}})), "unavailable");
  EXPECT_EQ(CodeOf(R2(&r2, &held, "open", {{"key", "k"}, {"size", "26214401"}})), "");
  EXPECT_EQ(CodeOf(R2(&r2, &held, "put", {{"key", std::string(1025, 'k')}}, {"x"})), "unavailable");
  std::string keys = "[\"k\"";
  for (int i = 1; i < 1001; ++i) keys += ",\"k\"";
  EXPECT_EQ(CodeOf(R2(&r2, &held, "delete", {{"keys", keys + "]"}})), "unavailable");
}

}  // namespace
}  // namespace tidemark::testing
