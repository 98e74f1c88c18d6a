// Two devices and a space: whatever they edit, all end with the same records.

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/deltas.h"
#include "tests/support/device.h"

namespace tidemark::testing {
namespace {

using Devices = std::vector<Device*>;

void ExpectConverged(SpaceHarness* space, const Devices& devices) {
  ASSERT_TRUE(SyncUntilIdle(space, devices));
  EXPECT_EQ(Differences(space, devices), "");
}

TEST(Convergence, AnEditOnOneDeviceIsSeenOnTheOther) {
  SpaceHarness space;
  Device phone("phone");
  Device laptop("laptop");
  phone.Edit("plans", "p", PlanData("A"), kNow);
  phone.Edit("cards", "c", CardData("p", "?"), kNow);
  ExpectConverged(&space, {&phone, &laptop});
  ASSERT_NE(laptop.Find("cards", "c"), nullptr);
  EXPECT_EQ(laptop.Find("cards", "c")->at("question"), "?");
}

TEST(Convergence, TheLaterOfTwoEditsStaysOnBoth) {
  SpaceHarness space;
  Device phone("phone");
  Device laptop("laptop");
  phone.Edit("plans", "p", PlanData("A"), kNow);
  ExpectConverged(&space, {&phone, &laptop});
  laptop.Edit("plans", "p", PlanData("later"), kNow + 2000);
  phone.Edit("plans", "p", PlanData("earlier"), kNow + 1000);
  ExpectConverged(&space, {&laptop, &phone});
  EXPECT_EQ(phone.Find("plans", "p")->at("title"), "later");
}

TEST(Convergence, EditsOfDifferentFieldsBothStay) {
  SpaceHarness space;
  Device phone("phone");
  Device laptop("laptop");
  phone.Edit("notes", "n", {{"text", "A"}, {"rank", 1}}, kNow);
  ExpectConverged(&space, {&phone, &laptop});
  phone.Edit("notes", "n", {{"text", "B"}}, kNow + 1000);
  laptop.Edit("notes", "n", {{"rank", nullptr}, {"pinned", true}}, kNow + 2000);
  ExpectConverged(&space, {&phone, &laptop});
  EXPECT_EQ(*phone.Find("notes", "n"), json({{"text", "B"}, {"pinned", true}}));
}

TEST(Convergence, ADeletionReachesTheOtherDevice) {
  SpaceHarness space;
  Device phone("phone");
  Device laptop("laptop");
  phone.Edit("plans", "p", PlanData("A"), kNow);
  ExpectConverged(&space, {&phone, &laptop});
  laptop.Delete("plans", "p", kNow + 1000);
  ExpectConverged(&space, {&laptop, &phone});
  EXPECT_EQ(phone.Find("plans", "p"), nullptr);
}

TEST(Convergence, ALostAnswerIsMadeGoodByTheNextRequest) {
  SpaceHarness space;
  Device phone("phone");
  Device laptop("laptop");
  phone.Edit("plans", "p", PlanData("A"), kNow);
  space.Post("phone", phone.Send(space.now_ms).body);  // its answer never arrives
  laptop.Edit("plans", "p", PlanData("B"), kNow + 1000);
  ASSERT_TRUE(SyncOnce(&space, &laptop));
  phone.Edit("plans", "q", PlanData("C"), kNow + 1000);
  ExpectConverged(&space, {&phone, &laptop});
  EXPECT_EQ(phone.Find("plans", "p")->at("title"), "B");
}

TEST(Convergence, ADeviceThatSlowlyPagesWhileOthersEditGetsItAll) {
  SpaceHarness space;
  Device phone("phone", {.limit = 3});
  Device laptop("laptop");
  for (int i = 0; i < 20; ++i) {
    laptop.Edit("plans", "p" + std::to_string(i), PlanData("A"), kNow + i);
  }
  ASSERT_TRUE(SyncOnce(&space, &laptop));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(SyncOnce(&space, &phone));
    laptop.Edit("plans", "p" + std::to_string(i), PlanData("B"), kNow + 1000 + i);
    if (i % 3 == 0) laptop.Delete("plans", "p" + std::to_string(19 - i), kNow + 1000 + i);
    phone.Edit("plans", "own" + std::to_string(i), PlanData("C"), kNow + i);
    ASSERT_TRUE(SyncOnce(&space, &laptop));
  }
  ExpectConverged(&space, {&phone, &laptop});
}

TEST(Convergence, ClocksThatAreFarOffDoNotKeepDevicesApart) {
  SpaceHarness space;
  Device ahead("ahead", {.skew_ms = 7'200'000});
  Device behind("behind", {.skew_ms = -7'200'000});
  Device plain("plain", {.skew_ms = 3'600'000, .counters = false});
  const Devices devices{&ahead, &behind, &plain};
  for (int round = 0; round < 6; ++round) {
    for (Device* device : devices) {
      device->Edit("plans", "p", PlanData(device->name() + std::to_string(round)), space.now_ms);
      device->Edit("notes", "n", {{"text", device->name() + std::to_string(round)}}, space.now_ms);
      if (round % 2 == 0) ASSERT_TRUE(SyncOnce(&space, device));
      space.now_ms += 500;
    }
    ExpectConverged(&space, devices);
  }
}

void RandomEdit(Random* random, Device* device, int64_t now_ms) {
  const std::string plan = "p" + std::to_string(random->Below(4));
  const std::string id = std::to_string(random->Below(6));
  const std::string text = device->name() + std::to_string(random->Below(1000));
  switch (random->Below(7)) {
    case 0:
      return device->Delete("plans", plan, now_ms);
    case 1:
      return device->Delete("cards", "c" + id, now_ms);
    case 2:
      return device->Delete("notes", "n" + id, now_ms);
    case 3:
      return device->Edit("cards", "c" + id, CardData(plan, text), now_ms);
    case 4:
      return device->Edit("notes", "n" + id, {{"text", text}}, now_ms);
    case 5:
      return device->Edit("notes", "n" + id, {{"text", text}, {"rank", random->Below(9)}}, now_ms);
    default:
      return device->Edit("plans", plan, PlanData(text), now_ms);
  }
}

// A step of a device: an edit, a request whose answer arrives, is lost, or a request sent twice.
void RandomStep(Random* random, SpaceHarness* space, Device* device) {
  space->now_ms += static_cast<int64_t>(random->Below(3));
  const uint64_t pick = random->Below(10);
  if (pick < 6) return RandomEdit(random, device, space->now_ms);
  const Device::Outgoing request = device->Send(space->now_ms);
  native::Answer answer = space->Post(device->name(), request.body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  if (pick == 6) return;
  if (pick == 7) answer = space->Post(device->name(), request.body);
  device->Receive(request.number, json::parse(answer.body, nullptr, false), space->now_ms);
}

TEST(Convergence, RandomEditsWithLossAndDuplicationConverge) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    SpaceHarness space;
    Device phone("phone", {.limit = 2});
    Device laptop("laptop", {.skew_ms = 400'000});
    Device tablet("tablet", {.skew_ms = -1000, .counters = false, .deltas_max = 3});
    Device web("web", {.sends_no_cursor = true});
    const Devices devices{&phone, &laptop, &tablet, &web};
    for (int step = 0; step < 120; ++step) {
      RandomStep(&random, &space, devices[random.Below(devices.size())]);
    }
    ExpectConverged(&space, devices);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tidemark::testing
