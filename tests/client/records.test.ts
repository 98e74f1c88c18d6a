// What an app does with records: reads, edits, subscriptions, transactions.

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { memoryStore } from '../../client/stores/memory.ts';
import { type Client, code, Harness, viewOf } from './harness.ts';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

describe('records', () => {
  it('an edit is seen at once, before it is durable', async () => {
    const client = await h.open();
    const plans = client.collection('plans');
    const put = plans.put('p1', { title: 'Rust' });
    expect(plans.get('p1')).toMatchObject({ id: 'p1', data: { title: 'Rust' }, pending: true });
    await put;
    await h.world.until(client.sync());
    expect(plans.get('p1')).toMatchObject({ data: { title: 'Rust' }, pending: false });
    expect(h.server.view()).toEqual({ 'plans/p1': { title: 'Rust' } });
  });

  it('update changes some keys of what is seen now; delete removes', async () => {
    const client = await h.open();
    const plans = client.collection('plans');
    const edits = [
      plans.put('p1', { title: 'Rust', status: 'active' }),
      plans.update('p1', { status: 'done' }),
      plans.put('p2', { title: 'Latin' }),
      plans.delete('p2'),
    ];
    await Promise.all(edits);
    expect(viewOf(client)).toEqual({ 'plans/p1': { title: 'Rust', status: 'done' } });
    expect(await code(plans.update('p2', { status: 'x' }))).toBe('not_found');
  });

  it('what is read cannot be changed, what was given can', async () => {
    const client = await h.open();
    const plans = client.collection('plans');
    const mine = { title: 'Rust' };
    await plans.put('p1', mine);
    mine.title = 'changed later';
    const read = plans.get('p1')?.data as { title: string };
    expect(() => {
      read.title = 'changed';
    }).toThrow(TypeError);
    expect(plans.get('p1')?.data).toEqual({ title: 'Rust' });
  });

  it('children of a deleted or unknown parent are hidden, and show again with it', async () => {
    const client = await h.open();
    await client.collection('plans').put('p1', { title: 'Rust' });
    await client.collection('sessions').put('s1', { plan_id: 'p1' });
    await client.collection('sessions').put('s2', { plan_id: 'none' });
    const ids = () =>
      client
        .collection('sessions')
        .list()
        .map(({ id }) => id);
    expect(ids()).toEqual(['s1']);
    await client.collection('plans').delete('p1');
    expect(ids()).toEqual([]);
    expect(client.collection('sessions').get('s1')).toBeUndefined();
    await client.collection('plans').put('p1', { title: 'Rust again' });
    expect(ids()).toEqual(['s1']);
  });

  it('a plan that was never sent is sent as deleted if its sessions are to go', async () => {
    h.network.up = false;
    const client = await h.open({ live: false });
    const [plans, sessions] = [client.collection('plans'), client.collection('sessions')];
    await plans.put('p1', { title: 'Rust' });
    await plans.put('p2', { title: 'Latin' });
    await sessions.put('s1', { plan_id: 'p1' });
    await plans.delete('p1');
    await plans.delete('p2');
    expect(client.state.pending).toBe(2);
    await h.world.pass(50);
    h.network.up = true;
    await h.world.until(client.sync());
    expect(client.rejected.list()).toEqual([]);
    await plans.put('p1', { title: 'Rust again' });
    expect(sessions.list()).toHaveLength(1);
  });

  it('list takes a function, and is in the order of ids', async () => {
    const client = await h.open();
    const plans = client.collection('plans');
    for (const id of ['c', 'a', 'b']) await plans.put(id, { title: id, status: `s-${id}` });
    const found = plans.list({ where: ({ status }) => status !== 's-b' });
    expect(found.map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it.each([
    [
      'an empty id',
      'invalid_id',
      (client: Client) => client.collection('plans').put('', { title: '' }),
    ],
    [
      'an id with NUL',
      'invalid_id',
      (client: Client) => client.collection('plans').put('a\0', { title: '' }),
    ],
    [
      'an id that is too long',
      'invalid_id',
      (client: Client) => client.collection('plans').put('é'.repeat(129), { title: '' }),
    ],
    [
      'data that is no object',
      'invalid_data',
      (client: Client) => client.collection('plans').put('a', [] as never),
    ],
    [
      'data that is not JSON',
      'invalid_data',
      (client: Client) => client.collection('plans').put('a', { title: 1n } as never),
    ],
  ])('%s is refused as %s', async (_, wanted, edit) => {
    const client = await h.open();
    expect(await code(edit(client))).toBe(wanted);
    expect(viewOf(client)).toEqual({});
  });

  it('a collection that is not declared is refused', async () => {
    const client = await h.open();
    expect(() => client.collection('cards' as 'plans')).toThrow(/not among/);
  });

  it('a subscriber is told now, of each change, and of its parents’', async () => {
    const client = await h.open();
    const told: string[][] = [];
    const stop = client
      .collection('sessions')
      .subscribe((records) => told.push(records.map(({ id }) => id)));
    await client.collection('plans').put('p1', { title: 'Rust' });
    await client.collection('sessions').put('s1', { plan_id: 'p1' });
    await client.collection('plans').delete('p1');
    stop();
    await client.collection('plans').put('p1', { title: 'Rust' });
    expect(told[0]).toEqual([]);
    expect(told).toContainEqual(['s1']);
    expect(told.at(-1)).toEqual([]);
  });
});

describe('a subscriber that throws', () => {
  it('is reported, and stops no exchange, no edit and no other subscriber', async () => {
    const reported: string[] = [];
    vi.stubGlobal('reportError', (error: Error) => reported.push(error.message));
    onTestFinished(() => void vi.unstubAllGlobals());
    const [client, other] = [await h.open({ live: false }), await h.open({ live: false })];
    let told = 0;
    const fail = (records: unknown[]) => {
      throw new Error(`cannot show ${records.length}`);
    };
    client.collection('plans').subscribe(fail);
    client.presence.subscribe(() => {
      throw new Error('cannot show peers');
    });
    client.collection('plans').subscribe(({ length }) => {
      told = length;
    });
    await other.collection('plans').put('p1', { title: 'Rust' });
    await h.world.until(other.sync());
    await h.world.until(client.sync());
    await client.collection('plans').put('p2', { title: 'Latin' });
    await h.world.until(client.sync());
    expect(client.state).toMatchObject({ phase: 'idle', pending: 0, lastError: null });
    expect(told).toBe(2);
    const shown = ['cannot show 0', 'cannot show peers', 'cannot show 1', 'cannot show 2'];
    expect([...new Set(reported)]).toEqual(shown);
  });

  it('is an uncaught error where nothing takes reports', async () => {
    const client = await h.open({ live: false });
    const thrown: unknown[] = [];
    const queued = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    });
    onTestFinished(() => queued.mockRestore());
    const error = new Error('cannot show it');
    client.collection('plans').subscribe(() => {
      throw error;
    });
    expect(thrown).toEqual([error]);
  });
});

describe('a transaction', () => {
  it('goes in one push, and others see all of it', async () => {
    const [client, other] = [await h.open({ live: false }), await h.open({ live: false })];
    await h.world.until(client.sync());
    h.network.posts.length = 0;
    await client.transaction((tx) => {
      tx.collection('plans').put('p1', { title: 'Rust' });
      for (const id of ['s1', 's2']) tx.collection('sessions').put(id, { plan_id: 'p1' });
      expect(tx.collection('sessions').list()).toHaveLength(2);
      tx.collection('sessions').update('s2', { notes: 'second' });
    });
    await h.world.until(client.sync());
    const pushes = h.network.posts.filter(({ body }) => body.plans || body.sessions);
    expect(pushes).toHaveLength(1);
    await h.world.until(other.sync());
    expect(viewOf(other)).toEqual(viewOf(client));
    expect(other.collection('sessions').get('s2')?.data).toEqual({
      plan_id: 'p1',
      notes: 'second',
    });
  });

  it('that throws changes nothing', async () => {
    const client = await h.open();
    const failing = client.transaction((tx) => {
      tx.collection('plans').put('p1', { title: 'Rust' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(viewOf(client)).toEqual({});
    expect(client.state.pending).toBe(0);
  });

  it('that waits is refused, and edits after its end are too', async () => {
    const client = await h.open();
    let late = () => {};
    const waiting = client.transaction(async (tx) => {
      tx.collection('plans').put('p1', { title: 'Rust' });
      late = () => tx.collection('plans').put('p2', { title: 'late' });
    });
    expect(await code(waiting)).toBe('not_in_transaction');
    expect(late).toThrow(/ended/);
    expect(viewOf(client)).toEqual({});
  });
});

describe('status', () => {
  it('is a stream that begins with the present and ends with the client', async () => {
    const client = await h.open();
    const phases: string[] = [];
    const reading = (async () => {
      for await (const { phase } of client.status()) phases.push(phase);
    })();
    await h.world.pass(1_000);
    await client.close();
    await reading;
    expect(phases).toContain('syncing');
    expect(phases).toContain('live');
    expect(phases.at(-1)).toBe('stopped');
  });

  it('counts what goes each way', async () => {
    const [a, b] = [await h.open({ live: false }), await h.open({ live: false })];
    await h.world.until(Promise.all([a.sync(), b.sync()]));
    await a.transaction((tx) => {
      for (let i = 0; i < 5; i++) tx.collection('plans').put(`p${i}`, { title: `${i}` });
    });
    expect(a.state.pending).toBe(5);
    await h.world.until(a.sync());
    expect(a.state.progress).toEqual({ pushed: 5, pulled: 0 });
    await h.world.until(b.sync());
    expect(b.state.progress).toEqual({ pushed: 0, pulled: 5 });
    expect(b.state.lastSyncedAt).toBe(h.world.now);
  });

  it('a client that was closed refuses, and its records wait in the store', async () => {
    const store = memoryStore();
    h.network.up = false;
    const first = await h.open({ store });
    await first.collection('plans').put('p1', { title: 'Rust' });
    await first.close();
    expect(await code(first.sync())).toBe('closed');
    expect(await code(first.collection('plans').put('p2', { title: '' }))).toBe('closed');
    h.network.up = true;
    const again = await h.open({ store });
    expect(again.device).toBe(first.device);
    await h.world.until(again.sync());
    expect(h.server.view()).toEqual({ 'plans/p1': { title: 'Rust' } });
  });
});
