// documents.get304.*, documents.get.*: readers of what is published.

import { interleave, median, round, several } from '../statistics.mjs';
import { Document } from './document.mjs';

const counted = 50;

export async function measureGet304(server, { rounds }) {
  const document = await (await Document.create(server)).fill(1000);
  await document.tick();
  const { etag } = await server.send('GET', document.path);
  const headers = { 'if-none-match': etag };
  const timed = (path) => async () => {
    const { ms, status } = await server.send('GET', path, undefined, headers);
    if (status !== 304) throw new Error(`${path} answered ${status}`);
    return ms;
  };
  const once = timed(document.path);
  const ours = several(once);
  const floor = several(timed(`/bench/document/published?key=${encodeURIComponent(document.key)}`));
  for (let turn = 0; turn < 20; turn += 1) {
    await ours();
    await floor();
  }
  const { a, b, ratio } = await interleave(rounds, ours, floor);
  const calls = await countCalls(server, once);
  const asked = await countCalls(server, () => document.patch([{ id: 'counted' }]));
  if (asked < counted) throw new Error('calls to objects are not counted');
  return [
    {
      name: 'documents.get304.vs_floor',
      value: round(ratio),
      bar: { max: 1.3 },
      detail: `${round(a)} ms against ${round(b)} ms`,
      numbers: { ms: round(a), floor_ms: round(b) },
    },
    {
      name: 'documents.get304.object_calls',
      value: calls,
      bar: { max: 0 },
      detail: `of ${counted} requests; as many patches called ${asked} times`,
    },
  ];
}

/** How often objects are called by so many requests. */
async function countCalls(server, send) {
  await server.meters({ countsCalls: true, objectCalls: 0 });
  for (let turn = 0; turn < counted; turn += 1) await send();
  const { objectCalls } = await server.meters({ countsCalls: false });
  return objectCalls;
}

export async function measureGet(server, { seconds, readers }) {
  const document = await (await Document.create(server)).fill(1000);
  await document.tick();
  let bytes = 0;
  const times = [];
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: readers }, async () => {
      while (performance.now() < until) {
        const { ms, answer } = await server.send('GET', document.path);
        bytes = answer.byteLength;
        times.push(ms);
      }
    }),
  );
  return [
    {
      name: 'documents.get.parallel_per_second',
      value: Math.round(times.length / seconds),
      detail: `${readers} readers of ${bytes} bytes; ${round(median(times), 1)} ms, the median`,
    },
  ];
}
