// The event log's client (client/events) over the real Worker and object.

import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { expect, it, onTestFinished, vi } from 'vitest';
import { EventsError } from '../../client/events/errors.ts';
import { exportIdentity, generateIdentity } from '../../client/events/identity.ts';
import {
  connectRemoteSync,
  type RemoteSync,
  type RemoteSyncOptions,
} from '../../client/events/runtime.ts';
import { pingMs } from '../../client/events/sync/connection.ts';
import { layerWebSocketWorker } from '../../client/events/sync/sockets.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { Process, World } from '../client/world.ts';
import { signToken } from '../tokens.ts';

let tenants = 0;
const newTenant = () => `client-${++tenants}`;
const newKey = () => ({ enabled: true, identityKey: exportIdentity(generateIdentity()) });

async function open(options: Partial<RemoteSyncOptions>): Promise<RemoteSync> {
  const client = await connectRemoteSync({
    url: 'https://tidemark.test',
    WebSocket: layerWebSocketWorker({
      fetch: (url, init) => exports.default.fetch(url, init),
    }),
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

const contents = ({ store }: RemoteSync) =>
  store.artifacts.list({ limit: 1e9 }).items.map(({ id, content }) => [id, content]);
const artifact = (id: string, content: string | Uint8Array) => ({
  id,
  name: id,
  type: 'text/plain',
  content,
});
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error) => (error instanceof EventsError ? error.code : String(error)),
  );

it('two devices that write at once end equal, and a reader with them', async () => {
  const shared = { tenant: newTenant(), encryption: newKey() };
  const [a, b] = [await open(shared), await open(shared)];
  const viewer = await open({ ...shared, mode: 'view' });
  for (let turn = 0; turn < 15; turn += 1) {
    await a.store.artifacts.put(artifact(`${turn % 4}`, `a${turn}`));
    await b.store.artifacts.put(artifact(`${turn % 4}`, `b${turn}`));
  }
  await a.store.chat.write({ session: 's', role: 'user', content: 'hello', id: 'm' });
  await Promise.all([a.sync.idle(), b.sync.idle()]);
  await vi.waitFor(() => {
    for (const one of [a, b, viewer]) expect(one.sync.status.sequence).toBe(31);
  });
  expect(contents(a)).toEqual(contents(b));
  expect(contents(viewer)).toEqual(contents(a));
  expect(viewer.store.chat.get('s', 'm')?.content).toBe('hello');
  for (const { sync } of [a, b, viewer]) {
    expect(sync.status).toMatchObject({ error: null, missing: 0, undecryptable: 0, pending: 0 });
  }
});

it('a reader with another key sees how much there is, and nothing of it', async () => {
  const encryption = newKey();
  const tenant = newTenant();
  const a = await open({ tenant, encryption });
  await a.store.audit.record({ actor: 'ada', action: 'secret' });
  await a.sync.idle();
  const publicKey = a.publicKey;
  const viewer = await open({ tenant, mode: 'view', publicKey });
  const seen: unknown[] = [];
  viewer.sync.subscribe((arrivals) => seen.push(...arrivals));
  await vi.waitFor(() => expect(viewer.sync.status.undecryptable).toBe(1));
  expect(seen).toMatchObject([{ sequence: 1, record: null }]);
  expect(viewer.store.audit.list().items).toEqual([]);
});

it('what was acknowledged outlives the object, and is not sent again', async () => {
  const journal = memoryStore();
  const tenant = newTenant();
  const shared = { tenant, encryption: newKey() };
  const first = await open({ ...shared, journal });
  await first.store.audit.record({ actor: 'a', action: '1' });
  await first.sync.idle();
  const { remoteId } = first.sync.status;
  await evictDurableObject(env.EVENTS.get(env.EVENTS.idFromName(tenant)));
  await first.store.audit.record({ actor: 'a', action: '2' });
  await first.sync.idle();
  await first.close();
  const again = await open({ ...shared, journal });
  await again.sync.idle();
  const other = await open(shared);
  await vi.waitFor(() => expect(other.store.audit.list().items).toHaveLength(2));
  expect(again.sync.status).toMatchObject({ remoteId, sequence: 2, pending: 0 });
});

it('comes back by itself after the runtime ended, and loses nothing', async () => {
  const shared = { tenant: newTenant(), encryption: newKey() };
  const a = await open(shared);
  await a.store.audit.record({ actor: 'a', action: 'before' });
  await a.sync.idle();
  await abortAllDurableObjects();
  await a.store.audit.record({ actor: 'a', action: 'after' });
  await vi.waitFor(() => expect(a.sync.status.sequence).toBe(2), { timeout: 10_000 });
  await a.sync.idle();
  const b = await open(shared);
  await vi.waitFor(() => expect(b.store.audit.list().items).toHaveLength(2));
});

it('an entry in chunks goes there and comes back', async () => {
  const shared = { tenant: newTenant(), encryption: newKey() };
  const content = new Uint8Array(1_400_000).map((_, at) => at % 251);
  const a = await open(shared);
  await a.store.artifacts.put(artifact('big', content));
  await a.sync.idle();
  const b = await open(shared);
  await vi.waitFor(() => expect(b.store.artifacts.get('big')).toBeDefined(), { timeout: 10_000 });
  expect(b.store.artifacts.get('big')?.content).toEqual(content);
});

it('the largest entry that a client writes is taken', async () => {
  const shared = { tenant: newTenant(), encryption: newKey() };
  const a = await open(shared);
  const write = (size: number) => a.store.artifacts.put(artifact('x', 'x'.repeat(size)));
  let size = 1_899_900;
  while ((await codeOf(write(size))) === 'entry_too_large') size -= 1;
  await a.sync.idle();
  expect(a.sync.status).toMatchObject({ state: 'connected', pending: 0, sequence: 1 });
});

it('a reader pages through the history, from the last entries back', async () => {
  const shared = { tenant: newTenant(), encryption: { enabled: false } };
  const a = await open(shared);
  for (let n = 1; n <= 25; n += 1) await a.store.audit.record({ actor: 'a', action: `${n}` });
  await a.sync.idle();
  const viewer = await open({ ...shared, mode: 'view', from: -5 });
  const seen: number[] = [];
  viewer.sync.subscribe((arrivals) => seen.push(...arrivals.map(({ sequence }) => sequence)));
  await vi.waitFor(() => expect(seen).toEqual([21, 22, 23, 24, 25]));
  viewer.sync.requestFrom(18);
  await vi.waitFor(() => expect(seen.slice(5)).toEqual([18, 19, 20]));
});

it('a ping is answered', async () => {
  const world = new World();
  const { platform } = new Process(world);
  const a = await open({
    tenant: newTenant(),
    encryption: newKey(),
    disablePing: false,
    ...platform,
  });
  const states: string[] = [];
  a.sync.onStatus(({ state }) => states.push(state));
  await vi.waitFor(() => expect(a.sync.status.lastSeen).not.toBeNull());
  for (let second = 0; second < 60; second += 1) {
    await world.pass(1_000);
    // Nobody writes: what comes is the answer to the ping that goes every ten seconds.
    await vi.waitFor(() => expect(world.now - (a.sync.status.lastSeen ?? 0)).toBeLessThan(pingMs));
  }
  expect(states).toContain('connected');
  expect(states).not.toContain('disconnected');
});

it('with a token that may not, is told so and stops', async () => {
  const tenant = newTenant();
  const token = await signToken('ada', { tenant: 'another' });
  const a = await open({ tenant, encryption: newKey(), auth: { token } });
  await vi.waitFor(() => expect(a.sync.status.state).toBe('error'));
  expect(a.sync.status.error?.code).toBe('forbidden');
  const wrong = await open({ tenant, encryption: newKey(), auth: { token: 'nonsense' } });
  await vi.waitFor(() => expect(wrong.sync.status.error?.code).toBe('signed_out'));
});

it('with an access key that reads, reads and is not let write', async () => {
  const tenant = newTenant();
  const encryption = newKey();
  const a = await open({ tenant, encryption });
  await a.store.audit.record({ actor: 'a', action: 'x' });
  await a.sync.idle();
  const made = await exports.default.fetch(`https://tidemark.test/eventlog/${tenant}/keys`, {
    method: 'POST',
    body: JSON.stringify({ access: 'read' }),
  });
  const { key } = (await made.json()) as { key: string };
  const reader = await open({ tenant, encryption, mode: 'view', auth: { key } });
  await vi.waitFor(() => expect(reader.store.audit.list().items).toHaveLength(1));
  const writer = await open({ tenant, encryption, auth: { key } });
  await writer.store.audit.record({ actor: 'b', action: 'y' });
  await vi.waitFor(() => expect(writer.sync.status.state).toBe('error'));
  expect(writer.sync.status.error).toMatchObject({ code: 'read_only', closeCode: 1008 });
});
