// events.catchup.vs_effect: a new client gets a log of 100,000 entries, from opening its socket to
// the last frame. What came is read afterwards.

import { randomUUID } from 'node:crypto';
import { interleave, round } from '../statistics.mjs';
import { Connection } from './connection.mjs';
import { messages, request, writes } from './frames.mjs';
import { timeWrites } from './write.mjs';

/** A log of so many entries. */
export async function fill(url, key, entries, size = 100) {
  const connection = await Connection.open(url);
  const together = 100;
  for (let first = 0; first < entries / size; first += together) {
    const count = Math.min(together, entries / size - first);
    await timeWrites(connection, writes(key, count, size, first), size);
  }
  connection.close();
}

function countEntries(frames, entries) {
  const sequences = messages(frames).flatMap((message) =>
    message.entries.map(({ sequence }) => sequence),
  );
  if (sequences.length !== entries || sequences.some((at, index) => at !== index + 1)) {
    throw new Error(`${sequences.length} of ${entries} entries came, or not in order`);
  }
}

/** How many frames it takes: until no more have come for a second. */
async function countFrames(url, frame, entries) {
  const connection = await Connection.open(url);
  connection.listen(frame);
  let seen = -1;
  while (seen < connection.frames.length || seen === 0) {
    seen = connection.frames.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  countEntries(connection.frames, entries);
  connection.close();
  return seen;
}

export async function measureCatchUp(sides, { rounds, entries }) {
  const key = randomUUID();
  const frame = request(key);
  const side = async (url) => {
    await fill(url, key, entries);
    const wanted = await countFrames(url, frame, entries);
    return async () => {
      const started = performance.now();
      const connection = await Connection.open(url);
      const frames = await connection.exchange(frame, wanted);
      const ms = performance.now() - started;
      connection.close();
      countEntries(frames, entries);
      return ms;
    };
  };
  const [effect, ours] = [await side(sides.effect(key)), await side(sides.ours(key))];
  const { a, b, ratio } = await interleave(rounds, effect, ours);
  return [
    {
      name: 'events.catchup.vs_effect',
      value: round(ratio),
      bar: { min: 3 },
      detail: `${entries} entries in ${round(b, 0)} ms; Effect's object ${round(a, 0)} ms`,
      numbers: { ours_ms: round(b), effect_ms: round(a) },
    },
  ];
}
