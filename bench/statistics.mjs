// Two sides measured in turn, so that what else the machine does falls on both.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs a and b `rounds` times, first and second by turns; each gives milliseconds. */
export async function interleave(rounds, a, b) {
  const times = { a: [], b: [] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 ? ['b', 'a'] : ['a', 'b'];
    for (const side of order) times[side].push(await (side === 'a' ? a : b)(round));
  }
  const ratios = times.a.map((ms, round) => ms / times.b[round]);
  return { a: median(times.a), b: median(times.b), ratio: median(ratios) };
}

/** The same, several times in a row: the median of their times. */
export const several =
  (run, times = 5) =>
  async () => {
    const all = [];
    for (let turn = 0; turn < times; turn += 1) all.push(await run());
    return median(all);
  };

export const round = (value, digits = 2) => Number(value.toFixed(digits));
