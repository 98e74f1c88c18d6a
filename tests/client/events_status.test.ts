// What a connection says of itself, how it ends, and how it comes back.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectRemoteSync, type SyncStatus } from '../../client/events/index.ts';
import { codeOf, EventsHarness } from './events_harness.ts';

let harness: EventsHarness;
beforeEach(() => {
  harness = new EventsHarness();
});
afterEach(async () => {
  await harness.close();
});

describe('the status', () => {
  it('shows each state as it comes', async () => {
    harness.server.delayMs = 100;
    const a = await harness.open();
    const states: string[] = [a.sync.status.state];
    a.sync.onStatus(({ state }) => state === states.at(-1) || states.push(state));
    await harness.settle();
    await a.store.audit.record({ actor: 'a', action: 'x' });
    await harness.settle();
    harness.server.cut();
    await harness.settle();
    a.sync.disconnect();
    expect(states).toEqual([
      'connecting',
      'syncing',
      'connected',
      'syncing', // an entry is on its way
      'connected',
      'disconnected', // cut
      'connecting',
      'syncing',
      'connected',
      'disconnected', // asked for
    ]);
    expect(a.sync.status.error).toBeNull();
  });

  it('streams what it is, then each change, and ends with the client', async () => {
    const a = await harness.open();
    const seen: SyncStatus[] = [];
    const reading = (async () => {
      for await (const status of a.sync.statusStream()) seen.push(status);
    })();
    await harness.settle();
    await a.close();
    await reading;
    const states = seen.map(({ state }) => state);
    expect(states.filter((state, at) => state !== states[at - 1])).toEqual([
      'connecting',
      'syncing',
      'connected',
      'disconnected',
    ]);
  });

  it('says when the server was last heard', async () => {
    const a = await harness.open({ disablePing: false });
    expect(a.sync.status.lastSeen).toBeNull();
    await harness.settle();
    const heard = a.sync.status.lastSeen;
    expect(heard).toBeGreaterThan(1_795_000_000_000);
    await harness.world.pass(30_000);
    expect(a.sync.status.lastSeen).toBeGreaterThan((heard ?? 0) + 20_000);
  });

  it('idle resolves when all is exchanged, and rejects when the sync stops', async () => {
    const a = await harness.open();
    await a.store.audit.record({ actor: 'a', action: 'x' });
    await harness.world.until(a.sync.idle());
    expect(harness.server.log('default')).toHaveLength(1);
    harness.server.cut(4401, 'signed_out: the token has expired');
    await harness.world.pass(1_000);
    expect(await codeOf(a.sync.idle())).toBe('signed_out');
  });
});

describe('a close', () => {
  it.each([
    [1003, 'text_frame: send binary frames', 'text_frame'],
    [1007, 'invalid_frame: no message', 'invalid_frame'],
    [1008, 'read_only: this connection only reads', 'read_only'],
    [1008, 'key_bound: another key', 'key_bound'],
    [1008, 'too_many_subscriptions: 65', 'too_many_subscriptions'],
    [1009, 'entry_too_large: 2,000,000 bytes', 'entry_too_large'],
    [4401, '', 'signed_out'],
    [4409, 'cursor_expired: kept from 17', 'cursor_expired'],
  ])('of %i %s is the error %s, and the sync stops', async (closeCode, reason, code) => {
    const a = await harness.open();
    await harness.settle();
    harness.server.cut(closeCode, reason);
    await harness.world.pass(120_000);
    expect(a.sync.status).toMatchObject({ state: 'error', error: { code, closeCode } });
    expect(harness.server.urls).toHaveLength(1);
    a.sync.connect();
    await harness.settle();
    expect(a.sync.status).toMatchObject({ state: 'connected', error: null });
  });

  it.each([
    [1006, '', 'offline'],
    [1001, 'going away', 'offline'],
    [1008, 'chunk_timeout: 30 s', 'chunk_timeout'],
    [1011, 'internal: a bug', 'internal'],
    [1012, 'restarted: wiped', 'restarted'],
    [1013, 'busy: too many', 'busy'],
  ])('of %i %s is the error %s, and it comes back by itself', async (closeCode, reason, code) => {
    const a = await harness.open();
    await harness.settle();
    const errors: (string | undefined)[] = [];
    a.sync.onStatus(({ error }) => errors.push(error?.code));
    harness.server.cut(closeCode, reason);
    await harness.settle();
    expect(errors).toContain(code);
    expect(harness.server.urls).toHaveLength(2);
  });

  it('for a cursor that is too old stops, until it is told where to go on', async () => {
    const a = await harness.open();
    for (const action of ['1', '2', '3']) await a.store.audit.record({ actor: 'a', action });
    await harness.settle();
    harness.server.kept = 3;
    harness.server.log('default').splice(0, 2);
    const b = await harness.open();
    await harness.world.pass(60_000);
    expect(b.sync.status).toMatchObject({ state: 'error', error: { code: 'cursor_expired' } });
    b.sync.requestFrom(3);
    b.sync.connect();
    await harness.settle();
    expect(b.store.audit.list().items.map(({ action }) => action)).toEqual(['3']);
    expect(b.sync.status.missing).toBe(0);
  });
});

