#include "base/uuid.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "base/random.h"

namespace tidemark {
namespace {

// RFC 9562, appendix A.6.
constexpr std::string_view kExample = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
constexpr int64_t kExampleMs = 0x017F22E279B0;
constexpr std::array<uint8_t, 10> kExampleRandom = {0x0C, 0xC3, 0x18, 0xC4, 0xDC,
                                                    0x0C, 0x0C, 0x07, 0x39, 0x8F};

TEST(UuidV7, ExampleOfRfc9562Matches) {
  EXPECT_EQ(UuidV7(kExampleMs, kExampleRandom), kExample);
  EXPECT_EQ(UuidV7Time(kExample), kExampleMs);
  EXPECT_EQ(UuidV7Time("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), kExampleMs);
}

TEST(UuidV7, VersionAndVariantStandOverAnyRandomBits) {
  std::array<uint8_t, 10> ones;
  ones.fill(0xFF);
  EXPECT_EQ(UuidV7(0, ones), "00000000-0000-7fff-bfff-ffffffffffff");
  EXPECT_EQ(UuidV7((int64_t{1} << 48) - 1, std::array<uint8_t, 10>{}),
            "ffffffff-ffff-7000-8000-000000000000");
}

TEST(UuidV7, IdsSortByTheirTime) {
  Random random(9562);
  std::string last;
  for (int64_t ms = 1'700'000'000'000; ms < 1'700'000'002'000; ++ms) {
    std::array<uint8_t, 10> bytes;
    random.Fill(bytes);
    const std::string next = UuidV7(ms, bytes);
    EXPECT_LT(last, next);
    EXPECT_EQ(UuidV7Time(next), ms);
    last = next;
  }
}

TEST(UuidV7, OtherTextsHaveNoTime) {
  for (const std::string_view text :
       {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-78c4-dc0c0c07398f", "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
        "017f22e-279b0-7cc3-98c4-dc0c0c07398f", "017g22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398\xff"}) {
    EXPECT_EQ(UuidV7Time(text), std::nullopt) << text;
  }
}

TEST(UuidV7DeathTest, TimeOutOfRangeTraps) {
  EXPECT_DEATH(UuidV7(-1, kExampleRandom), "");
  EXPECT_DEATH(UuidV7(int64_t{1} << 48, kExampleRandom), "");
}

}  // namespace
}  // namespace tidemark
