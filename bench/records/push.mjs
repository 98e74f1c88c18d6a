// records.push.vs_floor and records.pull.vs_floor: through the whole Worker, against a bare object.

import { cardDeltas, plan } from '../cards.mjs';
import { makeUser } from '../server.mjs';
import { interleave, round } from '../statistics.mjs';

const records = 10_000;
const now = Date.now();
const cursorOf = ({ answer }) => JSON.parse(answer).cursor;

let floors = 0;

async function makeSpace(server) {
  const user = await makeUser();
  const first = await server.sync(user, 'a', { cursor: null, plans: [plan(now)] });
  return { user, cursor: cursorOf(first) };
}

async function makeFloor(server) {
  floors += 1;
  const path = (collection) => `/bench/floor?name=${floors}&collection=${collection}`;
  await server.send('POST', path('plans'), JSON.stringify({ plans: [plan(now)] }));
  return path('cards');
}

export async function measurePush(server, { rounds }) {
  const cards = cardDeltas(records, { stamp: (index) => now - 1_000_000 + index });
  let bytes = 0;
  const body = (cursor) => {
    const text = Buffer.from(JSON.stringify({ cursor, cards }));
    bytes = text.byteLength;
    return text;
  };
  const ours = async () => {
    const { user, cursor } = await makeSpace(server);
    const { ms } = await server.sync(user, 'a', body(cursor));
    return ms;
  };
  const floor = async () => {
    const path = await makeFloor(server);
    const { ms } = await server.send('POST', path, body('0123456789abcdef.1'));
    return ms;
  };
  await ours();
  await floor();
  const { a, b, ratio } = await interleave(rounds, ours, floor);
  return [
    {
      name: 'records.push.vs_floor',
      value: round(ratio),
      bar: { max: 1.5 },
      detail: `${round(a, 1)} ms against ${round(b, 1)} ms; ${round(bytes / 1e6)} MB`,
      numbers: { ms: round(a, 1), floor_ms: round(b, 1) },
    },
  ];
}

export async function measurePull(server, { rounds }) {
  const cards = cardDeltas(records, { stamp: (index) => now - 1_000_000 + index });
  const { user, cursor } = await makeSpace(server);
  await server.sync(user, 'a', { cursor, cards });
  const path = await makeFloor(server);
  await server.send('POST', path, JSON.stringify({ cursor, cards }));
  let bytes = 0;
  const ours = async () => {
    const { ms, answer } = await server.sync(user, 'b', { cursor });
    bytes = answer.byteLength;
    return ms;
  };
  const floor = async () => (await server.send('GET', path)).ms;
  await ours();
  await floor();
  const told = JSON.parse((await server.sync(user, 'b', { cursor })).answer);
  if (told.cards.length !== records || told.has_more) throw new Error('pull: rows are missing');
  if (JSON.parse((await server.send('GET', path)).answer).length !== records) {
    throw new Error("pull: the floor's rows are missing");
  }
  const { a, b, ratio } = await interleave(rounds, ours, floor);
  return [
    {
      name: 'records.pull.vs_floor',
      value: round(ratio),
      bar: { max: 1.5 },
      detail: `${round(a, 1)} ms against ${round(b, 1)} ms; ${round(bytes / 1e6)} MB`,
      numbers: { ms: round(a, 1), floor_ms: round(b, 1) },
    },
  ];
}