describe('a reconnection', () => {
  it('waits longer each time, with chance in it, and at most half a minute', async () => {
    harness.server.up = false;
    await harness.open();
    const times: number[] = [];
    let known = 1;
    for (let passed = 0; passed < 600_000; passed += 50) {
      await harness.world.pass(50);
      if (harness.server.urls.length > known) times.push(passed);
      known = harness.server.urls.length;
    }
    const waits = times.map((at, index) => at - (times[index - 1] ?? 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_100);
    expect(waits.slice(0, 3).every((wait) => wait <= 2_100)).toBe(true);
    expect(new Set(waits.slice(-10)).size).toBeGreaterThan(5);
    expect(times.length).toBeLessThan(100);
  });

  it('happens when the server does not greet', async () => {
    harness.server.tamper = (message) => (message._tag === 'Hello' ? null : message);
    const a = await harness.open({ timeout: 4_000 });
    await harness.world.pass(3_900);
    expect(a.sync.status.state).toBe('connecting');
    await harness.world.pass(200);
    expect(a.sync.status.error?.code).toBe('timed_out');
    harness.server.tamper = (message) => message;
    await harness.settle();
  });

  it('happens when a ping is not answered', async () => {
    const a = await harness.open({ disablePing: false });
    await harness.settle();
    await harness.world.pass(60_000);
    expect(harness.server.urls).toHaveLength(1);
    const ids = harness.server.heard.filter(({ _tag }) => _tag === 'Ping').map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, at) => at + 1));
    expect(ids.length).toBeGreaterThanOrEqual(5);
    harness.server.pongs = false;
    const errors: (string | undefined)[] = [];
    a.sync.onStatus(({ error }) => errors.push(error?.code));
    await harness.world.pass(21_000);
    expect(errors).toContain('timed_out');
    expect(harness.server.urls).toHaveLength(2);
  });

  it('does not happen while the Pong waits behind other messages', async () => {
    const a = await harness.open({ disablePing: false });
    const b = await harness.open();
    await harness.settle();
    harness.server.pongs = false;
    for (let turn = 0; turn < 10; turn += 1) {
      await b.store.audit.record({ actor: 'b', action: `${turn}` });
      await harness.world.pass(6_000);
    }
    expect(harness.server.urls).toHaveLength(2);
    expect(a.store.audit.list().items).toHaveLength(10);
  });

  it('without pings needs none for an hour', async () => {
    harness.server.pongs = false;
    await harness.open();
    await harness.settle();
    await harness.world.pass(3_600_000);
    expect(harness.server.urls).toHaveLength(1);
    expect(harness.server.tags()).not.toContain('Ping');
    // A dead socket shows itself when something is sent: the changes are asked for now and then.
    const asked = harness.server.tags().filter((tag) => tag === 'RequestChanges').length;
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(20);
  });

  it.each([
    ['text', 'hello'],
    ['no MessagePack', new Uint8Array([0xc1]).buffer],
    ['no message', new Uint8Array([0x80]).buffer],
    ['a frame with more behind it', new Uint8Array([0x80, 0x80]).buffer],
  ])('follows a frame that is %s', async (_, data) => {
    const a = await harness.open();
    await harness.settle();
    const codes: (string | undefined)[] = [];
    a.sync.onStatus(({ error }) => codes.push(error?.code));
    for (const socket of harness.server.sockets) socket.sayRaw(data);
    await harness.settle();
    expect(codes).toContain('bad_frame');
    expect(harness.server.urls).toHaveLength(2);
  });

  it('happens at once when connect is called', async () => {
    harness.server.up = false;
    const a = await harness.open();
    await harness.world.pass(200_000);
    harness.server.up = true;
    const before = harness.server.urls.length;
    a.sync.connect();
    await harness.world.pass(10);
    expect(harness.server.urls).toHaveLength(before + 1);
    await harness.settle();
  });

  it('does not happen after close', async () => {
    const a = await harness.open();
    await harness.settle();
    await a.close();
    await harness.world.pass(600_000);
    expect(harness.server.urls).toHaveLength(1);
    expect(harness.server.sockets.size).toBe(0);
    expect(harness.world.waiting).toEqual([]);
    a.sync.connect();
    await harness.world.pass(1_000);
    expect(harness.server.urls).toHaveLength(1);
  });
});

