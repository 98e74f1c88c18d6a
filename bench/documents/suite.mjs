// The suite `documents`.

import { Server } from '../server.mjs';
import { measureLarge } from './large.mjs';
import { measureFloor, measureGrowth, measureRows, measureWriters } from './patch.mjs';
import { measureGet, measureGet304 } from './published.mjs';

const measures = [
  ['floor', measureFloor, { rounds: 150 }],
  ['growth', measureGrowth, { rounds: 100, large: 100_000, small: 1000 }],
  ['get304', measureGet304, { rounds: 150 }],
  ['rows', measureRows, { patches: 100 }],
  ['get', measureGet, { seconds: 5, readers: 8 }],
  ['writers', measureWriters, { seconds: 6, writers: 12 }],
  ['large', measureLarge, { megabytes: 50 }],
];

/** Gives figures one by one. `only` names parts of the suite; none for all. */
export async function* run({ quick, only }) {
  const server = await Server.start();
  try {
    for (const [name, measure, options] of measures) {
      if (only.length > 0 && !only.includes(name)) continue;
      const fewer = quick && {
        ...(options.rounds && { rounds: Math.ceil(options.rounds / 3) }),
        ...(options.seconds && { seconds: 2 }),
      };
      yield* await measure(server, { ...options, ...fewer });
    }
  } finally {
    await server.stop();
  }
}
