// Merging is taking a maximum of a total order: properties over seeded random versions, drawn from
// so few values that ties of every kind come up.

#include "records/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/random.h"

namespace tidemark {
namespace {

struct Sample {
  int64_t ms;
  int64_t counter;
  std::string device;
  std::string data;  // empty for a deletion

  Version version() const { return {ms, counter, device, data.empty()}; }
  friend bool operator==(const Sample&, const Sample&) = default;
};

constexpr int kRounds = 20'000;

Sample RandomSample(Random* random) {
  constexpr std::array<const char*, 4> kData = {"", "{}", "{\"a\":1}", "{\"a\":2}"};
  constexpr std::array<const char*, 3> kDevices = {"a", "b", "ab"};
  return {static_cast<int64_t>(random->Below(3)), static_cast<int64_t>(random->Below(3)),
          kDevices[random->Below(kDevices.size())], kData[random->Below(kData.size())]};
}

Outcome Compare(const Sample& incoming, const Sample& stored, bool counter_given = true) {
  const Outcome outcome = CompareStamps(incoming.version(), counter_given, stored.version());
  if (outcome != Outcome::kTied) return outcome;
  return CompareData(incoming.version(), incoming.data, stored.version(), stored.data);
}

Sample Merge(const Sample& stored, const Sample& incoming) {
  return Compare(incoming, stored) == Outcome::kWins ? incoming : stored;
}

TEST(Merge, OrderIsTotalOverDistinctVersions) {
  Random random(1);
  for (int i = 0; i < kRounds; ++i) {
    const Sample a = RandomSample(&random);
    const Sample b = RandomSample(&random);
    const Outcome forth = Compare(a, b);
    const Outcome back = Compare(b, a);
    if (a == b) {
      ASSERT_EQ(forth, Outcome::kSame);
      ASSERT_EQ(back, Outcome::kSame);
    } else {
      ASSERT_TRUE(forth == Outcome::kWins || forth == Outcome::kLoses);
      ASSERT_EQ(back, forth == Outcome::kWins ? Outcome::kLoses : Outcome::kWins);
    }
  }
}

TEST(Merge, IsCommutativeAssociativeAndIdempotent) {
  Random random(2);
  for (int i = 0; i < kRounds; ++i) {
    const Sample a = RandomSample(&random);
    const Sample b = RandomSample(&random);
    const Sample c = RandomSample(&random);
    ASSERT_EQ(Merge(a, b), Merge(b, a));
    ASSERT_EQ(Merge(Merge(a, b), c), Merge(a, Merge(b, c)));
    ASSERT_EQ(Merge(a, a), a);
  }
}

TEST(Merge, AnyOrderOfArrivalWithRepeatsEndsInTheSameVersion) {
  Random random(3);
  for (int i = 0; i < kRounds / 20; ++i) {
    std::vector<Sample> versions;
    for (int j = 0; j < 6; ++j) versions.push_back(RandomSample(&random));
    Sample expected = versions.front();
    for (const Sample& version : versions) expected = Merge(expected, version);
    for (int order = 0; order < 10; ++order) {
      Sample merged = versions[random.Below(versions.size())];
      for (size_t j = versions.size(); j > 1; --j) {
        std::swap(versions[j - 1], versions[random.Below(j)]);
      }
      for (const Sample& version : versions) {
        merged = Merge(merged, version);
        merged = Merge(merged, versions[random.Below(versions.size())]);
      }
      ASSERT_EQ(merged, expected);
    }
  }
}

TEST(Merge, TimeDecidesBeforeCounterAndCounterBeforeDevice) {
  EXPECT_EQ(Compare({2, 0, "a", "{}"}, {1, 9, "z", "{}"}), Outcome::kWins);
  EXPECT_EQ(Compare({1, 2, "a", "{}"}, {1, 1, "z", "{}"}), Outcome::kWins);
  EXPECT_EQ(Compare({1, 1, "b", "{}"}, {1, 1, "a", "{}"}), Outcome::kWins);
  EXPECT_EQ(Compare({1, 1, "a", "{}"}, {1, 1, "b", ""}), Outcome::kLoses);
}

TEST(Merge, EqualStampsAreDecidedByTheHashOfTheData) {
  const Sample one{1, 1, "a", "{\"a\":1}"};
  const Sample two{1, 1, "a", "{\"a\":2}"};
  const bool one_is_greater = Sha256Of(one.data) > Sha256Of(two.data);
  EXPECT_EQ(Compare(one, two), one_is_greater ? Outcome::kWins : Outcome::kLoses);
}

TEST(Merge, SameDataAtAnotherPlaceOfAPayloadIsTheSameVersion) {
  const Sample first{1, 0, "a", "{}"};
  const Sample again{1, 7, "a", "{}"};
  EXPECT_EQ(Compare(again, first, false), Outcome::kSame);
  EXPECT_EQ(Compare(again, first, true), Outcome::kWins);
  EXPECT_EQ(Compare({1, 7, "a", "{\"a\":1}"}, first, false), Outcome::kWins);
}

}  // namespace
}  // namespace tidemark
