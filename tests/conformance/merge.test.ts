// Merging, as two devices see it: who wins, what is told to whom, what the history keeps.

import { describe, expect, it } from 'vitest';
import {
  type Answer,
  card,
  type Delta,
  Device,
  deletion,
  idsOf,
  newUser,
  plan,
  session,
  twoDevices,
} from '../clients.ts';

const T0 = 1_750_000_000_000;

interface Version {
  id: number;
  collection: string;
  record_id: string;
  data: { title?: string };
  updated_at: number;
  device: string;
  reason: string;
}

const titled = (title: string, updated_at: number, id = 'p'): Delta =>
  plan(id, updated_at, { title });

async function titleOf(user: string, id = 'p'): Promise<unknown> {
  const { plans } = await new Device(user, 'observer').sync({});
  return plans.find((told) => told.id === id)?.data?.title;
}

const codes = ({ rejected }: Answer) => rejected.map(({ code }) => code);

describe('the last write wins', () => {
  it.each([
    { first: 'laptop', second: 'phone' },
    { first: 'phone', second: 'laptop' },
  ])('whichever arrives first: $first', async ({ first, second }) => {
    const user = newUser();
    const versions: Record<string, Delta> = {
      laptop: titled('older', T0),
      phone: titled('newer', T0 + 1),
    };
    await new Device(user, first).push({ plans: [versions[first] as Delta] });
    await new Device(user, second).push({ plans: [versions[second] as Delta] });
    expect(await titleOf(user)).toBe('newer');
  });

  it('a tie in time goes by counter, then by device', async () => {
    const user = newUser();
    const [a, b] = [new Device(user, 'a'), new Device(user, 'b')];
    await b.push({ plans: [{ ...titled('b0', T0), counter: 0 }] });
    await a.push({ plans: [{ ...titled('a1', T0), counter: 1 }] });
    expect(await titleOf(user)).toBe('a1');
    await b.push({ plans: [{ ...titled('b1', T0), counter: 1 }] });
    expect(await titleOf(user)).toBe('b1');
    await a.push({ plans: [{ ...titled('a1 again', T0), counter: 1 }] });
    expect(await titleOf(user)).toBe('b1');
  });

  it('the loser is told that it lost, and what is stored instead', async () => {
    const [laptop, phone] = twoDevices();
    await phone.push({});
    await laptop.push({ plans: [titled('newer', T0 + 5)] });
    const lost = await phone.push({ plans: [titled('older', T0)] });
    expect(lost.conflicts).toMatchObject([
      { index: 0, collection: 'plans', id: 'p', code: 'lost' },
    ]);
    expect(lost.plans).toHaveLength(1);
    expect(lost.plans[0]).toMatchObject({ id: 'p', data: { title: 'newer' }, device: 'laptop' });
  });

  it('even when the loser had pulled the winner before', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [titled('newer', T0 + 5)] });
    await phone.pull();
    const lost = await phone.push({ plans: [titled('older', T0)] });
    expect(lost.plans.map(({ data }) => data?.title)).toEqual(['newer']);
  });

  it('two versions in one payload: the newer one stays, the other is in the history', async () => {
    const [laptop] = twoDevices();
    await laptop.push({ plans: [titled('one', T0 + 1), titled('two', T0 + 2), titled('0', T0)] });
    expect(await titleOf(laptop.user)).toBe('two');
    const history = await laptop.list<Version>('/history');
    expect(history.map(({ data }) => data.title).sort()).toEqual(['0', 'one']);
  });
});

