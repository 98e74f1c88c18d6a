// The suite `events`: our object beside Effect's own, in one workerd, the same frames to both.

import { Server } from '../server.mjs';
import { measureCatchUp } from './catchup.mjs';
import { measureFanOut } from './fanout.mjs';
import { measureGrowth, measureRows } from './growth.mjs';
import { peer } from './peer.mjs';
import { measureWrites } from './write.mjs';

const measures = [
  ['write', measureWrites, { rounds: 11 }],
  ['catchup', measureCatchUp, { rounds: 9, entries: 100_000 }],
  ['fanout', measureFanOut, {}],
  ['rows', measureRows, { rounds: 50 }],
  ['growth', measureGrowth, { rounds: 60, large: 1_000_000, small: 1000 }],
];
const fewer = { rounds: 5, large: 200_000 };

/** Gives figures one by one. `only` names parts of the suite; none for all. */
export async function* run({ quick, only }) {
  const effect = await peer();
  const server = await Server.start([effect]);
  const at = await server.urlOf(effect.name);
  const sides = {
    server,
    ours: (key) => server.socketUrl(`/eventlog/${key}`),
    effect: (key) => server.socketUrl(`/?publicKey=${key}`, at),
  };
  try {
    for (const [name, measure, options] of measures) {
      if (only.length > 0 && !only.includes(name)) continue;
      const few = Object.entries(fewer).filter(([option]) => quick && option in options);
      yield* await measure(sides, { ...options, ...Object.fromEntries(few) });
    }
  } finally {
    await server.stop();
  }
}
