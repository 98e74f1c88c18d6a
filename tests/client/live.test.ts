// Devices that hear of each other, by sockets and without, and connections that end.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { code, Harness, viewOf } from './harness.ts';
import { Process } from './world.ts';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

describe('two clients', () => {
  it('converge live, without asking', async () => {
    const [a, b] = [await h.open({ device: 'a' }), await h.open({ device: 'b' })];
    await h.world.pass(1_000);
    expect([a.state.phase, b.state.phase]).toEqual(['live', 'live']);
    const posts = h.network.posts.length;
    await a.collection('plans').put('p1', { title: 'Rust' });
    await h.world.pass(100);
    expect(viewOf(b)).toEqual({ 'plans/p1': { title: 'Rust' } });
    await b.collection('plans').update('p1', { status: 'done' });
    await h.world.pass(100);
    expect(viewOf(a)).toEqual({ 'plans/p1': { title: 'Rust', status: 'done' } });
    expect(h.network.posts).toHaveLength(posts);
  });

  it('ask for what is missing when a frame was lost', async () => {
    const [a, b] = [await h.open({ device: 'a' }), await h.open({ device: 'b' })];
    await h.world.pass(1_000);
    h.network.tamper = (frame) => (frame.includes('"since"') ? null : frame);
    await a.collection('plans').put('p1', { title: 'lost on the way' });
    await h.world.pass(100);
    expect(viewOf(b)).toEqual({});
    h.network.tamper = (frame) => frame;
    await a.collection('plans').put('p2', { title: 'heard' });
    await h.world.pass(100);
    expect(viewOf(b)).toEqual(viewOf(a));
  });

  it('pull what a frame does not hold', async () => {
    const [a, b] = [await h.open({ device: 'a' }), await h.open({ device: 'b' })];
    await h.world.pass(1_000);
    h.server.pageRows = 2;
    await a.transaction((tx) => {
      for (let i = 0; i < 7; i++) tx.collection('plans').put(`p${i}`, { title: `${i}` });
    });
    await h.world.pass(200);
    expect(Object.keys(viewOf(b))).toHaveLength(7);
    expect(b.state.phase).toBe('live');
  });

  it('converge by polling where no socket can be had', async () => {
    h.network.sockets = false;
    const [a, b] = [await h.open({ device: 'a' }), await h.open({ device: 'b' })];
    await h.world.pass(1_000);
    await a.collection('plans').put('p1', { title: 'Rust' });
    await h.world.pass(31_000);
    expect(viewOf(b)).toEqual({ 'plans/p1': { title: 'Rust' } });
    h.network.sockets = true;
    await h.world.pass(120_000);
    expect([a.state.phase, b.state.phase]).toEqual(['live', 'live']);
  });

  it('see each other’s presence, and that it ends', async () => {
    const [a, b] = [await h.open({ device: 'a' }), await h.open({ device: 'b' })];
    await h.world.pass(1_000);
    a.presence.set({ at: 'plan-1' });
    await h.world.pass(100);
    expect([...b.presence.peers]).toEqual([['a', { at: 'plan-1' }]]);
    const told: number[] = [];
    b.presence.subscribe((peers) => told.push(peers.size));
    h.network.cut(1012);
    await h.world.pass(50);
    expect(told).toEqual([1, 0]);
    expect(() => a.presence.set('x'.repeat(2_100))).toThrow(/2048/);
  });
});