describe('time', () => {
  it('is taken in seconds or milliseconds and told in milliseconds', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [plan('s', 1_700_000_000), plan('ms', 1_700_000_000_123)] });
    expect((await phone.pull()).plans.map(({ updated_at }) => updated_at)).toEqual([
      1_700_000_000_000, 1_700_000_000_123,
    ]);
  });

  it('of data.updated_at stands in where the delta has none', async () => {
    const [laptop, phone] = twoDevices();
    const { updated_at: _, ...bare } = plan('p', 0, { updated_at: 1_700_000_000 });
    expect((await laptop.push({ plans: [bare] })).rejected).toEqual([]);
    expect((await phone.pull()).plans[0]?.updated_at).toBe(1_700_000_000_000);
  });

  it('ahead of the server is pulled back and reported, once for all replays', async () => {
    const [laptop, phone] = twoDevices();
    const ahead = { plans: [plan('p', Date.now() + 3_600_000)] };
    await laptop.push({});
    const first = await laptop.push(ahead);
    expect(first.conflicts).toMatchObject([{ id: 'p', code: 'clock_ahead' }]);
    expect(first.plans[0]?.updated_at).toBeLessThanOrEqual(first.server_time);
    await phone.pull();
    const replay = await laptop.push(ahead);
    expect(replay.plans[0]?.updated_at).toBe(first.plans[0]?.updated_at);
    expect((await phone.push({})).plans).toEqual([]);
  });
});

describe('deletions', () => {
  it('reach the other device as a delta and in deleted_ids', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [plan('p', T0)] });
    await phone.pull();
    await laptop.push({ plans: [deletion('p', T0 + 1)] });
    const pulled = await phone.push({});
    expect(pulled.deleted_ids).toEqual(['p']);
    expect(pulled.plans).toMatchObject([{ action: 'delete', id: 'p', updated_at: T0 + 1 }]);
    expect(pulled.plans[0]).not.toHaveProperty('data');
  });

  it('lose to a newer edit and win over an older one', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [titled('kept', T0 + 10, 'kept'), titled('gone', T0, 'gone')] });
    await phone.push({ plans: [deletion('kept', T0 + 5), deletion('gone', T0 + 5)] });
    const { plans } = await new Device(laptop.user, 'observer').sync({});
    expect(plans.map(({ id, action }) => [id, action])).toEqual([
      ['kept', 'create'],
      ['gone', 'delete'],
    ]);
  });

  it('an edit newer than the deletion brings the record back', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [plan('p', T0), deletion('p', T0 + 1)] });
    await phone.push({ plans: [titled('again', T0 + 2)] });
    expect(await titleOf(laptop.user)).toBe('again');
    expect(idsOf(await laptop.list('/plans'))).toEqual(['p']);
  });

  it('of a record that was never there is kept as well', async () => {
    const [laptop, phone] = twoDevices();
    expect((await laptop.push({ plans: [deletion('p', T0 + 5)] })).rejected).toEqual([]);
    await phone.push({ plans: [titled('older', T0)] });
    expect(await titleOf(laptop.user)).toBeUndefined();
  });

  it('by bare id delete what the device had seen, and nothing newer', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [plan('seen', T0), plan('changed', T0)] });
    await phone.pull();
    await laptop.push({ plans: [titled('new', T0 + 1, 'changed')] });
    const answer = await phone.push({ deleted_ids: ['seen', 'changed', 'unknown'] });
    expect(answer.rejected).toMatchObject([
      { index: 1, collection: 'deleted_ids', id: 'changed', code: 'delete_unseen' },
    ]);
    expect(await titleOf(laptop.user, 'changed')).toBe('new');
    expect((await laptop.push({})).deleted_ids).toEqual(['seen']);
  });

  it('of a plan hide its children from reads, and edits of them still sync', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({
      plans: [plan('p', T0)],
      sessions: [session('s', 'p', T0)],
      cards: [card('c', 'p', T0)],
    });
    await phone.pull();
    await laptop.push({ plans: [deletion('p', T0 + 1)] });
    for (const path of ['/plans', '/sessions', '/cards']) {
      expect([path, await laptop.list(path)]).toEqual([path, []]);
    }
    const edit = await phone.push({ sessions: [session('s', 'p', T0 + 2, { notes: 'late' })] });
    expect(edit.rejected).toEqual([]);
    expect((await laptop.push({})).sessions[0]?.data?.notes).toBe('late');
  });
});

