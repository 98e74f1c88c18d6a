// Places: numbers by which records and members keep their order. Between two that are there, others
// can come without either taking another place.

#pragma once

#include <cstdint>
#include <vector>

namespace tidemark {

// Places for what comes in this order. Each element is the place that it has now, or 0 for none. As
// many as can keep theirs (a longest increasing subsequence; M. Fredman, "On computing the length
// of longest increasing subsequences", 1975), and all are made anew only where there is no room
// left between two.
void AssignPlaces(std::vector<int64_t>* places);

}  // namespace tidemark
