// documents.patch.*: one record changed in a large document, in a small one, and in a bare object.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { interleave, median, round, several } from '../statistics.mjs';
import { Document, record } from './document.mjs';

const warm = 20;
const changed = (count) => record(Math.floor(Math.random() * count));

export async function measureGrowth(server, { rounds, large, small }) {
  const started = performance.now();
  const big = await (await Document.create(server)).fill(large);
  const little = await (await Document.create(server)).fill(small);
  const seconds = (performance.now() - started) / 1000;
  const inBig = several(async () => (await big.patch([changed(large)])).ms);
  const inLittle = several(async () => (await little.patch([changed(small)])).ms);
  for (let turn = 0; turn < warm; turn += 1) {
    await inBig();
    await inLittle();
  }
  const { a, b, ratio } = await interleave(rounds, inBig, inLittle);
  const meanwhile = await publishBeside(big, large);
  return [
    {
      name: 'documents.patch.growth',
      value: round(ratio),
      bar: { max: 1.3 },
      detail:
        `${round(a)} ms in ${large} records, ${round(b)} ms in ${small}; ` +
        `filled in ${round(seconds, 0)} s`,
      numbers: { large_ms: round(a), small_ms: round(b), large },
    },
    {
      name: 'documents.patch.while_published_ms',
      value: round(meanwhile.ms, 1),
      detail:
        `the median of ${meanwhile.patches} while the ${large} records are copied, ` +
        `${round(meanwhile.slowest, 0)} at most; the copy took ${round(meanwhile.copy, 0)} ms`,
    },
  ];
}

/** Patches as long as a publication takes. */
async function publishBeside(document, count) {
  let copy;
  document.tick().then(({ ms }) => {
    copy = ms;
  });
  const times = [];
  do times.push((await document.patch([changed(count)])).ms);
  while (copy === undefined);
  return { ms: median(times), slowest: Math.max(...times), copy, patches: times.length };
}

export async function measureFloor(server, { rounds }) {
  const records = 1000;
  const document = await (await Document.create(server)).fill(records);
  const name = randomUUID();
  const bare = async ({ id, ...rest }) => {
    const text = JSON.stringify({ id, ...rest });
    return (await server.send('POST', `/bench/document?name=${name}&id=${id}`, text)).ms;
  };
  for (let index = 0; index < records; index += 1) await bare(record(index));
  const ours = several(async () => (await document.patch([changed(records)])).ms);
  const floor = several(() => bare(changed(records)));
  // As often as the bare object was called by now: both have their code compiled.
  for (let turn = 0; turn < records; turn += 1) await document.patch([changed(records)]);
  const { a, b, ratio } = await interleave(rounds, ours, floor);
  return [
    {
      name: 'documents.patch.vs_floor',
      value: round(ratio),
      bar: { max: 1.5 },
      detail: `${round(a)} ms against ${round(b)} ms; ${records} records`,
      numbers: { ms: round(a), floor_ms: round(b) },
    },
  ];
}

export async function measureRows(server, { patches }) {
  const document = await (await Document.create(server)).fill(1000);
  await document.tick();
  await server.meters({ spaceRowsWritten: 0, documentRowsWritten: 0 });
  for (let turn = 0; turn < patches; turn += 1) await document.patch([record(turn)]);
  const { spaceRowsWritten, documentRowsWritten } = await server.meters();
  const requests = documentRowsWritten / patches;
  const admitted = (spaceRowsWritten - documentRowsWritten) / patches;
  await server.meters({ spaceRowsWritten: 0 });
  await document.tick();
  const later = (await server.meters()).spaceRowsWritten / patches;
  await server.meters({ spaceRowsWritten: 0 });
  return [
    {
      name: 'documents.rows_written_per_patch',
      value: round(requests, 3),
      bar: { max: 3 },
      detail:
        `in the request, and ${round(admitted, 3)} in the user's own object; ` +
        `${round(later, 3)} later, by the alarm, of ${patches} patches`,
      numbers: { admitted: round(admitted, 3), later: round(later, 3) },
    },
  ];
}

/** Many people at work on one document, and its alarm as always. */
export async function measureWriters(server, { seconds, writers }) {
  const document = await (await Document.create(server)).fill(1000);
  const people = await Promise.all(Array.from({ length: writers }, () => document.writer()));
  await server.meters({ projects: true });
  await sleep(1000);
  const until = performance.now() + seconds * 1000;
  const times = [];
  await Promise.all(
    people.map(async (person) => {
      while (performance.now() < until) times.push((await person.patch([changed(1000)])).ms);
    }),
  );
  await server.meters({ projects: false });
  return [
    {
      name: 'documents.patch.parallel_per_second',
      value: Math.round(times.length / seconds),
      detail: `${writers} users on one document; ${round(median(times), 1)} ms each, the median`,
    },
  ];
}
