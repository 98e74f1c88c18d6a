// What the server refuses, and answers that no server of Tidemark sends.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { code, Harness, refusal, viewOf } from './harness.ts';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

describe('what the server refuses', () => {
  it('401 signs the client out until there is another token', async () => {
    let token = 'old';
    h.network.refuse = (given) => (given === 'new' ? null : refusal(401, 'invalid_token'));
    const client = await h.open({ live: false, token: () => token });
    await h.world.pass(1_000);
    expect(client.state).toMatchObject({ phase: 'signed_out' });
    expect(client.state.lastError?.code).toBe('invalid_token');
    await client.collection('plans').put('p1', { title: 'kept' });
    await h.world.pass(600_000);
    expect(h.server.requests).toBe(0);
    token = 'new';
    await h.world.pass(31_000);
    expect(client.state).toMatchObject({ phase: 'idle', pending: 0 });
    expect(h.server.view()).toEqual({ 'plans/p1': { title: 'kept' } });
  });

  it('a socket that is closed with 4401 signs it out, and a call of sync tries again', async () => {
    const client = await h.open();
    await h.world.pass(1_000);
    h.network.cut(4401);
    await h.world.pass(100_000);
    expect(client.state.phase).toBe('signed_out');
    expect(h.network.open.size).toBe(0);
    await h.world.until(client.sync());
    await h.world.pass(1_000);
    expect(client.state.phase).toBe('live');
  });

  it('429 is waited out as long as it says', async () => {
    const client = await h.open({ live: false });
    await h.world.until(client.sync());
    let asked = 0;
    h.network.refuse = () => {
      asked += 1;
      return refusal(429, 'rate_limited', { 'retry-after': '120' });
    };
    expect(await code(h.world.until(client.sync()))).toBe('rate_limited');
    expect(await code(client.sync())).toBe('rate_limited');
    await client.collection('plans').put('p1', { title: 'waits' });
    await h.world.pass(119_000);
    expect(asked).toBe(1);
    h.network.refuse = () => null;
    await h.world.pass(2_000);
    expect(client.state.pending).toBe(0);
  });

  it('a socket that was too fast waits a minute', async () => {
    await h.open();
    await h.world.pass(1_000);
    h.network.cut(4429);
    await h.world.pass(59_000);
    expect(h.network.open.size).toBe(0);
    await h.world.pass(3_000);
    expect(h.network.open.size).toBe(1);
  });

  it('a cursor that the server does not know is forgotten', async () => {
    const client = await h.open({ live: false });
    await client.collection('plans').put('p1', { title: 'Rust' });
    await h.world.until(client.sync());
    let times = 1;
    h.network.refuse = () => (times-- > 0 ? refusal(400, 'invalid_cursor') : null);
    await h.world.until(client.sync());
    expect(h.network.posts.at(-1)?.body).toEqual({ cursor: null });
    expect(viewOf(client)).toEqual({ 'plans/p1': { title: 'Rust' } });
  });

  it('a push that is too large is sent in parts', async () => {
    const client = await h.open({ live: false });
    await h.world.until(client.sync());
    await client.transaction((tx) => {
      for (let i = 0; i < 9; i++) tx.collection('plans').put(`p${i}`, { title: `${i}` });
    });
    let refused = 0;
    h.network.refuse = (_, { plans }) => {
      if (!Array.isArray(plans) || plans.length <= 2) return null;
      refused += 1;
      return refusal(413, 'answer_too_large');
    };
    await h.world.until(client.sync());
    expect(refused).toBe(2); // nine, then four, then two
    expect(Object.keys(h.server.view())).toHaveLength(9);
  });

  it('a refused edit can be seen, retried and dismissed', async () => {
    const client = await h.open();
    await client.collection('plans').put('p1', { title: 'Rust', bad: true });
    await client.collection('sessions').put('s1', { plan_id: 'later' });
    await h.world.until(client.sync());
    expect(viewOf(client)).toEqual({});
    expect(client.state.rejected).toBe(2);
    const [plan, session] = client.rejected.list();
    expect(plan).toMatchObject({ collection: 'plans', id: 'p1', code: 'invalid_column' });
    expect(session).toMatchObject({ code: 'parent_missing', data: { plan_id: 'later' } });
    await client.rejected.dismiss(plan?.number ?? 0);
    await client.collection('plans').put('later', { title: 'Later' });
    await client.rejected.retry(session?.number ?? 0);
    await h.world.until(client.sync());
    expect(client.rejected.list()).toEqual([]);
    expect(viewOf(client)).toEqual(h.server.view());
    expect(await code(client.rejected.retry(99))).toBe('not_found');
  });

  it('an edit that loses is told as a conflict', async () => {
    const a = await h.open({ device: 'a', live: false });
    const b = await h.open({ device: 'b', live: false });
    await h.world.until(Promise.all([a.sync(), b.sync()]));
    h.network.up = false;
    await a.collection('plans').put('p1', { title: 'earlier' });
    await h.world.pass(1_000);
    await b.collection('plans').put('p1', { title: 'later' });
    h.network.up = true;
    await h.world.until(b.sync());
    await h.world.until(a.sync());
    expect(viewOf(a)).toEqual({ 'plans/p1': { title: 'later' } });
    expect(a.conflicts).toMatchObject([{ collection: 'plans', id: 'p1', code: 'lost' }]);
  });
});

