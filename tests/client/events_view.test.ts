// A connection that only reads: what it sends, and how it goes through a log.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, EventsHarness } from './events_harness.ts';

let harness: EventsHarness;
beforeEach(() => {
  harness = new EventsHarness();
});
afterEach(async () => {
  await harness.close();
});

describe('a reader', () => {
  it('sends nothing but requests, and says so in its address', async () => {
    const a = await harness.open();
    await a.store.audit.record({ actor: 'a', action: 'x' });
    await harness.settle();
    const before = harness.server.heard.length;
    const viewer = await harness.open({ mode: 'view', disablePing: false });
    await harness.settle();
    await harness.world.pass(60_000);
    expect(viewer.store.audit.list().items).toHaveLength(1);
    expect(await codeOf(viewer.store.audit.record({ actor: 'v', action: 'y' }))).toBe('read_only');
    const tags = new Set(harness.server.tags().slice(before));
    expect([...tags].sort()).toEqual(['Ping', 'RequestChanges']);
    expect(harness.server.urls.at(-1)).toBe('ws://server.test/eventlog?mode=view');
    viewer.sync.disconnect();
    await harness.world.pass(1);
  });

  it('pages through the history from a sequence back', async () => {
    const a = await harness.open();
    for (let n = 1; n <= 30; n += 1) await a.store.audit.record({ actor: 'a', action: `${n}` });
    await harness.settle();
    const viewer = await harness.open({ mode: 'view', from: 21 });
    const seen: number[][] = [];
    viewer.sync.subscribe((arrivals) => seen.push(arrivals.map(({ sequence }) => sequence)));
    await harness.settle();
    viewer.sync.requestFrom(11);
    await harness.settle();
    const range = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at);
    expect(seen).toEqual([range(21, 30), range(11, 20)]);
    await a.store.audit.record({ actor: 'a', action: 'live' });
    await harness.settle();
    expect(seen.at(-1)).toEqual([31]);
  });

  it('may begin with the last entries, and goes on from them after a break', async () => {
    const a = await harness.open();
    for (let n = 1; n <= 30; n += 1) await a.store.audit.record({ actor: 'a', action: `${n}` });
    await harness.settle();
    const viewer = await harness.open({ mode: 'view', from: -5 });
    const seen: number[] = [];
    viewer.sync.subscribe((arrivals) => seen.push(...arrivals.map(({ sequence }) => sequence)));
    await harness.settle();
    expect(viewer.sync.status).toMatchObject({ state: 'connected', sequence: 30, missing: 0 });
    harness.server.up = false;
    harness.server.cut();
    await a.store.audit.record({ actor: 'a', action: 'meanwhile' });
    harness.server.up = true;
    await harness.settle();
    expect(seen).toEqual([26, 27, 28, 29, 30, 31]);
    harness.server.wipe();
    await harness.settle();
    // The new log was empty when it was asked: all that came to be was in its end.
    expect(seen.slice(6)).toEqual(Array.from({ length: 31 }, (_, at) => at + 1));
    expect(viewer.sync.status).toMatchObject({ sequence: 31, missing: 0 });
  });

  it('of an empty log may begin with the last entries, too', async () => {
    const viewer = await harness.open({ mode: 'view', from: -5 });
    const a = await harness.open();
    await harness.settle();
    for (let n = 1; n <= 9; n += 1) await a.store.audit.record({ actor: 'a', action: `${n}` });
    await harness.settle();
    expect(viewer.store.audit.list().items).toHaveLength(9);
    expect(viewer.sync.status).toMatchObject({ sequence: 9, missing: 0 });
  });
});
