// Rows written, as SQLite counts them: what the platform bills.

import { setTimeout as sleep } from 'node:timers/promises';
import { cardDeltas, plan } from '../cards.mjs';
import { makeUser } from '../server.mjs';
import { round } from '../statistics.mjs';

const records = 10_000;
const now = Date.now();

export async function measureRows(server) {
  const user = await makeUser();
  const first = await server.sync(user, 'a', { cursor: null, plans: [plan(now)] });
  let { cursor } = JSON.parse(first.answer);
  const push = async (action, age) => {
    await server.meters({ spaceRowsWritten: 0 });
    const stamp = (index) => now - age + index;
    const cards = cardDeltas(records, { first: age, action, stamp: (index) => stamp(index - age) });
    const base = cardDeltas(records, { stamp });
    cards.forEach((card, index) => {
      card.id = base[index].id;
    });
    const { answer } = await server.sync(user, 'a', { cursor, cards });
    ({ cursor } = JSON.parse(answer));
    return (await server.meters()).spaceRowsWritten / records;
  };
  const create = await push('create', 2_000_000);
  const update = await push('update', 1_000_000);
  const projected = await project(server);
  return [
    { name: 'records.rows_written_per_create', value: round(create, 3), bar: { max: 2 } },
    { name: 'records.rows_written_per_update', value: round(update, 3), bar: { max: 4 } },
    { name: 'records.projection_rows_written_per_create', value: round(projected, 3) },
  ].map((figure) => ({ detail: `a batch of ${records}`, ...figure }));
}

/** Pushes into a space whose alarm runs, and waits until D1 has it all. */
async function project(server) {
  const awake = await makeUser();
  await server.meters({ projects: true, shardRowsWritten: 0 });
  const first = await server.sync(awake, 'a', { cursor: null, plans: [plan(now)] });
  await server.sync(awake, 'a', {
    cursor: JSON.parse(first.answer).cursor,
    cards: cardDeltas(records, { stamp: (index) => now - 3_000_000 + index }),
  });
  let written = 0;
  for (let same = 0; same < 10; ) {
    await sleep(200);
    const { shardRowsWritten } = await server.meters();
    same = shardRowsWritten === written && written > 0 ? same + 1 : 0;
    written = shardRowsWritten;
  }
  await server.meters({ projects: false });
  return written / records;
}
