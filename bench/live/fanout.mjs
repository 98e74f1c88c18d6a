// live.fanout_1000: one device pushes, the other 999 sockets of its space get each change. Beside
// it a bare object that sends frames of the same bytes to as many, and stores nothing.

import { randomUUID } from 'node:crypto';
import { plan } from '../cards.mjs';
import { makeUser } from '../server.mjs';
import { interleave, round } from '../statistics.mjs';
import { Crowd } from './sockets.mjs';

const sockets = 1000;
const pushes = 10; // a round

export async function measureFanOut(server, { rounds }) {
  const user = await makeUser();
  const authorization = `Bearer ${user.token}`;
  const ours = await Crowd.open(
    sockets,
    (index) => server.socketUrl(`/sync/live?device=d${index}`),
    { authorization },
  );
  const name = randomUUID();
  const floor = await Crowd.open(sockets, () => server.socketUrl(`/bench/echo?name=${name}`));

  const now = Date.now() - 1_000_000;
  let stamp = 0;
  const frame = () => {
    stamp += 1;
    const delta = plan(now + stamp);
    const head = { type: 'push', request: stamp, cursor: null, limit: 1 };
    return JSON.stringify({ ...head, plans: [delta] });
  };
  const frames = () => Array.from({ length: pushes }, frame);
  const received = pushes * (sockets - 1);

  // What is published of a push, as the floor's frame: the bytes of one change to one socket.
  await ours.exchange([frame()], sockets);
  const bytes = Math.round(ours.bytes / sockets);
  await server.send('POST', `/bench/echo?name=${name}`, 'x'.repeat(bytes));

  const timed = async (crowd, all) => {
    const started = performance.now();
    // The one that pushes gets an answer to each; on the floor it gets nothing.
    await crowd.exchange(all, received + (crowd === ours ? pushes : 0));
    return performance.now() - started;
  };
  await timed(ours, frames());
  await timed(floor, frames());
  const { a, b, ratio } = await interleave(
    rounds,
    () => timed(ours, frames()),
    () => timed(floor, frames()),
  );
  ours.close();
  floor.close();
  const persecond = (ms) => Math.round((received / ms) * 1000);
  return [
    {
      name: 'live.fanout_1000',
      value: persecond(a),
      detail: `messages a second; a bare object ${persecond(b)}; ${bytes} bytes each`,
      numbers: { floor: persecond(b) },
    },
    { name: 'live.fanout.vs_floor', value: round(ratio), bar: { max: 1.3 } },
  ];
}
