// Records between two devices of a user: what is pushed arrives, once and in order, page by page.

import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import {
  card,
  Device,
  deletion,
  idsOf,
  newUser,
  plan,
  session,
  spaceOf,
  twoDevices,
} from '../clients.ts';

const T0 = 1_750_000_000_000;

const numbered = (count: number, prefix = 'p') =>
  Array.from({ length: count }, (_, index) =>
    plan(`${prefix}${String(index).padStart(5, '0')}`, T0 + index),
  );

describe('push and pull', () => {
  it('what one device pushes the other pulls as it was sent', async () => {
    const [laptop, phone] = twoDevices();
    const data = {
      title: 'Élan 🌊',
      status: 'active',
      tags: ['a', 'b'],
      extra: { deep: [1.5, null] },
    };
    const pushed = await laptop.push({
      plans: [{ action: 'create', id: 'p1', data, updated_at: T0 }],
      sessions: [session('s1', 'p1', T0 + 1)],
      cards: [card('c1', 'p1', T0 + 2)],
    });
    expect(pushed).toMatchObject({ rejected: [], conflicts: [], has_more: false });

    const pulled = await phone.pull();
    expect(pulled.plans).toEqual([
      { action: 'create', id: 'p1', data, updated_at: T0, counter: 0, device: 'laptop', seq: 1 },
    ]);
    expect(idsOf(pulled.sessions)).toEqual(['s1']);
    expect(idsOf(pulled.cards)).toEqual(['c1']);
    expect(Math.abs(pulled.server_time - Date.now())).toBeLessThan(60_000);
  });

  it('a second sync has nothing new, for either device', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [plan('p1', T0)] });
    await phone.pull();
    for (const device of [laptop, phone]) {
      const cursor = device.cursor;
      const again = await device.push({});
      expect(again).toMatchObject({ plans: [], sessions: [], cards: [], deleted_ids: [] });
      expect(again.cursor).toBe(cursor);
    }
  });

  it('without a cursor a device gets the whole state, its own rows too', async () => {
    const [laptop] = twoDevices();
    expect(idsOf((await laptop.sync({ plans: [plan('p1', T0)] })).plans)).toEqual(['p1']);
    expect(idsOf((await laptop.sync({ plans: [plan('p2', T0)] })).plans)).toEqual(['p1', 'p2']);
    expect(idsOf((await laptop.sync({ cursor: null })).plans)).toEqual(['p1', 'p2']);
  });

  it('with a cursor a device is not sent its own rows', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({});
    await laptop.push({});
    const own = await laptop.push({ plans: [plan('p1', T0)] });
    expect(own.plans).toEqual([]);
    await phone.push({ plans: [plan('p2', T0)] });
    expect(idsOf((await laptop.push({})).plans)).toEqual(['p2']);
  });

  it('a device whose answer was lost is sent what it wrote, as it is stored', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({});
    const { cursor } = laptop;
    await laptop.push({ plans: [plan('p1', T0)] });
    await phone.push({ plans: [plan('p2', T0)] });
    const again = await laptop.sync({ cursor, plans: [plan('p3', T0)] });
    expect(idsOf(again.plans)).toEqual(['p1', 'p2']);
  });

  it('action is create for what is new to the device, update for what it had', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [plan('p1', T0)] });
    expect((await phone.pull()).plans[0]?.action).toBe('create');
    await laptop.push({ plans: [plan('p1', T0 + 1), plan('p2', T0 + 1)] });
    expect((await phone.pull()).plans.map(({ id, action }) => [id, action])).toEqual([
      ['p1', 'update'],
      ['p2', 'create'],
    ]);
  });

  it('the same push twice changes nothing and is not told twice', async () => {
    const [laptop, phone] = twoDevices();
    const payload = { plans: numbered(3), sessions: [session('s1', 'p00001', T0)] };
    await laptop.push(payload);
    await phone.pull();
    const cursor = phone.cursor;
    expect(await laptop.push(payload)).toMatchObject({ rejected: [], conflicts: [] });
    expect(await phone.push({})).toMatchObject({ plans: [], sessions: [], cursor });
  });

  it('children before parents in the body are taken all the same', async () => {
    const [laptop, phone] = twoDevices();
    const body = {
      cards: [card('c', 'p', T0)],
      sessions: [session('s', 'p', T0)],
      plans: [plan('p', T0)],
    };
    expect((await laptop.push({ ...body, cursor: null })).rejected).toEqual([]);
    expect(idsOf((await phone.pull()).cards)).toEqual(['c']);
  });

  it('a body of nothing is a pull', async () => {
    const [laptop] = twoDevices();
    expect(await laptop.sync({})).toMatchObject({ plans: [], sessions: [], cards: [] });
  });
});

describe('many at once', () => {
  it('twenty devices that push at the same time all arrive, each seq given once', async () => {
    const user = newUser();
    const devices = Array.from({ length: 20 }, (_, index) => new Device(user, `device-${index}`));
    const ids = devices.flatMap(({ name }) => [1, 2, 3].map((number) => `${name}-${number}`));
    await Promise.all(
      devices.flatMap((device) =>
        [1, 2, 3].map((number) => device.sync({ plans: [plan(`${device.name}-${number}`, T0)] })),
      ),
    );
    const { plans } = await new Device(user, 'observer').pull();
    expect(idsOf(plans).sort()).toEqual(ids.sort());
    expect(plans.map(({ seq }) => seq)).toEqual(ids.map((_, index) => index + 1));
    expect(await devices[0]?.list('/plans')).toHaveLength(60);
  });
});

