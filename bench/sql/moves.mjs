// What writers feel while slots move, and how fast they move.

import { performance } from 'node:perf_hooks';
import { round } from '../statistics.mjs';

const writers = 8;

const post = (server, path) => server.send('POST', `/bench/sql_moves/${path}`);

/** How long writes take, one by one, while `busy` goes on: their p99, in ms. */
async function writeWhile(server, rows, busy) {
  const times = [];
  let going = true;
  let next = 0;
  const writer = async () => {
    while (going) {
      next += 7;
      const begun = performance.now();
      await post(server, `write?row=${next % rows}`);
      times.push(performance.now() - begun);
    }
  };
  const all = Promise.all(Array.from({ length: writers }, writer));
  const result = await busy().finally(() => {
    going = false;
  });
  await all;
  times.sort((a, b) => a - b);
  return { result, p99: times[Math.floor(times.length * 0.99)] ?? 0, writes: times.length };
}

const pause = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

export async function* measureMoves(server, { moved_rows: rows }) {
  await post(server, `fill?rows=${rows}`);
  await writeWhile(server, rows, () => pause(500));
  const rest = await writeWhile(server, rows, () => pause(3_000));
  let [moved, ms, p99, writes] = [0, 0, 0, 0];
  for (const what of ['add', 'drain']) {
    const begun = performance.now();
    const during = await writeWhile(server, rows, async () =>
      JSON.parse((await post(server, what)).answer),
    );
    ms += performance.now() - begun;
    moved += during.result.rows;
    writes += during.writes;
    p99 = Math.max(p99, during.p99);
  }
  const counts = JSON.parse((await post(server, 'count')).answer).rows;
  const held = counts.reduce((sum, each) => sum + each, 0);
  if (held !== rows) throw new Error(`${held} rows are there of ${rows}`);
  yield {
    name: 'sql.move.writer_p99_ratio',
    value: round(p99 / rest.p99),
    bar: { max: 2 },
    detail: `${round(p99)} ms against ${round(rest.p99)} ms at rest, of ${writers} writers`,
    numbers: { writes },
  };
  yield {
    name: 'sql.move.rows_per_s',
    value: Math.round((moved * 1000) / ms),
    detail: `${moved} rows of ${rows}, to a fourth database and back, under these writes`,
  };
}