describe('a lost connection', () => {
  it('falls back to HTTP, comes back live, and loses nothing', async () => {
    const [a, b] = [await h.open({ device: 'a' }), await h.open({ device: 'b' })];
    await h.world.pass(1_000);
    h.network.up = false;
    h.network.cut(1006);
    await a.collection('plans').put('p1', { title: 'offline' });
    await h.world.pass(60_000);
    expect(a.state).toMatchObject({ phase: 'offline', pending: 1 });
    expect(a.state.lastError?.code).toBe('offline');
    expect(await code(h.world.until(a.sync()))).toBe('offline');
    h.network.up = true;
    await h.world.pass(180_000);
    expect(a.state).toMatchObject({ phase: 'live', pending: 0, lastError: null });
    expect(viewOf(b)).toEqual({ 'plans/p1': { title: 'offline' } });
  });

  it('is noticed by a ping that stays unanswered', async () => {
    const client = await h.open();
    await h.world.pass(1_000);
    expect(client.state.phase).toBe('live');
    const [socket] = h.network.open;
    h.network.tamper = () => null;
    await h.world.pass(61_000);
    expect(socket?.sent.filter((text) => text === 'ping').length).toBeGreaterThan(0);
    expect(h.network.open.has(socket as never)).toBe(false);
  });

  it('gives an answer up in time, and sends the same again', async () => {
    const client = await h.open({ live: false, device: 'a', timeout: 5_000 });
    await h.world.until(client.sync());
    await client.collection('plans').put('p1', { title: 'Rust' });
    h.network.weather = { loss: 0, doubled: 0, delayMs: 60_000 };
    expect(await code(h.world.until(client.sync()))).toBe('timed_out');
    h.network.weather = { loss: 0, doubled: 0, delayMs: 5 };
    await h.world.pass(200_000);
    expect(client.state.pending).toBe(0);
    const stamps = h.network.posts
      .flatMap(({ body }) => (body.plans ?? []) as { updated_at: number }[])
      .map(({ updated_at }) => updated_at);
    expect(stamps.length).toBeGreaterThan(1);
    expect(new Set(stamps).size).toBe(1);
  });

  it('waits longer each time, and not all clients alike', async () => {
    h.network.up = false;
    const client = await h.open({ live: false });
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      await h.world.pass(20);
      const [wait = 0] = h.world.waiting;
      waits.push(wait);
      expect(client.state.phase).toBe('offline');
      await h.world.pass(wait);
    }
    expect(Math.max(...waits.slice(0, 2))).toBeLessThan(1_500);
    expect(Math.max(...waits.slice(4))).toBeGreaterThan(3_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
  });
});

describe('sockets', () => {
  it('carry the token as a subprotocol, and the device in the address', async () => {
    await h.open({ device: 'phone', token: () => 'abc' });
    await h.world.pass(1_000);
    const [socket] = h.network.open;
    expect(socket).toMatchObject({ device: 'phone', protocols: ['tidemark', 'bearer.abc'] });
  });

  it('are followed by one HTTP exchange where a frame is too small', async () => {
    const client = await h.open();
    await h.world.pass(1_000);
    const posts = h.network.posts.length;
    h.network.tamper = (frame) => {
      const { type, request } = JSON.parse(frame);
      if (type !== 'ack') return frame;
      return JSON.stringify({ type: 'error', request, code: 'frame_too_large', status: 413 });
    };
    await client.collection('plans').put('p1', { title: 'large' });
    await h.world.pass(100);
    expect(h.network.posts.length).toBe(posts + 1);
    expect(client.state).toMatchObject({ phase: 'live', pending: 0 });
  });

  it('take records of 700,000 bytes and more by HTTP', async () => {
    const client = await h.open();
    await h.world.pass(1_000);
    const posts = h.network.posts.length;
    await client.collection('plans').put('p1', { title: 'x'.repeat(750_000) });
    await client.collection('plans').put('p2', { title: 'small' });
    await h.world.pass(100);
    expect(h.network.posts.length).toBe(posts + 1);
    expect(Object.keys(h.server.view())).toHaveLength(2);
  });
});

describe('a device whose clock is wrong', () => {
  it.each([-3_600_000, 3_600_000])(
    'by %i ms gets no more and no less right than others',
    async (skew) => {
      const wrong = await h.open({ device: 'wrong', live: false }, new Process(h.world, skew));
      const right = await h.open({ device: 'right', live: false });
      await wrong.collection('plans').put('p1', { title: 'first, by the wrong clock' });
      await h.world.until(wrong.sync());
      await h.world.until(right.sync());
      await right.collection('plans').put('p1', { title: 'then by the right' });
      await h.world.until(right.sync());
      await h.world.until(wrong.sync());
      expect(viewOf(wrong)).toEqual({ 'plans/p1': { title: 'then by the right' } });
      await h.world.pass(5_000);
      await wrong.collection('plans').put('p1', { title: 'and by the wrong again' });
      await h.world.until(wrong.sync());
      await h.world.until(right.sync());
      expect(viewOf(right)).toEqual({ 'plans/p1': { title: 'and by the wrong again' } });
    },
  );
});
