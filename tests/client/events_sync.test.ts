// What a client does over the wire, against a server of the protocol in the same process.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../client/events/index.ts';
import { EventsHarness, shown } from './events_harness.ts';
import { hex } from './events_server.ts';

let harness: EventsHarness;
beforeEach(() => {
  harness = new EventsHarness();
});
afterEach(async () => {
  await harness.close();
});

const sequences = (key = 'default') => harness.server.log(key).map(({ sequence }) => sequence);

describe('an exchange', () => {
  it('greets, asks, writes and is acknowledged; another device is told', async () => {
    const a = await harness.open();
    const b = await harness.open();
    await harness.settle();
    await a.store.chat.write({ session: 's', role: 'user', content: 'hello', id: 'm1' });
    await a.store.artifacts.put({ id: 'x', name: 'x.txt', type: 'text/plain', content: 'text' });
    await a.store.audit.record({ actor: 'ada', action: 'opened', target: 'x' });
    await harness.settle();
    expect(sequences()).toEqual([1, 2, 3]);
    expect(b.store.chat.get('s', 'm1')?.content).toBe('hello');
    expect(shown(b)).toEqual(shown(a));
    expect(a.sync.status).toMatchObject({ state: 'connected', pending: 0, sequence: 3 });
    expect(b.sync.status).toMatchObject({ state: 'connected', sequence: 3, missing: 0 });
  });

  it('two devices that write at once end equal', async () => {
    const a = await harness.open();
    const b = await harness.open();
    for (let turn = 0; turn < 30; turn += 1) {
      await a.store.artifacts.put({ id: `${turn % 7}`, name: 'a', type: 't', content: `a${turn}` });
      await b.store.artifacts.put({ id: `${turn % 7}`, name: 'b', type: 't', content: `b${turn}` });
      await harness.world.pass(harness.world.below(40));
    }
    await harness.settle();
    expect(sequences()).toHaveLength(60);
    expect(shown(a)).toEqual(shown(b));
  });

  it('a write carries one entry, and at most eight wait for their acknowledgement', async () => {
    const a = await harness.open();
    await harness.settle();
    let waiting = 0;
    let most = 0;
    harness.server.intercept = () => {
      waiting += 1;
      most = Math.max(most, waiting);
      return false;
    };
    harness.server.tamper = (message) => {
      if (message._tag === 'Ack') waiting -= 1;
      return message;
    };
    harness.server.delayMs = 50;
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => a.store.audit.record({ actor: 'a', action: `${n}` })),
    );
    await harness.settle();
    const writes = harness.server.heard.filter(({ _tag }) => _tag === 'WriteEntries');
    expect(writes).toHaveLength(40);
    expect(writes.every(({ encryptedEntries: all }) => (all as unknown[]).length === 1)).toBe(true);
    expect(most).toBeLessThanOrEqual(8);
    expect(sequences()).toHaveLength(40);
  });

  it('writes many at once without ever more than eight on the way', async () => {
    harness.server.delayMs = 20;
    const a = await harness.open();
    await harness.settle();
    const unanswered = new Set<unknown>();
    const counts: number[] = [];
    harness.server.intercept = (_socket, { id }) => {
      unanswered.add(id);
      counts.push(unanswered.size);
      return true;
    };
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => a.store.audit.record({ actor: 'a', action: `${n}` })),
    );
    await harness.world.pass(5_000);
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('an entry that needs chunks goes and comes whole', async () => {
    const content = new Uint8Array(1_500_000).map((_, at) => at % 251);
    const a = await harness.open();
    const b = await harness.open();
    await a.store.artifacts.put({ id: 'big', name: 'big', type: 'x', content });
    await harness.settle();
    const chunks = harness.server.heard.filter(({ _tag }) => _tag === 'ChunkedMessage');
    expect(chunks.map(({ part }) => part)).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    const got = b.store.artifacts.get('big')?.content as Uint8Array;
    expect(Buffer.compare(got, content)).toBe(0);
  });

  it('the number of a message is not used twice on a connection', async () => {
    const a = await harness.open();
    for (let n = 0; n < 5; n += 1) await a.store.audit.record({ actor: 'a', action: `${n}` });
    await harness.settle();
    const ids = harness.server.heard
      .filter(({ _tag }) => _tag === 'WriteEntries')
      .map(({ id }) => id);
    expect(ids).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('what was not acknowledged', () => {
  it('is sent again after a reconnection, and only that', async () => {
    const a = await harness.open();
    await a.store.audit.record({ actor: 'a', action: 'first' });
    await harness.settle();
    harness.server.intercept = () => true; // the write is lost
    await a.store.audit.record({ actor: 'a', action: 'second' });
    await harness.world.pass(1_000);
    expect(a.sync.status).toMatchObject({ state: 'syncing', pending: 1 });
    harness.server.intercept = () => false;
    const before = harness.server.heard.length;
    harness.server.cut();
    await harness.settle();
    const again = harness.server.heard.slice(before);
    expect(again.map(({ _tag }) => _tag)).toEqual(['RequestChanges', 'WriteEntries']);
    expect(again[0]).toMatchObject({ startSequence: 2 });
    expect(sequences()).toEqual([1, 2]);
  });

  it('a lost acknowledgement makes no second entry, nor a second sending', async () => {
    const a = await harness.open();
    await harness.settle();
    harness.server.tamper = (message) => (message._tag === 'Ack' ? null : message);
    await a.store.audit.record({ actor: 'a', action: 'once' });
    await harness.world.pass(1_000);
    expect(sequences()).toEqual([1]);
    harness.server.tamper = (message) => message;
    harness.server.cut();
    await harness.settle();
    expect(sequences()).toEqual([1]);
    // It came with the backlog, so it was not sent anew.
    expect(harness.server.tags().filter((tag) => tag === 'WriteEntries')).toHaveLength(1);
    expect(a.store.audit.list().items).toHaveLength(1);
  });

  it('an acknowledgement that does not come in time ends the connection', async () => {
    const a = await harness.open({ timeout: 5_000 });
    await harness.settle();
    let lost = 0;
    harness.server.intercept = () => {
      lost += 1;
      return lost === 1;
    };
    await a.store.audit.record({ actor: 'a', action: 'late' });
    await harness.settle();
    expect(harness.server.urls.length).toBeGreaterThan(1);
    expect(sequences()).toEqual([1]);
  });

  it('survives the end of the process in the journal', async () => {
    const journal = memoryStore();
    harness.server.up = false;
    const process = harness.process();
    const a = await harness.open({ journal }, process);
    await a.store.chat.write({ session: 's', role: 'user', content: 'kept', id: 'm' });
    process.dead = true;
    harness.server.up = true;
    const again = await harness.open({ journal });
    expect(again.store.chat.get('s', 'm')?.content).toBe('kept');
    await harness.settle();
    expect(sequences()).toEqual([1]);
  });

  it('is nothing after a restart, if all was acknowledged', async () => {
    const journal = memoryStore();
    const process = harness.process();
    const a = await harness.open({ journal }, process);
    await a.store.audit.record({ actor: 'a', action: 'x' });
    await harness.settle();
    process.dead = true;
    const before = harness.server.heard.length;
    await harness.open({ journal });
    await harness.settle();
    const after = harness.server.heard.slice(before);
    expect(after.map(({ _tag }) => _tag)).toEqual(['RequestChanges']);
    expect(after[0]).toMatchObject({ startSequence: 2 });
  });

  it('counts as acknowledged when the server leaves a duplicate out of its answer', async () => {
    const a = await harness.open();
    await harness.settle();
    harness.server.silentDuplicates = true;
    let drop = true;
    harness.server.tamper = (message) => {
      if (message._tag === 'Changes' || (drop && message._tag === 'Ack')) {
        drop = false;
        return null;
      }
      return message;
    };
    await a.store.audit.record({ actor: 'a', action: 'x' });
    await harness.world.pass(1_000);
    harness.server.cut();
    await harness.world.pass(10_000);
    expect(a.sync.status.pending).toBe(0);
    expect(sequences()).toEqual([1]);
  });
});

describe('another server', () => {
  it('under another name is asked for everything, and sent what it lacks', async () => {
    const a = await harness.open();
    const b = await harness.open();
    await a.store.audit.record({ actor: 'a', action: 'before' });
    await harness.settle();
    const before = harness.server.heard.length;
    harness.server.wipe();
    await harness.settle();
    const asked = harness.server.heard
      .slice(before)
      .filter(({ _tag }) => _tag === 'RequestChanges')
      .map(({ startSequence }) => startSequence);
    expect(asked).toEqual([1, 1]);
    expect(sequences()).toEqual([1]);
    expect(shown(a)).toEqual(shown(b));
    expect(a.sync.status.remoteId).toBe(hex(harness.server.remoteId));
  });

  it('known from before goes on where it was', async () => {
    const a = await harness.open();
    await a.store.audit.record({ actor: 'a', action: 'one' });
    await harness.settle();
    const { remoteId } = harness.server;
    const first = [...harness.server.log('default')];
    harness.server.wipe();
    await a.store.audit.record({ actor: 'a', action: 'two' });
    await harness.settle();
    harness.server.remoteId = remoteId;
    harness.server.logs.set('default', first);
    const before = harness.server.heard.length;
    harness.server.cut();
    await harness.settle();
    const later = harness.server.heard.slice(before);
    expect(later[0]).toMatchObject({ _tag: 'RequestChanges', startSequence: 2 });
    expect(sequences()).toEqual([1, 2]);
  });
});

describe('a missing sequence', () => {
  it('is asked for again', async () => {
    const a = await harness.open();
    const b = await harness.open();
    await harness.settle();
    harness.server.resends = true;
    harness.server.tamper = (message) => {
      if (message._tag !== 'Changes') return message;
      const entries = message.entries as { sequence: number }[];
      if (!entries.some(({ sequence }) => sequence === 2)) return message;
      harness.server.tamper = (other) => other;
      return null;
    };
    for (const action of ['1', '2', '3']) {
      await a.store.audit.record({ actor: 'a', action });
      await harness.world.pass(100);
    }
    expect(b.store.audit.list().items.map(({ action }) => action)).toEqual(['1', '3']);
    await harness.world.pass(3_000);
    expect(b.store.audit.list().items.map(({ action }) => action)).toEqual(['1', '2', '3']);
    expect(harness.server.heard).toContainEqual({
      _tag: 'RequestChanges',
      publicKey: 'default',
      startSequence: 2,
    });
    expect(harness.server.urls).toHaveLength(2);
  });

  it('that does not come so is asked for over a new connection', async () => {
    const a = await harness.open();
    const b = await harness.open();
    await harness.settle();
    let lost = false;
    harness.server.tamper = (message) => {
      if (lost || message._tag !== 'Changes') return message;
      lost = true;
      return null;
    };
    await a.store.audit.record({ actor: 'a', action: '1' });
    await harness.world.pass(100);
    await a.store.audit.record({ actor: 'a', action: '2' });
    await harness.world.pass(10_000);
    expect(b.store.audit.list().items.map(({ action }) => action)).toEqual(['1', '2']);
    expect(harness.server.urls).toHaveLength(3);
    expect(b.sync.status).toMatchObject({ state: 'connected', missing: 0, sequence: 2 });
  });

  it('that never comes counts as missing, and the rest goes on', async () => {
    const a = await harness.open();
    for (const action of ['1', '2', '3']) await a.store.audit.record({ actor: 'a', action });
    await harness.settle();
    harness.server.log('default').splice(1, 1);
    const journal = memoryStore();
    const process = harness.process();
    const b = await harness.open({ journal }, process);
    await harness.world.pass(20_000);
    expect(b.sync.status).toMatchObject({ state: 'connected', missing: 1, sequence: 3 });
    expect(b.store.audit.list().items.map(({ action }) => action)).toEqual(['1', '3']);
    process.dead = true;
    const before = harness.server.heard.length;
    await harness.open({ journal });
    await harness.settle();
    expect(harness.server.heard[before]).toMatchObject({ startSequence: 4 });
  });

  it('of the own writes on their way is no gap', async () => {
    const a = await harness.open();
    const b = await harness.open();
    await harness.settle();
    harness.server.delayMs = 900;
    for (let n = 0; n < 20; n += 1) {
      await a.store.audit.record({ actor: 'a', action: `${n}` });
      await b.store.audit.record({ actor: 'b', action: `${n}` });
    }
    const before = harness.server.tags().filter((tag) => tag === 'RequestChanges').length;
    await harness.settle();
    expect(harness.server.tags().filter((tag) => tag === 'RequestChanges')).toHaveLength(before);
    expect(shown(a)).toEqual(shown(b));
  });
});
