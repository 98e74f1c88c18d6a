// records.growth: a sync of ten changes in a large space against one in a small space.

import { cardDeltas, cardId, plan } from '../cards.mjs';
import { makeUser } from '../server.mjs';
import { interleave, round } from '../statistics.mjs';

const changes = 10;
const now = Date.now();

/** A space of `count` cards, and a cursor for each of its two devices. */
async function fill(server, count) {
  const user = await makeUser();
  let { cursor } = JSON.parse(
    (await server.sync(user, 'a', { cursor: null, plans: [plan(now)] })).answer,
  );
  for (let first = 0; first < count; first += 10_000) {
    const stamp = () => now - 5_000_000;
    const cards = cardDeltas(Math.min(10_000, count - first), { first, stamp });
    ({ cursor } = JSON.parse((await server.sync(user, 'a', { cursor, cards })).answer));
  }
  return { user, count, cursors: { a: cursor, b: cursor } };
}

/** One device pushes ten updates and pulls the ten that the other pushed before. */
async function syncOnce(server, space, round) {
  const device = round % 2 ? 'b' : 'a';
  const cards = Array.from({ length: changes }, (_, at) => {
    const index = Math.floor(Math.random() * space.count);
    const [card] = cardDeltas(1, { first: index, stamp: () => now + round * changes + at });
    return { ...card, id: cardId(index), action: 'update' };
  });
  const body = { cursor: space.cursors[device], cards };
  const { ms, answer } = await server.sync(space.user, device, body);
  space.cursors[device] = JSON.parse(answer).cursor;
  return ms;
}

export async function measureGrowth(server, { rounds, large, small }) {
  const started = performance.now();
  const [big, little] = await Promise.all([fill(server, large), fill(server, small)]);
  const seconds = (performance.now() - started) / 1000;
  for (let warm = 0; warm < 20; warm += 1) {
    await syncOnce(server, big, warm);
    await syncOnce(server, little, warm);
  }
  const { a, b, ratio } = await interleave(
    rounds,
    (round) => syncOnce(server, big, 20 + round),
    (round) => syncOnce(server, little, 20 + round),
  );
  return [
    {
      name: 'records.growth',
      value: round(ratio),
      bar: { max: 1.3 },
      detail:
        `${round(a)} ms in ${large} records, ${round(b)} ms in ${small}; ` +
        `filled in ${round(seconds, 0)} s`,
      numbers: { large_ms: round(a), small_ms: round(b), large },
    },
  ];
}
