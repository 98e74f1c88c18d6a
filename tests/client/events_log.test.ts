// Events with types over a journal: what handlers see, which of two writes counts, what compaction
// and retention drop.

import { beforeEach, describe, expect, it } from 'vitest';
import { compactByCount } from '../../client/events/compaction.ts';
import type { ConflictPolicy } from '../../client/events/conflicts.ts';
import type { Entry } from '../../client/events/entry.ts';
import { EntryIds } from '../../client/events/entry_id.ts';
import { Journal } from '../../client/events/journal/journal.ts';
import { EventLog, type LogOptions } from '../../client/events/log.ts';
import { packPayload } from '../../client/events/msgpack.ts';
import { event, eventGroup, type RecordOf } from '../../client/events/schema.ts';
import { type EventStores, eventStores } from '../../client/events/stores/index.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import type { StoreOpener } from '../../client/stores/store.ts';
import { codeOf, seededCrypto, shown, thrownCode } from './events_harness.ts';
import { seeded } from './world.ts';

const remote = 'a'.repeat(32);
let now = 1_795_000_000_000;
let place: StoreOpener;
let journal: Journal;
let log: EventLog;
let store: EventStores;

async function open(options: Partial<LogOptions> = {}): Promise<void> {
  journal = await Journal.open(place);
  const crypto = seededCrypto(now % 1_000);
  const ids = new EntryIds((bytes) => crypto.getRandomValues(bytes));
  log = new EventLog({ journal, ids, now: () => now, localOnly: true, ...options });
  let made = 0;
  store = eventStores(log, { now: () => now, newId: () => `new-${++made}` });
}

const state = () => shown({ store } as never);

beforeEach(async () => {
  now = 1_795_000_000_000;
  place = memoryStore();
  await open({ compaction: null });
});

const artifact = (id: string, content: string) => ({ id, name: id, type: 'text/plain', content });
const late = (ms: number, tail = '0'): string =>
  `${ms.toString(16).padStart(12, '0')}7000${'8000'.padEnd(16, tail)}`;
const put = (id: string, key: string, content: string): Entry => ({
  id,
  event: 'artifact.put',
  primaryKey: key,
  payload: packPayload(artifact(key, content)),
});

describe('the stores', () => {
  it('chat keeps messages in their places when they are edited', async () => {
    const { chat } = store;
    const first = await chat.write({ session: 's', role: 'user', content: 'one' });
    now += 10;
    await chat.write({ session: 's', role: 'assistant', content: 'two' });
    now += 10;
    await chat.write({ session: 's', role: 'user', content: 'ONE', id: first.id });
    await chat.write({ session: 't', role: 'tool', content: 'three', id: 'x' });
    await chat.delete('t', 'x');
    expect(chat.list('s').items.map(({ content }) => content)).toEqual(['ONE', 'two']);
    expect(chat.sessions()).toEqual(['s']);
  });

  it('give pages, each going on where the last one ended', async () => {
    for (let n = 0; n < 25; n += 1) {
      await store.audit.record({ actor: 'a', action: `${n}` });
      await store.chat.write({ session: 's', role: 'user', content: `${n}`, at: 100 - n });
    }
    const read = (page: (after?: string) => { items: unknown[]; next: string | null }) => {
      const sizes: number[] = [];
      const all: unknown[] = [];
      let after: string | undefined;
      do {
        const { items, next } = page(after);
        sizes.push(items.length);
        all.push(...items);
        after = next ?? undefined;
      } while (after !== undefined);
      return { sizes, all };
    };
    const limited = (after?: string) => ({ limit: 10, ...(after !== undefined && { after }) });
    const audit = read((after) => store.audit.list(limited(after)));
    expect(audit.sizes).toEqual([10, 10, 5]);
    expect(audit.all).toEqual(store.audit.list().items);
    const chat = read((after) => store.chat.list('s', limited(after)));
    expect(chat.all).toEqual(store.chat.list('s').items);
    const { records, next } = log.entries({ limit: 30, event: 'chat.message' });
    expect([records.length, next]).toEqual([25, null]);
  });

  it('have pages of the size that the log says', async () => {
    await open({ pageSize: 3 });
    for (const action of ['1', '2', '3', '4']) await store.audit.record({ actor: 'a', action });
    expect(store.audit.list().items).toHaveLength(3);
    expect(log.entries().records).toHaveLength(3);
  });

  it('are the same when the log is opened again', async () => {
    await store.chat.write({ session: 's', role: 'user', content: 'x', id: 'm' });
    await store.artifacts.put(artifact('a', '1'));
    await store.artifacts.put(artifact('a', '2'));
    await store.audit.record({ actor: 'a', action: 'b', details: { deep: [1, { x: null }] } });
    const before = state();
    await open();
    expect(state()).toEqual(before);
    expect(store.artifacts.get('a')?.content).toBe('2');
  });

  it('tell of what counts, and of nothing else', async () => {
    const told: unknown[] = [];
    store.artifacts.subscribe((record) => told.push(record?.payload));
    await store.artifacts.put(artifact('a', 'new'));
    await journal.commit({ add: [put(late(now - 1_000), 'a', 'old')] });
    await store.audit.record({ actor: 'a', action: 'b' });
    expect(told).toEqual([artifact('a', 'new')]);
  });
});

