#include "documents/places.h"

#include <algorithm>

#include "base/limits.h"

namespace tidemark {
namespace {

constexpr size_t kNone = SIZE_MAX;

// The indices of a longest increasing subsequence of the places that are not 0, in order.
std::vector<size_t> Keepers(const std::vector<int64_t>& places) {
  std::vector<size_t> ends;  // by length: where the sequence with the least last place ends
  std::vector<size_t> previous(places.size(), kNone);
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] <= 0) continue;
    const auto at =
        std::lower_bound(ends.begin(), ends.end(), places[i],
                         [&](size_t end, int64_t place) { return places[end] < place; });
    if (at != ends.begin()) previous[i] = *(at - 1);
    if (at == ends.end()) {
      ends.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<size_t> kept;
  for (size_t i = ends.empty() ? kNone : ends.back(); i != kNone; i = previous[i]) {
    kept.push_back(i);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

}  // namespace

void AssignPlaces(std::vector<int64_t>* places) {
  std::vector<size_t> kept = Keepers(*places);
  kept.push_back(places->size());  // behind all
  std::vector<int64_t> assigned(places->size());
  size_t next = 0;  // the first that has no place yet
  int64_t low = 0;  // the place before it
  for (const size_t keeper : kept) {
    const bool behind = keeper == places->size();
    const auto count = static_cast<int64_t>(keeper - next);
    const int64_t high = behind ? low + (count + 1) * limits::kPlaceStep : (*places)[keeper];
    const int64_t step = (high - low) / (count + 1);
    if (step == 0) {
      for (size_t i = 0; i < places->size(); ++i) {
        (*places)[i] = static_cast<int64_t>(i + 1) * limits::kPlaceStep;
      }
      return;
    }
    for (int64_t i = 1; i <= count; ++i) assigned[next++] = low + i * step;
    if (!behind) assigned[next++] = low = high;
  }
  *places = std::move(assigned);
}

}  // namespace tidemark
