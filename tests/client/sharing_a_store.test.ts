// The client over its store: one that fails, that is another user’s, or that several tabs share.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../client/stores/memory.ts';
import { code, Harness, viewOf } from './harness.ts';
import { settle } from './world.ts';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

describe('a store', () => {
  it('that fails changes nothing, and works again when it can', async () => {
    let full = false;
    const place = memoryStore();
    const client = await h.open({
      store: async () => {
        const store = await place();
        return {
          ...store,
          commit: async (write, version) => {
            if (full) throw new DOMException('no space', 'QuotaExceededError');
            return store.commit(write, version);
          },
        };
      },
    });
    await h.world.pass(1_000);
    const told: number[] = [];
    client.collection('plans').subscribe((records) => told.push(records.length));
    full = true;
    expect(await code(client.collection('plans').put('p1', { title: 'x' }))).toBe('store_failed');
    expect(viewOf(client)).toEqual({});
    expect(told).toEqual([0, 1, 0]);
    full = false;
    await client.collection('plans').put('p1', { title: 'x' });
    await h.world.until(client.sync());
    expect(h.server.view()).toEqual({ 'plans/p1': { title: 'x' } });
  });

  it('of another user is left alone', async () => {
    const jwt = (user: string) => `h.${btoa(JSON.stringify({ user_id: user }))}.s`;
    const store = memoryStore();
    const ada = await h.open({ store, token: jwt('ada'), live: false });
    await h.world.until(ada.sync());
    await ada.close();
    const requests = h.server.requests;
    const bob = await h.open({ store, token: jwt('bob'), live: false });
    expect(await code(h.world.until(bob.sync()))).toBe('other_user');
    expect(bob.state.phase).toBe('signed_out');
    expect(h.server.requests).toBe(requests);
  });

  it('that tabs share is synced by one of them, then by the next', async () => {
    const store = memoryStore();
    const [one, two] = [await h.open({ store }), await h.open({ store })];
    const other = await h.open({ device: 'other' });
    await h.world.pass(1_000);
    expect(h.network.open.size).toBe(2);
    await two.collection('plans').put('p1', { title: 'by two' });
    await h.world.pass(100);
    expect(viewOf(one)).toEqual({ 'plans/p1': { title: 'by two' } });
    expect(viewOf(other)).toEqual(viewOf(one));
    expect(two.state).toMatchObject({ phase: 'live', pending: 0 });
    await other.collection('plans').update('p1', { status: 'by other' });
    await h.world.until(other.sync());
    await h.world.until(two.sync());
    expect(viewOf(two)).toEqual({ 'plans/p1': { title: 'by two', status: 'by other' } });
    two.presence.set({ tab: 2 });
    other.presence.set({ of: 'other' });
    await h.world.pass(100);
    expect([...other.presence.peers.values()]).toEqual([{ tab: 2 }]);
    expect([...two.presence.peers.values()]).toEqual([{ of: 'other' }]);
    await one.close();
    await two.collection('plans').delete('p1');
    await h.world.pass(1_000);
    expect(h.server.view()).toEqual({});
    expect(two.state.phase).toBe('live');
  });

  it('that two holders change at the same time keeps both edits', async () => {
    const store = memoryStore();
    const [one, two] = [await h.open({ store }), await h.open({ store })];
    await Promise.all([
      one.collection('plans').put('p1', { title: 'one' }),
      two.collection('plans').put('p2', { title: 'two' }),
      one.collection('plans').put('p3', { title: 'one' }),
      two.collection('plans').put('p4', { title: 'two' }),
    ]);
    await settle();
    expect(viewOf(one)).toEqual(viewOf(two));
    expect(Object.keys(viewOf(one))).toHaveLength(4);
    await h.world.until(two.sync());
    expect(h.server.view()).toEqual(viewOf(one));
  });
});