describe('a write', () => {
  it('that the guard refuses is not written', async () => {
    const wrong = { session: 's', role: 'robot', content: 'x' } as never;
    expect(await codeOf(store.chat.write(wrong))).toBe('invalid_payload');
    expect(await codeOf(store.audit.record({ actor: 'a' } as never))).toBe('invalid_payload');
    expect(log.size).toBe(0);
  });

  it.each([
    ['a BigInt', 1n],
    ['undefined', undefined],
    ['a function', () => 1],
    ['an object of a class', new Map()],
    [
      'a circle',
      (() => {
        const a: unknown[] = [];
        a.push(a);
        return a;
      })(),
    ],
  ])('with %s in it is refused', async (_, value) => {
    const note = { actor: 'a', action: 'b', details: { value } };
    expect(await codeOf(store.audit.record(note))).toBe('invalid_payload');
    expect(log.size).toBe(0);
  });

  it('over the largest entry is refused, and says the sizes', async () => {
    const fits = artifact('a', 'x'.repeat(1_899_850));
    await store.artifacts.put(fits);
    const error = await store.artifacts.put(artifact('b', 'x'.repeat(1_900_000))).catch((e) => e);
    expect(error).toMatchObject({ code: 'entry_too_large' });
    expect(error.message).toMatch(/1900000/);
    expect(store.artifacts.get('b')).toBeUndefined();
  });

  it('where the log only reads is refused', async () => {
    await open({ readOnly: true });
    expect(await codeOf(store.artifacts.delete('a'))).toBe('read_only');
  });

  it('of an event that no one handles is refused', async () => {
    const group = eventGroup({
      name: 'g',
      events: { 'g.x': event<string>({ guard: (v) => typeof v === 'string', primaryKey: String }) },
    });
    expect(await codeOf(log.write(group, 'g.x', 'a'))).toBe('unknown_event');
    const seen: string[] = [];
    log.handle(group, { apply: ({ payload }) => seen.push(payload), clear: () => {} });
    await log.write(group, 'g.x', 'a');
    expect(seen).toEqual(['a']);
    expect(thrownCode(() => log.handle(group, { apply: () => {}, clear: () => {} }))).toBe(
      'invalid_config',
    );
  });

  it('sorts after everything that its writer has seen', async () => {
    await journal.commit({ add: [put(late(now + 60_000), 'a', 'from a fast clock')] });
    await store.artifacts.put(artifact('a', 'mine'));
    expect(store.artifacts.get('a')?.content).toBe('mine');
  });

  it('does not follow a clock that is far off', async () => {
    await journal.commit({ add: [put(late(now + 86_400_000), 'z', 'tomorrow')] });
    await store.artifacts.put(artifact('a', 'mine'));
    const mine = journal.all().find(({ primaryKey }) => primaryKey === 'a');
    expect(Number.parseInt(mine?.id.slice(0, 12) ?? '', 16)).toBe(now);
  });
});

describe('a conflict', () => {
  const entries = [
    put(late(1_000, '1'), 'a', 'first'),
    put(late(2_000, '1'), 'a', 'second'),
    put(late(2_000, '2'), 'a', 'second, with the greater id'),
    { ...put(late(1_500), 'b', ''), event: 'artifact.deleted', payload: packPayload({ id: 'b' }) },
    put(late(1_000), 'b', 'deleted later'),
    put(late(1_200), 'c', 'c'),
  ];

  it('ends the same in any order of arrival', async () => {
    const random = seeded(5);
    for (let turn = 0; turn < 50; turn += 1) {
      place = memoryStore();
      await open({ compaction: null });
      const shuffled = [...entries]
        .map((one) => [random(), one] as const)
        .sort(([a], [b]) => a - b)
        .map(([, one]) => one);
      for (const one of shuffled) await journal.commit({ add: [one] });
      const contents = store.artifacts.list().items.map(({ id, content }) => [id, content]);
      expect(contents).toEqual([
        ['a', 'second, with the greater id'],
        ['c', 'c'],
      ]);
      const before = state();
      await open();
      expect(state()).toEqual(before);
    }
  });

  it('is decided by the policy that was given', async () => {
    const firstWriteWins: ConflictPolicy = {
      name: 'first_write_wins',
      prefers: (challenger, holder) => challenger.id < holder.id,
    };
    place = memoryStore();
    await open({ conflictPolicy: firstWriteWins });
    for (const one of entries) await journal.commit({ add: [one] });
    expect(store.artifacts.get('a')?.content).toBe('first');
  });
});

