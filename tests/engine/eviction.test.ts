// A space's object comes and goes: nothing acknowledged depends on what it holds in memory.

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { card, Device, idsOf, newUser, plan, spaceOf, twoDevices } from '../clients.ts';
import { breakShards, projectedRows, projectedSeq, runAlarmUntil } from '../shards.ts';

const T0 = 1_750_000_000_000;

describe('an evicted space', { timeout: 30_000 }, () => {
  it('goes on where it was, request by request', async () => {
    const [laptop, phone] = twoDevices();
    for (let at = 0; at < 5; at += 1) {
      await laptop.push({ plans: [plan(`p${at}`, T0 + at)] });
      await evictDurableObject(spaceOf(laptop.user));
      expect(idsOf((await phone.push({})).plans)).toEqual([`p${at}`]);
      await evictDurableObject(spaceOf(laptop.user));
    }
    const seqs = (await laptop.sync({})).plans.map(({ seq }) => seq);
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps its epoch: cursors from before still fit', async () => {
    const [laptop] = twoDevices();
    await laptop.push({ plans: [plan('p', T0)] });
    const cursor = laptop.cursor;
    await evictDurableObject(spaceOf(laptop.user));
    const answer = await laptop.push({});
    expect(answer).not.toHaveProperty('reset');
    expect(answer).toMatchObject({ plans: [], cursor });
  });

  it('projects what it owes when its alarm wakes it', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)], cards: [card('c', 'p', T0)] });
    await evictDurableObject(spaceOf(device.user));
    await runAlarmUntil(device.user, 2);
    expect(await projectedRows(device.user, 'cards')).toMatchObject([{ id: 'c' }]);
  });

  it('projects between alarm runs that failed, and after', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    await runAlarmUntil(device.user, 1);
    const repair = await breakShards();
    try {
      await device.push({ plans: [plan('q', T0)] });
      await runDurableObjectAlarm(spaceOf(device.user));
      await evictDurableObject(spaceOf(device.user));
      await runDurableObjectAlarm(spaceOf(device.user));
      await device.push({ plans: [plan('r', T0)] });
      await evictDurableObject(spaceOf(device.user));
    } finally {
      await repair();
    }
    expect(await projectedSeq(device.user)).toBe(1);
    await runAlarmUntil(device.user, 3);
    expect(idsOf((await projectedRows(device.user, 'plans')) as never[])).toEqual(['p', 'q', 'r']);
  });

  it('answers reads and history', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0), plan('p', T0 + 1)] });
    await evictDurableObject(spaceOf(device.user));
    expect(await device.list('/history')).toHaveLength(1);
    await evictDurableObject(spaceOf(device.user));
    expect(idsOf(await device.list('/plans'))).toEqual(['p']);
  });
});

describe('an aborted space', { timeout: 30_000 }, () => {
  it('has all that it acknowledged, whatever was cut off', async () => {
    const user = newUser();
    const acknowledged: string[] = [];
    const push = async (id: string) => {
      const device = new Device(user, id);
      try {
        await device.push({ plans: [plan(id, T0)] });
        acknowledged.push(id);
      } catch {
        // Not acknowledged: it may be there or not.
      }
    };
    for (let round = 0; round < 5; round += 1) {
      const pushes = Array.from({ length: 8 }, (_, index) => push(`p${round}-${index}`));
      await pushes[round];
      await abortAllDurableObjects();
      await Promise.all(pushes);
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(5);
    const stored = idsOf((await new Device(user, 'observer').sync({})).plans);
    expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([]);
  });
});
