// AssignPlaces: order is kept, and most of what has a place keeps it.

#include "documents/places.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/limits.h"
#include "base/random.h"

namespace tidemark {
namespace {

std::vector<int64_t> Assigned(std::vector<int64_t> places) {
  AssignPlaces(&places);
  return places;
}

int64_t Kept(const std::vector<int64_t>& before, const std::vector<int64_t>& after) {
  int64_t kept = 0;
  for (size_t i = 0; i < before.size(); ++i) kept += before[i] > 0 && before[i] == after[i] ? 1 : 0;
  return kept;
}

// By trying all subsets.
int64_t LongestIncreasing(const std::vector<int64_t>& places) {
  int64_t longest = 0;
  for (uint32_t subset = 0; subset < (1U << places.size()); ++subset) {
    int64_t last = 0;
    int64_t length = 0;
    for (size_t i = 0; i < places.size(); ++i) {
      if ((subset >> i & 1U) == 0) continue;
      const bool fits = places[i] > last;
      last = places[i];
      length = fits ? length + 1 : INT64_MIN / 2;
    }
    longest = std::max(longest, length);
  }
  return longest;
}

bool Increases(const std::vector<int64_t>& places) {
  return std::adjacent_find(places.begin(), places.end(), std::greater_equal<>()) == places.end() &&
         (places.empty() || places.front() > 0);
}

TEST(Places, NewOnesAreAStepApart) {
  EXPECT_EQ(Assigned({}), std::vector<int64_t>{});
  EXPECT_EQ(Assigned({0, 0, 0}), (std::vector<int64_t>{limits::kPlaceStep, 2 * limits::kPlaceStep,
                                                       3 * limits::kPlaceStep}));
}

TEST(Places, WhatIsInOrderStaysAndWhatIsNewFitsBetween) {
  EXPECT_EQ(Assigned({100, 0, 200}), (std::vector<int64_t>{100, 150, 200}));
  EXPECT_EQ(Assigned({0, 100}), (std::vector<int64_t>{50, 100}));
  EXPECT_EQ(Assigned({100, 0}), (std::vector<int64_t>{100, 100 + limits::kPlaceStep}));
  EXPECT_EQ(Assigned({100, 300, 200, 400}).back(), 400);
}

TEST(Places, WithoutRoomAllAreMadeAnew) {
  EXPECT_EQ(Assigned({7, 0, 8}), (std::vector<int64_t>{limits::kPlaceStep, 2 * limits::kPlaceStep,
                                                       3 * limits::kPlaceStep}));
  EXPECT_EQ(Assigned({0, 1}), (std::vector<int64_t>{limits::kPlaceStep, 2 * limits::kPlaceStep}));
}

TEST(Places, OfAnyOrderAsManyAsCanKeepTheirs) {
  Random random(7);
  for (int round = 0; round < 3'000; ++round) {
    std::vector<int64_t> places;
    std::set<int64_t> taken;
    const uint64_t count = random.Below(11);
    for (uint64_t i = 0; i < count; ++i) {
      const auto place = static_cast<int64_t>(1 + random.Below(20)) * limits::kPlaceStep / 16;
      const bool has = random.Below(4) > 0 && taken.insert(place).second;
      places.push_back(has ? place : 0);
    }
    const std::vector<int64_t> assigned = Assigned(places);
    ASSERT_EQ(assigned.size(), places.size());
    ASSERT_TRUE(Increases(assigned));
    ASSERT_EQ(Kept(places, assigned), LongestIncreasing(places));
  }
}

// Where places lie close, all may have to be made anew: the order is kept in any case.
TEST(Places, OrderIsKeptWithoutRoomToo) {
  Random random(8);
  for (int round = 0; round < 3'000; ++round) {
    std::vector<int64_t> places;
    std::set<int64_t> taken;
    for (uint64_t i = random.Below(40); i > 0; --i) {
      const auto place = static_cast<int64_t>(1 + random.Below(60));
      places.push_back(random.Below(3) > 0 && taken.insert(place).second ? place : 0);
    }
    const std::vector<int64_t> assigned = Assigned(places);
    ASSERT_TRUE(Increases(assigned));
    if (std::count(places.begin(), places.end(), 0) == 0 && Increases(places)) {
      ASSERT_EQ(assigned, places);
    }
  }
}

// A life of moves and insertions: the numbers stay small, and a move is mostly one change.
TEST(Places, ALongLifeOfMovesChangesLittleEachTime) {
  Random random(9);
  std::vector<int64_t> places = Assigned(std::vector<int64_t>(200));
  int64_t changed = 0;
  constexpr int kMoves = 5'000;
  for (int round = 0; round < kMoves; ++round) {
    const auto from = static_cast<ptrdiff_t>(random.Below(places.size()));
    const int64_t place = random.Below(4) == 0 ? 0 : places[static_cast<size_t>(from)];
    places.erase(places.begin() + from);
    places.insert(places.begin() + static_cast<ptrdiff_t>(random.Below(places.size() + 1)), place);
    const std::vector<int64_t> assigned = Assigned(places);
    changed += static_cast<int64_t>(places.size()) - Kept(places, assigned);
    places = assigned;
    ASSERT_TRUE(Increases(places));
    ASSERT_LT(places.back(), int64_t{1} << 40);
  }
  EXPECT_LT(changed, kMoves * 3);
}

}  // namespace
}  // namespace tidemark