describe('a bad delta', () => {
  it('is rejected by itself: the others are stored', async () => {
    const [laptop, phone] = twoDevices();
    const answer = await laptop.push({
      plans: [
        plan('good', T0),
        { action: 'rename', id: 'bad', updated_at: T0 },
        plan('also-good', T0),
      ],
      sessions: [session('orphan', 'nowhere', T0), session('child', 'good', T0)],
    });
    expect(answer.rejected).toMatchObject([
      { index: 1, collection: 'plans', id: 'bad', code: 'invalid_action' },
      { index: 0, collection: 'sessions', id: 'orphan', code: 'parent_missing' },
    ]);
    const pulled = await phone.pull();
    expect(idsOf(pulled.plans)).toEqual(['good', 'also-good']);
    expect(idsOf(pulled.sessions)).toEqual(['child']);
  });

  it('of a missing column names it', async () => {
    const [laptop] = twoDevices();
    const answer = await laptop.push({
      plans: [{ action: 'create', id: 'p', data: { title: 'x' }, updated_at: T0 }],
    });
    expect(codes(answer)).toEqual(['missing_column']);
    expect(answer.rejected[0]?.message).toContain('status');
  });
});

describe('history', () => {
  it('lists what was overwritten, newest first, by pages', async () => {
    const [laptop] = twoDevices();
    for (let at = 0; at < 6; at += 1) await laptop.push({ plans: [titled(`v${at}`, T0 + at)] });
    const first = await laptop.get('/history?limit=3');
    const page = await first.json<Version[]>();
    expect(page.map(({ data }) => data.title)).toEqual(['v4', 'v3', 'v2']);
    const link = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] as string;
    const rest = await laptop.get(link);
    expect((await rest.json<Version[]>()).map(({ data }) => data.title)).toEqual(['v1', 'v0']);
    expect(rest.headers.get('link')).toBeNull();
  });

  it('of one record, with who wrote it and why it went', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [titled('first', T0), titled('other', T0, 'q')] });
    await phone.push({ plans: [titled('second', T0 + 1)] });
    await laptop.push({ plans: [titled('too late', T0)], cursor: laptop.cursor });
    const versions = await phone.list<Version>('/history?collection=plans&id=p');
    expect(versions).toMatchObject([
      { record_id: 'p', data: { title: 'too late' }, device: 'laptop', reason: 'lost' },
      { record_id: 'p', data: { title: 'first' }, device: 'laptop', reason: 'overwritten' },
    ]);
  });

  it('restores a version as the newest, for every device', async () => {
    const [laptop, phone] = twoDevices();
    await laptop.push({ plans: [titled('good', T0)] });
    await laptop.push({ plans: [titled('bad', T0 + 1)] });
    await phone.pull();
    const [version] = await phone.list<Version>('/history');
    const restored = await phone.post(`/history/${version?.id}/restore`, null);
    expect(restored.status).toBe(200);
    expect(await restored.json()).toMatchObject({ collection: 'plans', id: 'p' });
    for (const device of [laptop, phone]) {
      expect((await device.push({})).plans.map(({ data }) => data?.title)).toEqual(['good']);
    }
    expect((await phone.list<Version>('/history'))[0]?.data.title).toBe('bad');
  });

  it('restores what was deleted', async () => {
    const [laptop] = twoDevices();
    await laptop.push({ plans: [titled('back', T0)] });
    await laptop.push({ plans: [deletion('p', Date.now() + 1000)] });
    const [version] = await laptop.list<Version>('/history');
    expect((await laptop.post(`/history/${version?.id}/restore`, null)).status).toBe(200);
    expect(await titleOf(laptop.user)).toBe('back');
  });

  it('is the own one only: an entry of another user is not found', async () => {
    const [laptop] = twoDevices();
    await laptop.push({ plans: [titled('a', T0), titled('b', T0 + 1)] });
    const [version] = await laptop.list<Version>('/history');
    const stranger = new Device(newUser());
    expect(await stranger.list('/history')).toEqual([]);
    const response = await stranger.post(`/history/${version?.id}/restore`, null);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: 'not_found' });
  });
});