describe('pages', () => {
  it('follow one another without a gap or a double', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: numbered(45) });
    const pulled = await phone.pull(10);
    expect(pulled.pages).toBe(5);
    expect(idsOf(pulled.plans)).toEqual(idsOf(numbered(45)));
    expect((await phone.push({})).plans).toEqual([]);
  });

  it('hold what changes while they are walked', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: numbered(30) });
    const first = await phone.push({ limit: 10 });
    expect(first.has_more).toBe(true);
    const change = { title: 'New', status: 'active' };
    await laptop.push({
      plans: [
        { action: 'update', id: 'p00002', data: change, updated_at: T0 + 100_000 },
        { action: 'update', id: 'p00025', data: change, updated_at: T0 + 100_000 },
      ],
    });
    const rest = await phone.pull(10);
    const state = new Map([...first.plans, ...rest.plans].map(({ id, data }) => [id, data]));
    expect(state.size).toBe(30);
    expect(state.get('p00002')).toEqual(change);
    expect(state.get('p00025')).toEqual(change);
  });

  it('include the own rows of a device that starts again from nothing', async () => {
    const [laptop] = twoDevices();
    await laptop.push({ plans: numbered(25) });
    const again = new Device(laptop.user, 'laptop');
    expect(idsOf((await again.pull(10)).plans)).toEqual(idsOf(numbered(25)));
  });
});

describe('the cursor', () => {
  it('that is not one is an error', async () => {
    const [laptop] = twoDevices();
    for (const cursor of ['', 'x', '..', 'abc.-1', 'abc.1.2', 'ABC.1', `${'a'.repeat(200)}.1`]) {
      const response = await laptop.post('/sync', JSON.stringify({ cursor }));
      if (cursor === '') continue;
      expect([cursor, response.status]).toEqual([cursor, 400]);
      expect(await response.json()).toMatchObject({ error: 'invalid_cursor' });
    }
  });

  it('of another space resets the device to the whole state', async () => {
    const [laptop] = twoDevices();
    await laptop.push({ plans: [plan('p1', T0)] });
    const stranger = new Device(newUser());
    await stranger.push({ plans: [plan('x', T0)] });
    const answer = await laptop.sync({ cursor: stranger.cursor });
    expect(answer).toMatchObject({ reset: true, reset_reason: 'other_epoch' });
    expect(idsOf(answer.plans)).toEqual(['p1']);
    expect(await laptop.sync({ cursor: answer.cursor })).not.toHaveProperty('reset');
  });

  it('ahead of the space resets the device', async () => {
    const [laptop] = twoDevices();
    await laptop.push({ plans: [plan('p1', T0)] });
    const [epoch, seq] = (laptop.cursor as string).split('.');
    const ahead = await laptop.sync({ cursor: `${epoch}.${Number(seq) + 1}` });
    expect(ahead).toMatchObject({ reset: true, reset_reason: 'cursor_ahead' });
    expect(idsOf(ahead.plans)).toEqual(['p1']);
  });

  it('older than what was pruned resets the device, and rejects its stale edits', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [plan('dead', T0), plan('alive', T0)] });
    await phone.pull();
    await laptop.push({ plans: [deletion('dead', T0 + 1)] });
    await runInDurableObject(spaceOf(laptop.user), (_, { storage }) => {
      storage.sql.exec("DELETE FROM records WHERE id = 'dead'");
      storage.sql.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('pruned_seq', 3)");
      storage.sql.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('horizon_ms', ?)", T0 + 9);
    });
    const answer = await phone.push({ plans: [plan('dead', T0 + 2), plan('fresh', T0 + 100)] });
    expect(answer).toMatchObject({ reset: true, reset_reason: 'pruned' });
    expect(answer.rejected).toMatchObject([{ index: 0, id: 'dead', code: 'stale_device' }]);
    expect(idsOf(answer.plans)).toEqual(['alive', 'fresh']);
    const history = await phone.list<{ reason: string }>('/history?collection=plans&id=dead');
    expect(history[0]).toMatchObject({ reason: 'stale_device' });
  });
});

describe('who sends', () => {
  it('a device without X-Device-ID is called default, as are others without', async () => {
    const user = newUser();
    await new Device(user, null).push({ plans: [plan('p1', T0)] });
    expect((await new Device(user, 'phone').pull()).plans[0]?.device).toBe('default');
    const same = new Device(user, 'default');
    same.cursor = (await same.sync({})).cursor;
    await new Device(user, null).sync({ plans: [plan('p2', T0)] });
    expect(idsOf((await same.push({})).plans)).toEqual(['p2']);
  });

  it.each(['a b', 'x'.repeat(65), 'a/b'])('a device called %j is refused', async (name) => {
    const response = await new Device(newUser(), name).post('/sync', '{}');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_device_id' });
  });

  it('X-User-ID and user ids in bodies are ignored', async () => {
    const [victim, thief] = [new Device(newUser()), new Device(newUser())];
    await victim.push({ plans: [plan('secret', T0)] });
    const body = { user_id: victim.user, plans: [plan('mine', T0, { user_id: victim.user })] };
    const response = await thief.post(`/sync?user_id=${victim.user}`, JSON.stringify(body), {
      'x-user-id': victim.user,
    });
    expect(idsOf((await response.json<{ plans: [] }>()).plans)).toEqual(['mine']);
    expect(idsOf((await victim.sync({})).plans)).toEqual(['secret']);
    expect(idsOf(await thief.list('/plans'))).toEqual(['mine']);
  });

  it('the same ids under two users are two records', async () => {
    const [one, two] = [new Device(newUser()), new Device(newUser())];
    await one.push({ plans: [plan('p', T0, { title: 'one' })] });
    await two.push({ plans: [plan('p', T0 + 9, { title: 'two' })] });
    expect(await one.list('/plans')).toMatchObject([{ id: 'p', title: 'one' }]);
    expect(await two.list('/plans')).toMatchObject([{ id: 'p', title: 'two' }]);
  });
});
