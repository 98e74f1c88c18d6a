// The module itself: its size, the time of a new instance, and its memory over the whole run.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { cardDeltas, plan } from '../cards.mjs';
import { makeUser, module_path } from '../server.mjs';
import { median, round } from '../statistics.mjs';

const count = 10;
const now = Date.now();
const body_bytes_max = 16 << 20;

async function instantiate(server, rounds) {
  const differences = [];
  for (let i = 0; i < rounds; i += 1) {
    const none = await server.send('GET', '/bench/instantiate?count=0');
    const some = await server.send('GET', `/bench/instantiate?count=${count}`);
    differences.push((some.ms - none.ms) / count);
  }
  return median(differences);
}

/** The largest body that is taken. */
async function pushLargest(server) {
  const user = await makeUser();
  const bytes_each = JSON.stringify(cardDeltas(1000, { stamp: () => now })).length / 1000;
  const cards = cardDeltas(Math.floor((body_bytes_max * 0.995) / bytes_each), {
    stamp: () => now - 1000,
  });
  const body = Buffer.from(JSON.stringify({ cursor: null, plans: [plan(now)], cards }));
  if (body.byteLength > body_bytes_max) throw new Error('the largest body is too large');
  await server.sync(user, 'a', body);
  return body.byteLength;
}

export async function measureEngine(server, { rounds }) {
  const module = readFileSync(module_path);
  const ms = await instantiate(server, rounds);
  const bytes = await pushLargest(server);
  const { memoryBytesMax } = await server.meters();
  return [
    { name: 'engine.instantiate_ms', value: round(ms, 3), detail: `the median of ${rounds}` },
    {
      name: 'engine.gzip_bytes',
      value: gzipSync(module, { level: 9 }).byteLength,
      detail: `${module.byteLength} bytes uncompressed`,
    },
    {
      name: 'engine.memory_max_bytes',
      value: memoryBytesMax,
      bar: { max: 64 << 20 },
      detail: `a body of ${bytes} bytes among others`,
    },
  ];
}
