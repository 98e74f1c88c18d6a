// Event logs through the real Worker and object, in workerd (docs/events.md).

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import worker from '../../worker/index.ts';
import { send } from '../clients.ts';
import { signToken } from '../tokens.ts';
import { logOf, type Message, Peer, upgrade } from './sockets.ts';

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);
const sequencesOf = (entries: { sequence: number }[]) => entries.map(({ sequence }) => sequence);

describe('a log', () => {
  it('takes writes and sends them to those who follow the key, and to no other', async () => {
    const [writer, reader, other] = await Promise.all(['', '', ''].map(() => Peer.open('fan-out')));
    reader?.request('key', 0);
    other?.request('another', 0);
    writer?.request('key', 0);
    expect(await writer?.write('key', [1, 2, 3])).toEqual([1, 2, 3]);
    expect(sequencesOf((await reader?.entries(3)) ?? [])).toEqual([1, 2, 3]);
    expect(await other?.rest()).toEqual([]);
    expect(await writer?.rest()).toEqual([]);
  });

  it('keeps its id, its entries and its subscriptions when its object is evicted', async () => {
    const stub = logOf('evicted');
    const first = new Peer(await upgrade('/eventlog/evicted'));
    const { remoteId } = await first.next();
    first.request('key', 1);
    const writer = await Peer.open('evicted');
    await writer.write('key', [1, 2]);
    await first.entries(2);
    await evictDurableObject(stub);
    expect(await writer.write('key', [3])).toEqual([3]);
    expect(sequencesOf(await first.entries(1))).toEqual([3]);
    const late = new Peer(await upgrade('/eventlog/evicted'));
    expect((await late.next()).remoteId).toEqual(remoteId);
    late.request('key', 1);
    expect(sequencesOf(await late.entries(3))).toEqual([1, 2, 3]);
  });

  it('sends a backlog of many pages, and what is written meanwhile after it', async () => {
    const writer = await Peer.open('backlog');
    for (let i = 0; i < 20; i++) await writer.write('key', range(i * 10, i * 10 + 9), 10_000);
    const late = await Peer.open('backlog');
    late.request('key', 1);
    const live = writer.write('key', range(1000, 1009), 10);
    expect(sequencesOf(await late.entries(210))).toEqual(range(1, 210));
    await live;
    expect(await late.rest()).toEqual([]);
  });

  it('answers pings, and stops on request', async () => {
    const peer = await Peer.open('pings');
    peer.send({ _tag: 'Ping', id: 7 });
    expect(await peer.next()).toEqual({ _tag: 'Pong', id: 7 });
    peer.request('key', 1);
    peer.send({ _tag: 'StopChanges', publicKey: 'key' });
    const writer = await Peer.open('pings');
    await writer.write('key', [1]);
    expect(await peer.rest()).toEqual([]);
    peer.close();
    await peer.closed;
    await runInDurableObject(logOf('pings'), (_, state) => {
      const rows = (table: string) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray();
      expect(rows('event_subscription')).toEqual([]);
      expect(rows('event_socket')).toHaveLength(1);
    });
  });

  it('closes who sends garbage, with a reason, and goes on for all others', async () => {
    const writer = await Peer.open('garbage');
    const cases: [string | Uint8Array | Message, number, string][] = [
      ['text', 1003, 'text_frame'],
      [new Uint8Array([0xc1, 1, 2]), 1007, 'invalid_frame'],
      [new Uint8Array([0xdf, 0x80, 0, 0, 0]), 1007, 'invalid_frame'],
      [{ _tag: 'Nonsense' }, 1007, 'invalid_frame'],
      [new Uint8Array((1 << 20) + 1), 1009, 'frame_too_large'],
    ];
    for (const [frame, code, reason] of cases) {
      const bad = await Peer.open('garbage');
      bad.send(frame);
      const closed = await bad.closed;
      expect([closed.code, closed.reason.split(':')[0]]).toEqual([code, reason]);
    }
    expect(await writer.write('key', [1])).toEqual([1]);
  });
});

