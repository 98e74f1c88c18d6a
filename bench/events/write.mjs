// events.writeN.vs_effect: entries a second at N entries a write, 8 writes in flight, until each
// is acknowledged.

import { randomUUID } from 'node:crypto';
import { interleave, round } from '../statistics.mjs';
import { Connection } from './connection.mjs';
import { messages, writes } from './frames.mjs';

export const in_flight = 8;

/** Milliseconds until all are acknowledged, each with a number an entry. */
export async function timeWrites(connection, frames, size) {
  const started = performance.now();
  const answers = await connection.pipeline(frames, in_flight);
  const ms = performance.now() - started;
  const sequences = messages(answers).flatMap(({ sequenceNumbers }) => sequenceNumbers);
  if (new Set(sequences).size !== frames.length * size) {
    throw new Error(`${sequences.length} of ${frames.length * size} entries acknowledged`);
  }
  return ms;
}

async function measureSize(sides, { size, count, rounds, bar }) {
  const key = randomUUID();
  const [ours, effect] = await Promise.all([
    Connection.open(sides.ours(key)),
    Connection.open(sides.effect(key)),
  ]);
  const frames = (at) => writes(key, count, size, at * count);
  for (let warm = 0; warm < 2; warm += 1) {
    await timeWrites(ours, frames(warm), size);
    await timeWrites(effect, frames(warm), size);
  }
  const prepared = Array.from({ length: rounds }, (_, at) => frames(at + 2));
  const { a, b, ratio } = await interleave(
    rounds,
    (at) => timeWrites(effect, prepared[at], size),
    (at) => timeWrites(ours, prepared[at], size),
  );
  ours.close();
  effect.close();
  const per_second = (ms) => Math.round((count * size * 1000) / ms);
  return {
    name: `events.write${size}.vs_effect`,
    value: round(ratio),
    bar: { min: bar },
    detail: `${per_second(b)} entries a second; Effect's object ${per_second(a)}`,
    numbers: { entries_per_second: per_second(b), effect: per_second(a) },
  };
}

export async function* measureWrites(sides, { rounds }) {
  yield await measureSize(sides, { size: 1, count: 400, rounds, bar: 1.3 });
  yield await measureSize(sides, { size: 10, count: 250, rounds, bar: 2 });
  yield await measureSize(sides, { size: 100, count: 100, rounds, bar: 3 });
}
