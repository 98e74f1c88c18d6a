// The suite `records`.

import { Server } from '../server.mjs';
import { measureEngine } from './engine.mjs';
import { measureGrowth } from './growth.mjs';
import { measureMerge } from './merge.mjs';
import { measurePull, measurePush } from './push.mjs';
import { measureRows } from './rows.mjs';

const measures = [
  ['merge', measureMerge, { rounds: 15, merges: 8 }],
  ['push', measurePush, { rounds: 21 }],
  ['pull', measurePull, { rounds: 31 }],
  ['rows', measureRows, {}],
  ['growth', measureGrowth, { rounds: 200, large: 1_000_000, small: 1000 }],
  ['engine', measureEngine, { rounds: 15 }],
];

/** Gives figures one by one. `only` names parts of the suite; none for all. */
export async function* run({ quick, only }) {
  const server = await Server.start();
  try {
    for (const [name, measure, options] of measures) {
      if (only.length > 0 && !only.includes(name)) continue;
      const fewer = quick && { rounds: Math.ceil(options.rounds / 3), large: 100_000 };
      yield* await measure(server, { ...options, ...fewer });
    }
  } finally {
    await server.stop();
  }
}