describe('who may come', () => {
  const bearer = async (claims: Record<string, unknown>) => ({
    authorization: `Bearer ${await signToken('user-1', claims)}`,
  });

  it('is asked for a credential once a token is configured', async () => {
    const closed = { ...env, SYNC_AUTH_TOKEN: 'sesame' };
    const ask = (path: string, headers: Record<string, string> = {}) =>
      worker.fetch(
        new Request(`https://tidemark.test${path}`, {
          headers: { upgrade: 'websocket', ...headers },
        }),
        closed,
        { waitUntil() {}, passThroughOnException() {}, props: {} } as unknown as ExecutionContext,
      );
    expect((await ask('/eventlog/gate')).status).toBe(401);
    expect((await ask('/eventlog/gate', { authorization: 'Bearer sesam' })).status).toBe(401);
    expect((await ask('/eventlog/gate', { authorization: 'Bearer sesame' })).status).toBe(101);
    const browser = await ask('/eventlog/gate', {
      'sec-websocket-protocol': 'tidemark, bearer.sesame',
    });
    expect(browser.status).toBe(101);
    expect(browser.headers.get('sec-websocket-protocol')).toBe('tidemark');
    const production = { ...env, ENVIRONMENT: 'production', JWT_SECRET: undefined };
    const context = { waitUntil() {}, passThroughOnException() {}, props: {} };
    const shut = await worker.fetch(
      new Request('https://tidemark.test/eventlog', { headers: { upgrade: 'websocket' } }),
      production as unknown as typeof env,
      context as unknown as ExecutionContext,
    );
    expect(shut.status).toBe(503);
    expect(await shut.json()).toMatchObject({ error: 'events_not_configured' });
    const health = await worker.fetch(
      new Request('https://tidemark.test/health'),
      production as unknown as typeof env,
      context as unknown as ExecutionContext,
    );
    expect(await health.json()).toMatchObject({
      status: 'degraded',
      problems: { events: expect.stringContaining('SYNC_AUTH_TOKEN') },
    });
  });

  it('is let into the tenant of its token, and no other', async () => {
    const own = await bearer({ tenant: 'team' });
    expect((await upgrade('/eventlog/team', own)).status).toBe(101);
    expect((await upgrade('/eventlog/another', own)).status).toBe(403);
    expect((await upgrade('/eventlog', own)).status).toBe(403);
    expect((await upgrade('/', await bearer({}))).status).toBe(101);
    expect((await upgrade('/eventlog/team', { authorization: 'Bearer x.y.z' })).status).toBe(401);
  });

  it('only reads with the role viewer, or where it is asked to', async () => {
    const viewer = await bearer({ tenant: 'views', role: 'viewer' });
    for (const peer of [
      await Peer.open('views', '', viewer),
      await Peer.open('views', '?mode=view'),
    ]) {
      peer.send({
        _tag: 'WriteEntries',
        publicKey: 'key',
        id: 0,
        iv: new Uint8Array(12),
        encryptedEntries: [{ entryId: new Uint8Array(16), encryptedEntry: new Uint8Array(1) }],
      });
      const { code, reason } = await peer.closed;
      expect([code, reason.split(':')[0]]).toEqual([1008, 'read_only']);
    }
  });

  it('names one tenant, by path, header or query', async () => {
    const remote = async (path: string, headers = {}) => {
      const { remoteId } = await new Peer(await upgrade(path, headers)).next();
      return String(remoteId);
    };
    const one = await remote('/eventlog/one');
    expect(await remote('/eventlog', { 'x-tenant-id': 'one' })).toBe(one);
    expect(await remote('/eventlog?tenant=one')).toBe(one);
    expect(await remote('/?tenant=one')).toBe(one);
    expect(await remote('/eventlog/default')).toBe(await remote('/'));
    expect(await remote('/eventlog/two')).not.toBe(one);
    const conflict = await upgrade('/eventlog/one?tenant=two');
    expect([conflict.status, ((await conflict.json()) as { error: string }).error]).toEqual([
      400,
      'tenant_conflict',
    ]);
    expect((await send('/eventlog/one')).status).toBe(426);
    expect((await upgrade('/eventlog/a%20b')).status).toBe(400);
  });

  it('may be a ticket, once', async () => {
    const own = await bearer({ tenant: 'ticketed' });
    const issued = await send('/auth/ticket', { method: 'POST', headers: own });
    const { ticket } = (await issued.json()) as { ticket: string };
    const peer = await Peer.open('ticketed', `?ticket=${ticket}`);
    expect(await peer.write('key', [1])).toEqual([1]);
    expect((await upgrade(`/eventlog/ticketed?ticket=${ticket}`)).status).toBe(401);
  });

  it('is closed when its token has ended, also if it only listens', async () => {
    const soon = await bearer({ tenant: 'ending', exp: Math.floor(Date.now() / 1000) + 2 });
    const listener = await Peer.open('ending', '', soon);
    listener.request('key', 1);
    await listener.rest();
    const writer = await Peer.open('ending');
    await scheduler.wait(2_100);
    await writer.write('key', [1]);
    expect((await listener.closed).code).toBe(4401);
  });

  it('may be an access key, until it is revoked', async () => {
    const made = await send('/eventlog/keyed/keys', {
      method: 'POST',
      body: JSON.stringify({ access: 'write', label: 'a test' }),
    });
    expect(made.status).toBe(201);
    const { id, key } = (await made.json()) as { id: number; key: string };
    const list = await send('/eventlog/keyed/keys');
    expect(await list.json()).toMatchObject({ keys: [{ id, access: 'write', label: 'a test' }] });
    const peer = await Peer.open('keyed', `?key=${key}`);
    expect(await peer.write('key', [1])).toEqual([1]);
    expect((await upgrade(`/eventlog/another?key=${key}`)).status).toBe(401);
    const managing = await send(`/eventlog/keyed/keys?key=${key}`);
    expect(managing.status).toBe(403);
    expect((await send(`/eventlog/keyed/keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await peer.closed).code).toBe(1008);
    expect((await upgrade(`/eventlog/keyed?key=${key}`)).status).toBe(401);
    expect((await send(`/eventlog/keyed/keys/${id}`, { method: 'DELETE' })).status).toBe(404);
  });
});

it('an alarm that is set outlives the object, and is moved to no later time', async () => {
  const stub = logOf('alarmed');
  const alarm = () => runInDurableObject(stub, (_, state) => state.storage.getAlarm());
  const part = (id: number) =>
    ({ _tag: 'ChunkedMessage', id, part: [0, 2], data: new Uint8Array(10) }) as Message;
  const peer = await Peer.open('alarmed');
  peer.send(part(0));
  await peer.rest();
  const first = await alarm();
  expect(first).not.toBeNull();
  await evictDurableObject(stub);
  await scheduler.wait(5);
  peer.send(part(1));
  await peer.rest();
  expect(await alarm()).toBe(first);
});

it('a write of many bytes for many reaches them in pages', async () => {
  const readers = await Promise.all(Array.from({ length: 40 }, () => Peer.open('large')));
  for (const reader of readers) reader.request('key', 1);
  await Promise.all(readers.map((reader) => reader.rest()));
  const writer = await Peer.open('large');
  await writer.write('key', [1, 2], 120_000);
  await writer.write('key', [3], 10);
  for (const reader of readers) expect(sequencesOf(await reader.entries(3))).toEqual([1, 2, 3]);
});

describe('a log whose chunks stop coming', () => {
  it('closes their sender after a minute', async () => {
    const peer = await Peer.open('chunks');
    peer.send({ _tag: 'ChunkedMessage', id: 0, part: [0, 2], data: new Uint8Array(10) });
    await peer.rest();
    await runInDurableObject(logOf('chunks'), (_, state) => {
      state.storage.sql.exec('UPDATE event_chunk SET at = at - 61000');
    });
    expect(await runDurableObjectAlarm(logOf('chunks'))).toBe(true);
    const { code, reason } = await peer.closed;
    expect([code, reason.split(':')[0]]).toEqual([1008, 'chunk_timeout']);
  });
});
