// events.growth: a write into a log of a million entries against one into a log of a thousand.
// events.rows_written_per_entry: rows as SQLite counts them, which the platform bills.

import { randomUUID } from 'node:crypto';
import { interleave, round, several } from '../statistics.mjs';
import { fill } from './catchup.mjs';
import { Connection } from './connection.mjs';
import { writes } from './frames.mjs';
import { timeWrites } from './write.mjs';

const size = 10; // entries a write

async function log(sides, entries) {
  const key = randomUUID();
  await fill(sides.ours(key), key, entries, entries < 100_000 ? 100 : 1000);
  const connection = await Connection.open(sides.ours(key));
  let id = 0;
  const write = async () => {
    id += 1;
    return await timeWrites(connection, writes(key, 1, size, id), size);
  };
  return { write: several(write), connection };
}

export async function measureGrowth(sides, { rounds, large, small }) {
  const started = performance.now();
  const big = await log(sides, large);
  const seconds = (performance.now() - started) / 1000;
  const little = await log(sides, small);
  for (let warm = 0; warm < 5; warm += 1) {
    await big.write();
    await little.write();
  }
  const { a, b, ratio } = await interleave(rounds, big.write, little.write);
  big.connection.close();
  little.connection.close();
  return [
    {
      name: 'events.growth',
      value: round(ratio),
      bar: { max: 1.3 },
      detail:
        `${size} entries in ${round(a)} ms among ${large}, ${round(b)} ms among ${small}; ` +
        `filled in ${round(seconds, 0)} s`,
      numbers: { large_ms: round(a), small_ms: round(b), large },
    },
  ];
}

export async function measureRows(sides, { rounds }) {
  const rowsOf = async (size) => {
    const key = randomUUID();
    const connection = await Connection.open(sides.ours(key));
    await timeWrites(connection, writes(key, 2, size), size);
    await sides.server.meters({ spaceRowsWritten: 0 });
    await timeWrites(connection, writes(key, rounds, size, 2), size);
    const { spaceRowsWritten } = await sides.server.meters();
    connection.close();
    if (spaceRowsWritten === 0) throw new Error('no row was counted');
    return spaceRowsWritten / (rounds * size);
  };
  const [one, ten, hundred] = [await rowsOf(1), await rowsOf(10), await rowsOf(100)];
  return [
    {
      name: 'events.rows_written_per_entry',
      value: round(Math.max(one, ten, hundred), 3),
      bar: { max: 2 },
      detail:
        `${round(one, 3)} at 1 entry a write, ${round(ten, 3)} at 10, ` +
        `${round(hundred, 3)} at 100`,
    },
  ];
}
