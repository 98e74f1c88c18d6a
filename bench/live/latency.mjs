// live.latency_ms: from an edit on one device until another one has it, durable and seen, each a
// SyncClient on a live socket.

import { memoryStore, SyncClient } from '../../client/index.ts';
import { makeUser } from '../server.mjs';
import { median, round } from '../statistics.mjs';

const collections = ['plans'];

async function device(server, user, name) {
  const client = await SyncClient.open({
    url: server.url,
    token: user.token,
    device: name,
    collections,
    store: memoryStore(),
  });
  for await (const { phase, lastError } of client.status()) {
    if (phase === 'live') return client;
    if (lastError) throw lastError;
  }
  throw new Error(`${name} did not get live`);
}

export async function measureLatency(server, { rounds }) {
  const user = await makeUser();
  const [laptop, phone] = [
    await device(server, user, 'laptop'),
    await device(server, user, 'phone'),
  ];
  const times = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    const title = `Plan ${turn}`;
    const started = performance.now();
    const seen = new Promise((resolve) => {
      const stop = phone.collection('plans').subscribe((plans) => {
        if (plans[0]?.data.title !== title) return;
        resolve(performance.now() - started);
        queueMicrotask(() => stop());
      });
    });
    await laptop.collection('plans').put('plan', { title, status: 'active' });
    times.push(await seen);
  }
  await laptop.close();
  await phone.close();
  times.sort((a, b) => a - b);
  return [
    {
      name: 'live.latency_ms',
      value: round(median(times), 1),
      detail: `median of ${rounds}; 9 of 10 within ${round(times[Math.floor(rounds * 0.9)], 1)} ms`,
    },
  ];
}
