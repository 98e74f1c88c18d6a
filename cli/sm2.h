// When to ask a card again: the algorithm SM-2 (P. A. Wozniak, "Optimization of learning", 1990,
// section 3.2), its steps 3 to 6.

#pragma once

#include <cstdint>

namespace tidemark::samedi {

struct Schedule {
  double ease_factor = 2.5;
  int64_t interval_days = 1;
  int64_t repetitions = 0;  // passed one after the other
};

// `grade` is 0 (no idea) to 5 (at once); from 3 on it is a pass. A fail starts the card again and
// leaves its ease as it is.
Schedule Review(const Schedule& before, int grade);

}  // namespace tidemark::samedi
