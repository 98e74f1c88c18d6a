// Beside Effect: its own server in this process, with its own client and ours on it. What one of
// them writes the other reads, and identities go from one to the other as text.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as EventGroup from '@effect/experimental/EventGroup';
import * as EventJournal from '@effect/experimental/EventJournal';
import * as EventLog from '@effect/experimental/EventLog';
import * as EventLogEncryption from '@effect/experimental/EventLogEncryption';
import * as EventLogRemote from '@effect/experimental/EventLogRemote';
import * as EventLogServer from '@effect/experimental/EventLogServer';
import * as HttpServer from '@effect/platform/HttpServer';
import * as NodeHttpServer from '@effect/platform-node/NodeHttpServer';
import * as NodeSocket from '@effect/platform-node/NodeSocket';
import { Effect, Layer, ManagedRuntime, Schema } from 'effect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  connectRemoteSync,
  exportIdentity,
  generateIdentity,
  importIdentity,
  type RemoteSync,
} from '../../client/events/index.ts';

const identityKey = exportIdentity(generateIdentity());

const Artifacts = EventGroup.empty.add({
  tag: 'artifact.put',
  primaryKey: ({ id }: { id: string }) => id,
  payload: Schema.Struct({
    id: Schema.String,
    name: Schema.String,
    type: Schema.String,
    content: Schema.String,
  }),
});
const schema = EventLog.schema(Artifacts);

let server: Server;
let url: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = createServer();
  const app = Layer.unwrapEffect(
    Effect.map(EventLogServer.makeHandlerHttp, (handler) => HttpServer.serve(handler)),
  ).pipe(
    Layer.provide(EventLogServer.layerStorageMemory),
    Layer.provide(NodeHttpServer.layer(() => server, { port: 0, host: '127.0.0.1' })),
  );
  const running = ManagedRuntime.make(app);
  await running.runPromise(Effect.void);
  closing.push(() => running.dispose());
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}, 60_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const until = async (done: () => boolean) => {
  for (let turn = 0; turn < 1_000 && !done(); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(done()).toBe(true);
};

/** Effect's own client, with what its handler was told. */
async function effectClient() {
  const seen = new Map<string, string>();
  const handlers = EventLog.group(Artifacts, (group) =>
    group.handle('artifact.put', ({ payload }) =>
      Effect.sync(() => void seen.set(payload.id, payload.content)),
    ),
  );
  const log = EventLog.layer(schema).pipe(
    Layer.provide(handlers),
    Layer.provideMerge(EventJournal.layerMemory),
    Layer.provide(Layer.succeed(EventLog.Identity, EventLog.Identity.decodeString(identityKey))),
  );
  const remote = EventLogRemote.layerWebSocket(url).pipe(
    Layer.provide(EventLogEncryption.layerSubtle),
    Layer.provide(NodeSocket.layerWebSocketConstructor),
  );
  const runtime = ManagedRuntime.make(Layer.provideMerge(remote, log));
  const write = (id: string, content: string) => {
    const payload = { id, name: id, type: 'text/plain', content };
    const event = { schema, event: 'artifact.put', payload } as const;
    return runtime.runPromise(Effect.flatMap(EventLog.EventLog, (one) => one.write(event)));
  };
  await runtime.runPromise(Effect.void);
  closing.push(() => runtime.dispose());
  return { seen, write };
}

async function ourClient(): Promise<RemoteSync> {
  const encryption = { enabled: true, identityKey };
  const client = await connectRemoteSync({ url, provider: 'bun', encryption });
  closing.push(() => client.close());
  return client;
}

const artifact = (id: string, content: string) => ({ id, name: id, type: 'text/plain', content });

it('an identity is the same text on both sides', () => {
  const theirs = EventLog.Identity.makeRandom();
  const text = EventLog.Identity.encodeString(theirs);
  expect(importIdentity(text).publicKey).toBe(theirs.publicKey);
  expect(exportIdentity(importIdentity(text))).toBe(text.replace(/=+$/, ''));
  const ours = EventLog.Identity.decodeString(identityKey);
  expect(ours.publicKey).toBe(importIdentity(identityKey).publicKey);
});

it('what either writes the other reads, live and from the start', async () => {
  const theirs = await effectClient();
  await theirs.write('effect-1', 'from Effect');
  const ours = await ourClient();
  await until(() => ours.store.artifacts.get('effect-1')?.content === 'from Effect');
  await ours.store.artifacts.put(artifact('ours-1', 'from here'));
  await until(() => theirs.seen.get('ours-1') === 'from here');
  await theirs.write('effect-2', 'live');
  await until(() => ours.store.artifacts.get('effect-2')?.content === 'live');
  await ours.store.artifacts.put(artifact('long', 'x'.repeat(1_200_000)));
  await until(() => theirs.seen.get('long')?.length === 1_200_000);
  const late = await effectClient();
  await until(() => late.seen.size === 4);
  expect(Object.fromEntries(late.seen)).toEqual(
    Object.fromEntries(ours.store.artifacts.list().items.map(({ id, content }) => [id, content])),
  );
  await ours.sync.idle();
  expect(ours.sync.status).toMatchObject({ undecryptable: 0, missing: 0, pending: 0 });
  expect(ours.log.unhandled).toBe(0);
}, 30_000);

it('after a break nothing is sent twice, which that server would not survive', async () => {
  const first = await ourClient();
  await first.sync.idle();
  for (let n = 0; n < 20; n += 1) await first.store.artifacts.put(artifact(`b${n}`, `${n}`));
  first.sync.disconnect();
  first.sync.connect();
  await first.store.artifacts.put(artifact('b20', 'last'));
  const second = await ourClient();
  await until(() => second.store.artifacts.get('b20') !== undefined);
  await first.sync.idle();
  await until(
    () => second.store.artifacts.list().items.length === first.store.artifacts.list().items.length,
  );
  expect(second.store.artifacts.list().items).toEqual(first.store.artifacts.list().items);
}, 30_000);
