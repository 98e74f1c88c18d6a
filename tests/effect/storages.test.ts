// Effect's own client against logs that do not lie in their objects.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { startWorker } from '../e2e/worker.ts';
import { makeIdentity, Replica, untilAllHave } from './replica.ts';

const EACH = 200;

it.each(['d1', 'memory'])('converges over a log in %s', async (storage) => {
  const worker = await startWorker({ EVENTS_STORAGE: storage });
  const identity = makeIdentity();
  const replicas = [new Replica(identity), new Replica(identity)];
  const late = new Replica(identity);
  const url = `${worker.url.replace('http', 'ws')}/eventlog/${randomUUID()}`;
  try {
    for (const replica of replicas) await replica.goOnline(url);
    await Promise.all(replicas.map((replica, at) => replica.writeMany(`${at}-`, EACH)));
    const [a, b] = await untilAllHave(replicas, replicas.length * EACH, 20_000);
    expect(b).toEqual(a);
    if (storage === 'd1') {
      for (const replica of replicas) await replica.goOffline();
      worker.kill();
      await worker.untilHealthy();
    }
    await late.goOnline(url);
    const [c] = await untilAllHave([late], replicas.length * EACH);
    expect(c).toEqual(a);
  } finally {
    for (const replica of [...replicas, late]) await replica.close();
    await worker.stop();
  }
});