describe('credentials', () => {
  it('go as a subprotocol where headers cannot be set', async () => {
    await harness.open({ auth: { token: 'T' } });
    await harness.settle();
    expect(harness.server.protocols).toEqual([['tidemark', 'bearer.T']]);
    expect(harness.server.urls[0]).not.toContain('T');
  });

  it('that are functions are asked anew for each connection', async () => {
    let tickets = 0;
    let tokens = 0;
    const a = await harness.open({
      tenant: 'acme',
      auth: { ticket: async () => `t${++tickets}`, token: () => `k${++tokens}` },
    });
    await harness.settle();
    harness.server.cut(4401, 'signed_out: expired');
    await harness.settle();
    expect(harness.server.urls).toEqual([
      'ws://server.test/eventlog/acme?ticket=t1',
      'ws://server.test/eventlog/acme?ticket=t2',
    ]);
    expect(harness.server.protocols.map(([, token]) => token)).toEqual(['bearer.k1', 'bearer.k2']);
    expect(a.sync.status.state).toBe('connected');
  });

  it('that a function does not have stop nothing but this attempt', async () => {
    const token = vi.fn(async () => 'T').mockRejectedValueOnce(new Error('no network'));
    const a = await harness.open({ auth: { token } });
    await harness.world.pass(0);
    expect(a.sync.status).toMatchObject({ state: 'disconnected', error: { code: 'offline' } });
    await harness.settle();
    expect(harness.server.urls).toHaveLength(1);
  });

  it('an access key goes in the address', async () => {
    await harness.open({ url: 'https://server.test/', auth: { key: 'K' }, tenant: 'acme' });
    await harness.settle();
    expect(harness.server.urls).toEqual(['wss://server.test/eventlog/acme?key=K']);
  });
});

describe('without a server', () => {
  it('a log that is not enabled stays on its device', async () => {
    const a = await connectRemoteSync({ enabled: false, encryption: { enabled: false } });
    await a.store.audit.record({ actor: 'a', action: 'x' });
    expect(a.store.audit.list().items).toHaveLength(1);
    expect(a.sync.status.state).toBe('disconnected');
    await a.close();
  });

  it('a runtime without a WebSocket says so in the status', async () => {
    vi.stubGlobal('WebSocket', undefined);
    try {
      const process = harness.process();
      const a = await connectRemoteSync({ url: 'ws://server.test', ...process.platform });
      await harness.world.pass(0);
      expect(a.sync.status).toMatchObject({ state: 'error', error: { code: 'no_websocket' } });
      await a.close();
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