describe('answers that no server of Tidemark sends', () => {
  const good = { cursor: '1.1', server_time: 1, plans: [] };
  const row = { action: 'update', id: 'x', updated_at: 5, counter: 0, data: {} };
  it.each([
    ['cut JSON', '{"cursor":"1.1","pla'],
    ['a page of HTML', '<html>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no cursor', { ...good, cursor: undefined }],
    ['a cursor of another type', { ...good, cursor: 7 }],
    ['no time', { ...good, server_time: 'now' }],
    ['a row that is null', { ...good, plans: [null] }],
    ['a row without an id', { ...good, plans: [{ ...row, id: 3 }] }],
    ['a row with a broken stamp', { ...good, plans: [{ ...row, updated_at: -1 }] }],
    ['a row with a wild counter', { ...good, plans: [{ ...row, counter: 2 ** 40 }] }],
    ['a row with an unknown action', { ...good, plans: [{ ...row, action: 'drop' }] }],
    ['a row whose data is text', { ...good, plans: [{ ...row, data: 'x' }] }],
    ['an owner with a space', { ...good, plans: [{ ...row, owner: 'a b' }] }],
    ['rejections that are no list', { ...good, rejected: {} }],
    ['a rejection without a code', { ...good, rejected: [{ index: 0, collection: 'plans' }] }],
  ])('%s leaves everything as it was', async (_, answer) => {
    const client = await h.open({ live: false });
    await client.collection('plans').put('p1', { title: 'Rust' });
    await h.world.until(client.sync());
    await client.collection('plans').put('p2', { title: 'pending' });
    const before = viewOf(client);
    h.network.refuse = () =>
      new Response(typeof answer === 'string' ? answer : JSON.stringify(answer));
    expect(await code(h.world.until(client.sync()))).toBe('bad_answer');
    expect(viewOf(client)).toEqual(before);
    expect(client.state.pending).toBe(1);
    h.network.refuse = () => null;
    await h.world.until(client.sync());
    expect(viewOf(client)).toEqual(h.server.view());
  });

  it.each([
    ['no JSON', 'x'],
    ['no object', '5'],
    ['a broadcast without rows', '{"type":"changes","since":"1.0","cursor":4}'],
    ['an answer nobody waits for, then garbage', '{"type":"ack","request":99}\u0000'],
  ])('a frame that is %s ends the socket, and no more', async (_, frame) => {
    const client = await h.open();
    await client.collection('plans').put('p1', { title: 'Rust' });
    await h.world.pass(1_000);
    const [socket] = h.network.open;
    socket?.hear(frame);
    await h.world.pass(50);
    expect(h.network.open.has(socket as never)).toBe(false);
    await h.world.pass(60_000);
    expect(client.state.phase).toBe('live');
    expect(viewOf(client)).toEqual({ 'plans/p1': { title: 'Rust' } });
  });
});