describe('what others wrote', () => {
  it('and this log does not know is kept, counted, and harms nothing', async () => {
    const odd: Entry[] = [
      { id: late(1), event: 'later.version', primaryKey: '', payload: packPayload({ x: 1 }) },
      { id: late(2), event: 'artifact.put', primaryKey: 'a', payload: packPayload({ id: 'a' }) },
      { id: late(3), event: 'chat.message', primaryKey: '', payload: packPayload(null) },
    ];
    await journal.commit({ add: [...odd, put(late(4), 'ok', 'ok')] });
    expect(log.unhandled).toBe(3);
    expect(store.artifacts.list().items.map(({ id }) => id)).toEqual(['ok']);
    await log.compact();
    expect(log.size).toBe(4);
    await open();
    expect(log.unhandled).toBe(3);
  });

  it('does not stop at a handler that throws', async () => {
    const uncaught: unknown[] = [];
    const caught = (error: unknown) => uncaught.push(error);
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', caught);
    const group = eventGroup({
      name: 'g',
      events: { 'g.x': event<string>({ guard: (v) => typeof v === 'string', primaryKey: String }) },
    });
    const seen: string[] = [];
    const apply = ({ payload }: RecordOf<typeof group.events>) => {
      seen.push(payload);
      throw new Error('a fault of the app');
    };
    log.handle(group, { apply, clear: () => {} });
    await log.write(group, 'g.x', '1');
    await log.write(group, 'g.x', '2');
    await new Promise(setImmediate);
    process.off('uncaughtException', caught);
    for (const other of others) process.on('uncaughtException', other);
    expect(seen).toEqual(['1', '2']);
    expect(uncaught).toHaveLength(2);
  });
});

describe('compaction', () => {
  it('after a count of entries drops what was beaten; what is shown stays the same', async () => {
    await open({ compaction: compactByCount(1_000) });
    const random = seeded(3);
    for (let n = 0; n < 999; n += 1) {
      const key = `${Math.floor(random() * 10)}`;
      if (random() < 0.2) await store.artifacts.delete(key);
      else await store.artifacts.put(artifact(key, `${n}`));
    }
    expect(log.size).toBe(999);
    const before = state();
    await store.audit.record({ actor: 'a', action: 'the thousandth' });
    await log.settled();
    expect(log.size).toBe(11);
    expect(state()).toEqual({ ...(before as object), audit: store.audit.list().items });
    const after = state();
    await open();
    expect(state()).toEqual(after);
  });

  it('keeps deletions, so that an older write does not come back', async () => {
    await store.artifacts.put(artifact('a', '1'));
    await store.artifacts.delete('a');
    expect(await log.compact()).toBe(1);
    await journal.commit({ add: [put(late(now - 5), 'a', 'late')] });
    expect(store.artifacts.get('a')).toBeUndefined();
  });

  it('keeps what the server has not acknowledged', async () => {
    await open({ compaction: null, localOnly: false });
    await store.artifacts.put(artifact('a', '1'));
    await store.artifacts.put(artifact('a', '2'));
    expect(await log.compact()).toBe(0);
    await journal.commit({ register: remote });
    expect(await log.compact()).toBe(0);
    const [first] = journal.all();
    await journal.commit({ remote: { id: remote, has: [first?.id ?? ''] } });
    expect(await log.compact()).toBe(1);
    expect(store.artifacts.get('a')?.content).toBe('2');
  });

  it('takes no count below one', () => {
    expect(thrownCode(() => compactByCount(0))).toBe('invalid_config');
    expect(thrownCode(() => compactByCount(1.5))).toBe('invalid_config');
  });
});

describe('retention', () => {
  it('drops the oldest entries over a number, and what is too old', async () => {
    await open({ compaction: null, retention: { entries: 5, ageMs: undefined } });
    for (let n = 0; n < 9; n += 1) await store.audit.record({ actor: 'a', action: `${n}` });
    expect(await log.compact()).toBe(4);
    const actions = () => store.audit.list().items.map(({ action }) => action);
    expect(actions()).toEqual(['4', '5', '6', '7', '8']);
    await open({ compaction: null, retention: { entries: undefined, ageMs: 1_000 } });
    now += 2_000;
    await store.audit.record({ actor: 'a', action: 'young' });
    await log.compact();
    expect(actions()).toEqual(['young']);
  });
});
