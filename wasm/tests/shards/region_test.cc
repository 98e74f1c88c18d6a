#include "shards/region.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/random.h"

namespace tidemark {
namespace {

struct City {
  Region region;
  double latitude;
  double longitude;
};
constexpr City kCities[] = {{Region::kWnam, 37.7749, -122.4194}, {Region::kEnam, 40.7128, -74.0060},
                            {Region::kWeur, 51.5074, -0.1278},   {Region::kEeur, 52.5200, 13.4050},
                            {Region::kApac, 35.6762, 139.6503},  {Region::kOc, -33.8688, 151.2093},
                            {Region::kMe, 25.2048, 55.2708},     {Region::kAf, -26.2041, 28.0473}};

// The haversine formula, in kilometres.
double Distance(double latitude, double longitude, const City& city) {
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const double north = std::sin(radians(city.latitude - latitude) / 2);
  const double east = std::sin(radians(city.longitude - longitude) / 2);
  const double a =
      north * north + std::cos(radians(latitude)) * std::cos(radians(city.latitude)) * east * east;
  return 2 * 6371.0088 * std::asin(std::sqrt(a));
}

TEST(Region, CodesAreEightAndComeBack) {
  for (const char* code : {"wnam", "enam", "weur", "eeur", "apac", "oc", "me", "af"}) {
    ASSERT_TRUE(ParseRegion(code));
    EXPECT_EQ(RegionCode(*ParseRegion(code)), code);
  }
  for (const char* code : {"", "WNAM", "mars", "wnam "}) EXPECT_FALSE(ParseRegion(code));
}

TEST(Region, NearnessFallsAsDistanceGrows) {
  for (const City& from : kCities) {
    EXPECT_EQ(Nearness(from.region, from.region), 1);
    for (const City& a : kCities) {
      EXPECT_EQ(Nearness(from.region, a.region), Nearness(a.region, from.region));
      const double angle = Distance(from.latitude, from.longitude, a) / 6371.0088;
      EXPECT_NEAR(Nearness(from.region, a.region), std::cos(angle), 1e-9);
    }
  }
}

// San Francisco is nearer to Tokyo than London is, over the date line.
TEST(Region, TheDateLineIsNoBorder) {
  EXPECT_GT(Nearness(Region::kWnam, Region::kApac), Nearness(Region::kWeur, Region::kApac));
  EXPECT_EQ(ClosestRegion({.latitude = -18.0, .longitude = -179.9}), Region::kOc);
  EXPECT_EQ(ClosestRegion({.latitude = -18.0, .longitude = 179.9}), Region::kOc);
}

TEST(Region, OfCoordinatesAloneItIsTheNearest) {
  Random random(11);
  for (int i = 0; i < 5'000; ++i) {
    const double latitude = static_cast<double>(random.Below(180'001)) / 1'000 - 90;
    const double longitude = static_cast<double>(random.Below(360'001)) / 1'000 - 180;
    const City* nearest = &kCities[0];
    for (const City& city : kCities) {
      if (Distance(latitude, longitude, city) < Distance(latitude, longitude, *nearest)) {
        nearest = &city;
      }
    }
    ASSERT_EQ(ClosestRegion({.latitude = latitude, .longitude = longitude}), nearest->region)
        << latitude << ", " << longitude;
  }
}

struct Case {
  ClientPlace place;
  Region region;
};
class Closest : public ::testing::TestWithParam<Case> {};

TEST_P(Closest, IsInTheTable) {
  const ClientPlace& place = GetParam().place;
  EXPECT_EQ(ClosestRegion(place), GetParam().region)
      << place.continent << " " << place.country << " " << place.region_code;
}

INSTANTIATE_TEST_SUITE_P(
    Region, Closest,
    ::testing::Values(
        Case{{}, Region::kWnam}, Case{{.continent = "T1", .country = "XX"}, Region::kWnam},
        Case{{.latitude = 51.5}, Region::kWnam},  // half a place is none
        Case{{.latitude = 91.0, .longitude = 0.0}, Region::kWnam},
        Case{{.latitude = 0.0, .longitude = 181.0}, Region::kWnam},
        Case{{.continent = "NA"}, Region::kEnam}, Case{{.continent = "SA"}, Region::kEnam},
        Case{{.continent = "EU"}, Region::kWeur}, Case{{.continent = "AS"}, Region::kApac},
        Case{{.continent = "OC"}, Region::kOc}, Case{{.continent = "AF"}, Region::kAf},
        Case{{.continent = "AN"}, Region::kOc},
        Case{{.continent = "NA", .country = "US"}, Region::kEnam},
        Case{{.continent = "NA", .country = "US", .region_code = "CA"}, Region::kWnam},
        Case{{.continent = "NA", .country = "US", .region_code = "NY"}, Region::kEnam},
        Case{{.country = "CA", .region_code = "BC"}, Region::kWnam},
        Case{{.country = "CA", .region_code = "ON"}, Region::kEnam},
        Case{{.country = "MX", .region_code = "CA"}, Region::kEnam},
        // Denver and Chicago, by their coordinates and against a state that says otherwise.
        Case{{.country = "US", .latitude = 39.74, .longitude = -104.99}, Region::kWnam},
        Case{{.country = "US", .region_code = "CA", .latitude = 41.88, .longitude = -87.63},
             Region::kEnam},
        Case{{.country = "DE"}, Region::kWeur},
        Case{{.country = "DE", .latitude = 52.5, .longitude = 13.4}, Region::kEeur},
        Case{{.country = "RU", .latitude = 55.75, .longitude = 37.62}, Region::kEeur},
        Case{{.country = "RU", .latitude = 43.12, .longitude = 131.89}, Region::kApac},
        // A country within one region: also where another region's city is nearer.
        Case{{.continent = "SA", .country = "BR", .latitude = -23.55, .longitude = -46.63},
             Region::kEnam},
        Case{{.continent = "AS", .country = "IN", .latitude = 19.08, .longitude = 72.88},
             Region::kApac},
        Case{{.country = "GB"}, Region::kWeur}, Case{{.country = "FR"}, Region::kWeur},
        Case{{.country = "PL"}, Region::kEeur}, Case{{.country = "JP"}, Region::kApac},
        Case{{.country = "SG"}, Region::kApac}, Case{{.country = "AU"}, Region::kOc},
        Case{{.country = "NZ"}, Region::kOc}, Case{{.country = "AE"}, Region::kMe},
        Case{{.country = "IL"}, Region::kMe}, Case{{.country = "ZA"}, Region::kAf},
        Case{{.country = "NG"}, Region::kAf}, Case{{.country = "AR"}, Region::kEnam},
        Case{{.continent = "AS", .country = "TR"}, Region::kEeur},
        // A country that is in no list, in a continent that is known.
        Case{{.continent = "AS", .country = "ZZ", .latitude = 24.0, .longitude = 54.0},
             Region::kMe}));

}  // namespace
}  // namespace tidemark
