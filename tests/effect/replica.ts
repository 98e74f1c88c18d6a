// A client as an application of Effect has one: npm's EventLogRemote over a journal in memory.
//
// Online is a layer over the journal, offline is that layer closed: the journal stays. Going online
// again opens a new socket, which the client does not do by itself.

import * as EventGroup from '@effect/experimental/EventGroup';
import * as EventJournal from '@effect/experimental/EventJournal';
import * as EventLog from '@effect/experimental/EventLog';
import * as EventLogEncryption from '@effect/experimental/EventLogEncryption';
import * as EventLogRemote from '@effect/experimental/EventLogRemote';
import * as Socket from '@effect/platform/Socket';
import * as NodeSocket from '@effect/platform-node/NodeSocket';
import { Effect, Exit, Layer, ManagedRuntime, Schema, Scope } from 'effect';

const Notes = EventGroup.empty.add({
  tag: 'NoteWritten',
  primaryKey: ({ id }: { id: string }) => id,
  payload: Schema.Struct({ id: Schema.String, text: Schema.String }),
});
const schema = EventLog.schema(Notes);

export type Identity = typeof EventLog.Identity.Service;
export const makeIdentity = (): Identity => EventLog.Identity.makeRandom();

type Services = EventLog.EventLog | EventJournal.EventJournal;

export class Replica {
  readonly #runtime: ManagedRuntime.ManagedRuntime<Services, never>;
  #online: Scope.CloseableScope | undefined;
  /** Sockets that it opened, ever, and how many of them were closed. */
  opened = 0;
  closed = 0;
  /** What its handler was told, by note: the state that an application would show. */
  readonly notes = new Map<string, string>();

  constructor(identity: Identity) {
    const handlers = EventLog.group(Notes, (group) =>
      group.handle('NoteWritten', ({ payload }) =>
        Effect.sync(() => {
          this.notes.set(payload.id, payload.text);
        }),
      ),
    );
    const layer = EventLog.layer(schema).pipe(
      Layer.provide(handlers),
      Layer.provideMerge(EventJournal.layerMemory),
      Layer.provide(Layer.succeed(EventLog.Identity, identity)),
    );
    this.#runtime = ManagedRuntime.make(layer);
  }

  async write(id: string, text: string): Promise<void> {
    const event = { schema, event: 'NoteWritten', payload: { id, text } } as const;
    await this.#runtime.runPromise(
      Effect.flatMap(EventLog.EventLog, (log) => Effect.orDie(log.write(event))),
    );
  }

  async writeMany(prefix: string, count: number, first = 0): Promise<void> {
    for (let at = first; at < first + count; at += 1) await this.write(`${prefix}${at}`, `${at}`);
  }

  async goOnline(url: string, options: { disablePing?: boolean } = {}): Promise<void> {
    const remote = EventLogRemote.layerWebSocket(url, options).pipe(
      Layer.provide(EventLogEncryption.layerSubtle),
      Layer.provide(this.#counted()),
    );
    const scope = Effect.runSync(Scope.make());
    this.#online = scope;
    await this.#runtime.runPromise(Layer.buildWithScope(remote, scope));
  }

  #counted() {
    return Layer.effect(
      Socket.WebSocketConstructor,
      Effect.map(Socket.WebSocketConstructor, (open) => (url: string, protocols) => {
        const socket = open(url, protocols);
        this.opened += 1;
        socket.addEventListener('close', () => {
          this.closed += 1;
        });
        return socket;
      }),
    ).pipe(Layer.provide(NodeSocket.layerWebSocketConstructor));
  }

  async goOffline(): Promise<void> {
    const scope = this.#online;
    this.#online = undefined;
    if (scope) await Effect.runPromise(Scope.close(scope, Exit.void));
  }

  /** Ids of the entries in its journal. */
  async entries(): Promise<Set<string>> {
    const entries = await this.#runtime.runPromise(
      Effect.flatMap(EventJournal.EventJournal, (journal) => Effect.orDie(journal.entries)),
    );
    return new Set(entries.map(({ idString }) => idString));
  }

  async close(): Promise<void> {
    await this.goOffline();
    await this.#runtime.dispose();
  }
}

/** Waits until every one has so many entries, and gives the ids that each has. */
export async function untilAllHave(
  replicas: Replica[],
  count: number,
  max_ms = 60_000,
): Promise<Set<string>[]> {
  for (const until = Date.now() + max_ms; Date.now() < until; ) {
    // The journal is slow to read, and has an entry a little after its handler has run.
    if (replicas.every(({ notes }) => notes.size >= count)) {
      const all = await Promise.all(replicas.map((replica) => replica.entries()));
      if (all.every(({ size }) => size >= count)) return all;
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  const sizes = replicas.map(({ notes, closed }) => `${notes.size} (${closed} sockets closed)`);
  throw new Error(`after ${max_ms} ms the replicas have ${sizes.join(', ')} of ${count} entries`);
}
