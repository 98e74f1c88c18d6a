// Effect's own client, as npm has it, against a whole Worker.
//
// PING_SECONDS says how long the client that pings is watched: it gives a server up at the second
// ping, 20 s on, if the first was not answered.

import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningWorker, startWorker } from '../e2e/worker.ts';
import { EventSocket } from '../kill/event_socket.mjs';
import { makeIdentity, Replica, untilAllHave } from './replica.ts';

const PING_MS = Number(process.env.PING_SECONDS ?? 26) * 1000;

let worker: RunningWorker;
const logUrl = () => `${worker.url.replace('http', 'ws')}/eventlog/${randomUUID()}`;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker?.stop());

const withReplicas = async (count: number, run: (replicas: Replica[]) => Promise<void>) => {
  const identity = makeIdentity();
  const replicas = Array.from({ length: count }, () => new Replica(identity));
  try {
    await run(replicas);
  } finally {
    await Promise.all(replicas.map((replica) => replica.close()));
  }
};

describe.concurrent("Effect's client", { timeout: 120_000 + PING_MS }, () => {
  it('converges with two others: 5,000 events each, the first 5,000 queued offline', () =>
    withReplicas(3, async (replicas) => {
      const [laptop, phone, tablet] = replicas as [Replica, Replica, Replica];
      const url = logUrl();
      await phone.goOnline(url);
      await tablet.goOnline(url);
      await laptop.writeMany('laptop', 5000);
      await laptop.goOnline(url);
      await untilAllHave(replicas, 5000);
      for (let first = 0; first < 5000; first += 500) {
        await Promise.all([
          phone.writeMany('phone', 500, first),
          tablet.writeMany('tablet', 500, first),
        ]);
        await untilAllHave(replicas, 5000 + 2 * (first + 500));
      }
      const [a, b, c] = await untilAllHave(replicas, 15_000);
      expect(a?.size).toBe(15_000);
      expect(b).toEqual(a);
      expect(c).toEqual(a);
      const notes = [...laptop.notes].sort();
      expect([...phone.notes].sort()).toEqual(notes);
      expect([...tablet.notes].sort()).toEqual(notes);
      expect(replicas.map(({ opened, closed }) => [opened, closed])).toEqual(
        replicas.map(() => [1, 0]),
      );
    }));

  it('goes on from where it was after a time offline', () =>
    withReplicas(2, async (replicas) => {
      const [laptop, phone] = replicas as [Replica, Replica];
      const url = logUrl();
      await laptop.goOnline(url);
      await phone.goOnline(url);
      await laptop.writeMany('before', 20);
      await untilAllHave(replicas, 20);
      await phone.goOffline();
      await laptop.writeMany('meanwhile', 20);
      await phone.writeMany('offline', 20);
      await phone.goOnline(url);
      const [a, b] = await untilAllHave(replicas, 60);
      expect(b).toEqual(a);
      expect(phone.notes).toHaveLength(60);
    }));

  it('keeps its socket while its pings are answered', () =>
    withReplicas(2, async (replicas) => {
      const [pinging, other] = replicas as [Replica, Replica];
      const url = logUrl();
      await pinging.goOnline(url);
      await other.goOnline(url, { disablePing: true });
      await sleep(PING_MS);
      expect([pinging.opened, pinging.closed]).toEqual([1, 0]);
      await other.write('after', 'a long silence');
      await untilAllHave(replicas, 1);
      await pinging.write('and', 'back');
      await untilAllHave(replicas, 2);
      expect([pinging.opened, pinging.closed]).toEqual([1, 0]);
    }));
});

describe('an Ack', () => {
  it('has the numbers of its entries, also of those that were stored before', async () => {
    const url = logUrl();
    const entries = Array.from({ length: 400 }, () => ({
      entryId: randomBytes(16),
      encryptedEntry: randomBytes(120),
    }));
    const writers = await Promise.all([1, 2, 3, 4].map(() => EventSocket.open(url)));
    const told: [number, string][] = [];
    const write = async (writer: EventSocket, first: number, count: number) => {
      const batch = entries.slice(first, first + count).reverse();
      const sequences: number[] = await writer.write('key', batch);
      expect(sequences).toHaveLength(batch.length);
      sequences.forEach((sequence, at) => {
        told.push([sequence, batch[at]?.entryId.toString('hex') ?? '']);
      });
    };
    // Each writer writes every entry, in pieces that overlap with those of the others.
    await Promise.all(
      writers.map(async (writer, at) => {
        const size = 7 + 13 * at;
        for (let first = 0; first < entries.length; first += size) await write(writer, first, size);
      }),
    );
    const reader = await EventSocket.open(url);
    reader.requestChanges('key');
    await reader.untilSequence(entries.length);
    const stored = reader.entries as [number, string][];
    expect(stored.map(([sequence]) => sequence)).toEqual(entries.map((_, at) => at + 1));
    const sequenceOf = new Map(stored.map(([sequence, id]) => [id, sequence]));
    expect(told).toHaveLength(4 * entries.length);
    for (const [sequence, id] of told) expect(sequence).toBe(sequenceOf.get(id));
    for (const socket of [...writers, reader]) socket.close();
  });
});
