#include "shards/region.h"

#include <algorithm>
#include <array>
#include <span>

namespace tidemark {
namespace {

constexpr std::string_view kCodes[] = {"wnam", "enam", "weur", "eeur", "apac", "oc", "me", "af"};

constexpr double kNowhere = 1'000;  // no degree
constexpr double kPi = 3.14159265358979323846;

// The sine of an angle of at most 360 degrees: nine terms of its series are exact to 1e-11. The
// library's own would take tables for any angle into the module.
constexpr double Sine(double degrees) {
  if (degrees > 180) degrees -= 360;
  if (degrees < -180) degrees += 360;
  if (degrees > 90) degrees = 180 - degrees;
  if (degrees < -90) degrees = -180 - degrees;
  const double x = degrees * (kPi / 180);
  double term = x;
  double sum = x;
  for (int n = 2; n < 18; n += 2) {
    term *= -x * x / (n * (n + 1));
    sum += term;
  }
  return sum;
}
constexpr double Cosine(double degrees) { return Sine(degrees + 90); }

using Vector = std::array<double, 3>;

// Where a place is on a ball of radius 1.
constexpr Vector OnEarth(double latitude, double longitude) {
  return {Cosine(latitude) * Cosine(longitude), Cosine(latitude) * Sine(longitude), Sine(latitude)};
}

constexpr double CosineOf(const Vector& a, const Vector& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

constexpr Vector kPlaces[] = {OnEarth(37.7749, -122.4194), OnEarth(40.7128, -74.0060),
                              OnEarth(51.5074, -0.1278),   OnEarth(52.5200, 13.4050),
                              OnEarth(35.6762, 139.6503),  OnEarth(-33.8688, 151.2093),
                              OnEarth(25.2048, 55.2708),   OnEarth(-26.2041, 28.0473)};
static_assert(std::size(kPlaces) == kRegions && std::size(kCodes) == kRegions);

// Countries that lie in one region.
struct Countries {
  Region region;
  std::string_view codes;
};
constexpr Countries kCountries[] = {
    {Region::kEnam, "AGAIARAWBBBLBMBOBQBRBSBZCLCOCRCUCWDMDOECFKGDGFGLGPGTGYHNHTJM"},
    {Region::kEnam, "KNKYLCMFMQMSNIPAPEPMPRPYSRSVSXTCTTUYVCVEVGVI"},
    {Region::kWeur, "ADBECHDZEHESFOFRGBGGGIIEIMISITJELILUMAMCMTNLPTSMTNVA"},
    {Region::kEeur, "ALAMATAXAZBABGBYCYCZDKEEFIGEGRHRHUKZLTLVMDMEMKNOPLRORSSESISJ"},
    {Region::kEeur, "SKTRUAXK"},
    {Region::kApac, "BDBNBTCNHKIDINIOJPKGKHKPKRLALKMMMNMOMVMYNPPHSGTHTLTWUZVN"},
    {Region::kOc, "ASAUCCCKCXFJFMGUHMKIMHMPNCNFNRNUNZPFPGPNPWSBTKTOTVUMVUWFWS"},
    {Region::kMe, "AEAFBHEGILIQIRJOKWLBLYOMPKPSQASASYTJTMYE"},
    {Region::kAf, "AOBFBIBJBWCDCFCGCICMCVDJERETGAGHGMGNGQGWKEKMLRLSMGMLMRMUMWMZ"},
    {Region::kAf, "NANENGRERWSCSDSHSLSNSOSSSTSZTDTFTGTZUGYTZAZMZW"},
};

// What spans several regions, where most people live first.
struct Area {
  std::string_view code;
  Region regions[3];
  uint8_t count;
};
constexpr Area kSpanning[] = {
    {"US", {Region::kEnam, Region::kWnam}, 2}, {"CA", {Region::kEnam, Region::kWnam}, 2},
    {"MX", {Region::kEnam, Region::kWnam}, 2}, {"DE", {Region::kWeur, Region::kEeur}, 2},
    {"RU", {Region::kEeur, Region::kApac}, 2},
};
constexpr Area kContinents[] = {
    {"NA", {Region::kEnam, Region::kWnam}, 2},
    {"SA", {Region::kEnam}, 1},
    {"EU", {Region::kWeur, Region::kEeur}, 2},
    {"AS", {Region::kApac, Region::kMe}, 2},
    {"OC", {Region::kOc, Region::kApac}, 2},
    {"AF", {Region::kAf}, 1},
    {"AN", {Region::kOc, Region::kAf, Region::kEnam}, 3},
};
constexpr Region kAll[] = {Region::kWnam, Region::kEnam, Region::kWeur, Region::kEeur,
                           Region::kApac, Region::kOc,   Region::kMe,   Region::kAf};

// States and provinces of wnam; no code of the one country means another place in the other.
constexpr std::string_view kWestern = "AKAZCACOHIIDMTNMNVORUTWAWYABBCNTSKYT";

// Whether a list of codes, two letters each, has this one.
bool Lists(std::string_view codes, std::string_view code) {
  if (code.size() != 2) return false;
  for (size_t at = 0; at < codes.size(); at += 2) {
    if (codes.substr(at, 2) == code) return true;
  }
  return false;
}

const Area* Find(std::span<const Area> areas, std::string_view code) {
  for (const Area& area : areas) {
    if (area.code == code) return &area;
  }
  return nullptr;
}

// Where the client is on the ball, if that is known.
std::optional<Vector> Located(const ClientPlace& place) {
  const double latitude = place.latitude.value_or(kNowhere);
  const double longitude = place.longitude.value_or(kNowhere);
  if (latitude < -90 || latitude > 90 || longitude < -180 || longitude > 180) return std::nullopt;
  return OnEarth(latitude, longitude);
}

// The first, where it is not known.
Region Nearest(const std::optional<Vector>& here, std::span<const Region> among) {
  if (!here) return among.front();
  Region best = among.front();
  double nearest = -2;
  for (const Region region : among) {
    const double nearness = CosineOf(*here, kPlaces[static_cast<size_t>(region)]);
    if (nearness > nearest) best = region;
    nearest = std::max(nearest, nearness);
  }
  return best;
}

}  // namespace

std::optional<Region> ParseRegion(std::string_view code) {
  for (size_t i = 0; i < kRegions; ++i) {
    if (kCodes[i] == code) return static_cast<Region>(i);
  }
  return std::nullopt;
}

std::string_view RegionCode(Region region) { return kCodes[static_cast<size_t>(region)]; }

double Nearness(Region a, Region b) {
  if (a == b) return 1;
  return CosineOf(kPlaces[static_cast<size_t>(a)], kPlaces[static_cast<size_t>(b)]);
}

Region ClosestRegion(const ClientPlace& place) {
  for (const Countries& countries : kCountries) {
    if (Lists(countries.codes, place.country)) return countries.region;
  }
  const std::optional<Vector> here = Located(place);
  if (const Area* country = Find(kSpanning, place.country); country != nullptr) {
    const bool american = place.country == "US" || place.country == "CA";
    if (!here && american && Lists(kWestern, place.region_code)) return Region::kWnam;
    return Nearest(here, {country->regions, country->count});
  }
  if (const Area* continent = Find(kContinents, place.continent); continent != nullptr) {
    return Nearest(here, {continent->regions, continent->count});
  }
  return Nearest(here, kAll);
}

}  // namespace tidemark
