// The eight regions of D1, where each lies, and which is nearest to a client.
//
//   wnam San Francisco   enam New York   weur London   eeur Berlin
//   apac Tokyo           oc   Sydney     me   Dubai    af   Johannesburg
//
// Nearness is the cosine of the angle between two places as seen from the middle of the earth: it
// falls as the great-circle distance grows, also across the date line and over the poles.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidemark {

enum class Region : uint8_t { kWnam, kEnam, kWeur, kEeur, kApac, kOc, kMe, kAf };
inline constexpr size_t kRegions = 8;

std::optional<Region> ParseRegion(std::string_view code);
std::string_view RegionCode(Region region);

// From -1, the other side of the earth, to 1, the same place.
double Nearness(Region a, Region b);

// What a request tells of where it comes from; whatever is not known is empty. Two letters each, in
// capitals: a continent (AF, AN, AS, EU, NA, OC, SA), a country (ISO 3166-1) and, in the United
// States and Canada, a state or province.
struct ClientPlace {
  std::string_view continent;
  std::string_view country;
  std::string_view region_code;
  std::optional<double> latitude;   // -90 to 90
  std::optional<double> longitude;  // -180 to 180
};

// The first that says anything:
// 1. A country within one region: that one. Of one that spans two, the nearer to the coordinates,
//    else that of the state, else the one where most of its people live.
// 2. A continent: of its regions the nearest to the coordinates, else its first.
// 3. Coordinates alone: the nearest of all.
// 4. Nothing: wnam.
Region ClosestRegion(const ClientPlace& place);

}  // namespace tidemark
