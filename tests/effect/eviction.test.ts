// Effect's own client while the object behind its socket comes and goes.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Server } from '../../bench/server.mjs';
import { makeIdentity, Replica, untilAllHave } from './replica.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server?.stop());

it('goes on over the same socket after the object was hibernated', async () => {
  const identity = makeIdentity();
  const replicas = [new Replica(identity), new Replica(identity)] as const;
  const [laptop, phone] = replicas;
  const tenant = randomUUID();
  try {
    for (const replica of replicas) await replica.goOnline(server.socketUrl(`/eventlog/${tenant}`));
    for (let round = 1; round <= 3; round += 1) {
      await laptop.write(`laptop${round}`, 'is heard');
      await phone.write(`phone${round}`, 'is heard');
      await untilAllHave([...replicas], 2 * round);
      await server.hibernate('SyncDurableObject', tenant);
    }
    await laptop.writeMany('last', 100);
    const [a, b] = await untilAllHave([...replicas], 106);
    expect(b).toEqual(a);
    expect(replicas.map(({ opened, closed }) => [opened, closed])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  } finally {
    await Promise.all(replicas.map((replica) => replica.close()));
  }
});
