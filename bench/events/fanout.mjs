// events.fanout.foreign_bytes: one writes, of 100 subscribers in the same object 10 follow its key.
// The other 90 must get nothing; the 10 get every entry.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.mjs';
import { messages, request, writes } from './frames.mjs';
import { timeWrites } from './write.mjs';

const subscribers = 100;
const of_the_key = 10;
const written = 500; // entries, one a write

const entriesOf = ({ frames }) => messages(frames).flatMap(({ entries }) => entries).length;
const bytesOf = ({ frames }) => frames.reduce((sum, { byteLength }) => sum + byteLength, 0);

export async function measureFanOut(sides) {
  const tenant = randomUUID();
  const key = randomUUID();
  const open = async (index) => {
    const subscriber = await Connection.open(sides.ours(tenant));
    subscriber.listen(request(index < of_the_key ? key : randomUUID()));
    return subscriber;
  };
  const all = await Promise.all(Array.from({ length: subscribers }, (_, index) => open(index)));
  const [own, foreign] = [all.slice(0, of_the_key), all.slice(of_the_key)];

  const writer = await Connection.open(sides.ours(tenant));
  const started = performance.now();
  await timeWrites(writer, writes(key, written, 1), 1);
  const until = Date.now() + 10_000;
  while (own.some((one) => entriesOf(one) < written) && Date.now() < until) await sleep(20);
  const ms = performance.now() - started;
  const missing = own.reduce((sum, one) => sum + written - entriesOf(one), 0);
  if (missing !== 0) throw new Error(`the subscribers of the key lack ${missing} entries`);
  await sleep(500); // Whatever else may come.
  const bytes = foreign.reduce((sum, one) => sum + bytesOf(one), 0);
  for (const connection of [writer, ...all]) connection.close();
  return [
    {
      name: 'events.fanout.foreign_bytes',
      value: bytes,
      bar: { max: 0 },
      detail:
        `to ${foreign.length} of other keys; ${own.length} of the key had all ${written} ` +
        `in ${Math.round(ms)} ms`,
    },
  ];
}
