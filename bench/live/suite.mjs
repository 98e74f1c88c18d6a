// The suite `live`.

import { Server } from '../server.mjs';
import { measureCli } from './cli.mjs';
import { measureFanOut } from './fanout.mjs';
import { measureLatency } from './latency.mjs';

const measures = [
  ['latency', measureLatency, { rounds: 300 }],
  ['fanout', measureFanOut, { rounds: 21 }],
  ['cli', measureCli, { rounds: 30 }],
];

/** Gives figures one by one. `only` names parts of the suite; none for all. */
export async function* run({ quick, only }) {
  const server = await Server.start();
  try {
    for (const [name, measure, options] of measures) {
      if (only.length > 0 && !only.includes(name)) continue;
      const rounds = quick ? Math.ceil(options.rounds / 3) : options.rounds;
      yield* await measure(server, { ...options, rounds });
    }
  } finally {
    await server.stop();
  }
}
