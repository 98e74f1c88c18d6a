// The suite `sql`: routing by slots against the bare databases, and what a statement costs.

import { Server } from '../server.mjs';
import { interleave, round } from '../statistics.mjs';
import { measureMoves } from './moves.mjs';
import { measureTop20 } from './top20.mjs';

const rows = 400;
const routed = 200_000;

const post = (server, path) => server.send('POST', `/bench/sql/${path}`);

async function* measureOperations(server) {
  const { answer } = await post(server, 'operations');
  const counts = JSON.parse(answer);
  const figures = [
    ['sql.ops.first', counts.first, 1, 'operations of D1, KV and objects, by slots'],
    ['sql.ops.first_cold', counts.first_cold, undefined, 'the same in a new isolate'],
    ['sql.ops.run_new', counts.run_new, 1, 'the same of an insert of a new key'],
    ['sql.ops.run_new_kv', counts.run_new_kv, 3, 'the same with the mapping in KV'],
  ];
  for (const [name, value, max, detail] of figures) {
    yield { name, value, ...(max !== undefined && { bar: { max } }), detail };
  }
}

const against = (what, min) =>
  async function* measure(server, { rounds, statements }) {
    const perSecond = (ms) => Math.round((statements * 1000) / ms);
    const timed = (side) => async () =>
      (await post(server, `${what}?side=${side}&count=${statements}`)).ms;
    for (let turn = 0; turn < 3; turn += 1) {
      await timed('ours')();
      await timed('raw')();
    }
    const { a, b, ratio } = await interleave(rounds, timed('raw'), timed('ours'));
    yield {
      name: `sql.${what}.vs_raw`,
      value: round(ratio),
      bar: { min },
      detail: `${perSecond(b)} a second against ${perSecond(a)}, 16 in flight`,
      numbers: { per_second: perSecond(b) },
    };
  };

async function* measureRoute(server, { rounds }) {
  const sums = new Set();
  const ns = (ms) => round((ms * 1e6) / routed, 0);
  const timed = (side) => async () => {
    const { ms, answer } = await post(server, `route?side=${side}&count=${routed}`);
    sums.add(JSON.parse(answer).sum);
    return ms;
  };
  await timed('engine')();
  await timed('js')();
  const { a, b, ratio } = await interleave(rounds, timed('js'), timed('engine'));
  if (sums.size !== 1) throw new Error('the two sides route keys to different slots');
  yield {
    name: 'sql.route.vs_js',
    value: round(ratio),
    bar: { min: 1 },
    detail: `${ns(b)} ns a key against ${ns(a)} ns by @noble/hashes`,
    numbers: { ns: ns(b) },
  };
}

const strategies = ['hash', 'round-robin', 'random', 'location'];

async function* measureSpread(server, { spread_keys }) {
  for (const shards of [10, 100, 1000]) {
    for (const strategy of strategies) {
      const path = `spread?strategy=${strategy}&shards=${shards}&count=${spread_keys}`;
      const { ms, answer } = await post(server, path);
      const { most, least } = JSON.parse(answer);
      const bar =
        strategy === 'round-robin' ? 1 : strategy === 'hash' && shards === 10 ? 1.3 : undefined;
      yield {
        name: `sql.spread.${strategy}.${shards}`,
        value: round((most * shards) / spread_keys),
        ...(bar !== undefined && { bar: { max: bar } }),
        detail: `${least} to ${most} keys a shard, ${round((ms * 1000) / spread_keys, 1)} µs a key`,
      };
    }
  }
}

async function* measureAllocations(server, { rounds, allocations }) {
  const perSecond = (ms) => Math.round((allocations * 1000) / ms);
  const timed = (side) => async () =>
    (await post(server, `allocations?side=${side}&count=${allocations}`)).ms;
  for (const side of ['ours', 'floor']) await timed(side)();
  const { a, b, ratio } = await interleave(rounds, timed('floor'), timed('ours'));
  yield {
    name: 'sql.coordinator.allocations_per_s',
    value: perSecond(b),
    detail: 'new keys, each by a call of its own to one object, 16 in flight',
  };
  yield {
    name: 'sql.coordinator.vs_floor',
    value: round(ratio),
    detail: `against ${perSecond(a)} a second by a bare object that does one insert a call`,
    numbers: { floor_per_s: perSecond(a) },
  };
}

const measures = [
  ['ops', measureOperations],
  ['first', against('first', 0.9)],
  ['run', against('run', 0.8)],
  ['route', measureRoute],
  ['spread', measureSpread],
  ['coordinator', measureAllocations],
  ['moves', measureMoves],
  ['top20', (server) => measureTop20((path) => post(server, path))],
];

/** Gives figures one by one. `only` names parts of the suite; none for all. */
export async function* run({ quick, only }) {
  const server = await Server.start();
  try {
    await post(server, `fill?rows=${rows}`);
    const options = quick
      ? { rounds: 7, statements: 800, allocations: 800, moved_rows: 4_000, spread_keys: 5_000 }
      : {
          rounds: 21,
          statements: 1600,
          allocations: 2000,
          moved_rows: 20_000,
          spread_keys: 20_000,
        };
    for (const [name, measure] of measures) {
      if (only.length === 0 || only.includes(name)) yield* measure(server, options);
    }
  } finally {
    await server.stop();
  }
}
