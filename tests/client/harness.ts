// A world with a server, and clients in it.

import { SyncError } from '../../client/errors.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import type { Store, StoreOpener } from '../../client/stores/store.ts';
import { SyncClient, type SyncOptions } from '../../client/sync_client.ts';
import { FakeServer } from './fake_server.ts';
import { Network } from './network.ts';
import { Process, World } from './world.ts';

export interface Plan {
  title: string;
  status?: string;
  bad?: boolean;
}
export interface Session {
  plan_id: string;
  notes?: string;
}
export interface Schema {
  plans: Plan;
  sessions: Session;
}

export type Client = SyncClient<Schema>;

/** A place as it is after its process died: nobody watches it or leads. */
export function bare(place: StoreOpener, process?: Process): StoreOpener {
  return async () => {
    const { load, commit, close } = await place();
    const alive = <T>(promise: Promise<T>) => (process ? process.alive(promise) : promise);
    const store: Store = {
      load: () => alive(load()),
      commit: (write, version) => alive(commit(write, version)),
      close,
    };
    return store;
  };
}

export class Harness {
  readonly world: World;
  readonly server: FakeServer;
  readonly network: Network;
  #opened: { client: Client; process: Process }[] = [];

  constructor(seed = 1) {
    this.world = new World(seed);
    this.server = new FakeServer(() => this.world.now);
    this.network = new Network(this.world, this.server);
  }

  async open(
    options: Partial<SyncOptions<Schema>> = {},
    process: Process = new Process(this.world),
  ): Promise<Client> {
    const client = await SyncClient.open<Schema>({
      url: 'http://server.test',
      token: 'a-token',
      collections: [
        { name: 'sessions', parent: { column: 'plan_id', collection: 'plans' } },
        'plans',
      ],
      store: memoryStore(),
      fetch: this.network.fetchOf(process),
      WebSocket: this.network.socketOf(process),
      ...process.platform,
      ...options,
    });
    this.#opened.push({ client, process });
    return client;
  }

  async close(): Promise<void> {
    for (const { client, process } of this.#opened) if (!process.dead) await client.close();
    this.#opened = [];
  }
}

/** What a client shows, in the form of the server's view. */
export function viewOf(client: Client): Record<string, unknown> {
  const plans = client.collection('plans').list();
  const sessions = client.collection('sessions').list();
  return Object.fromEntries([
    ...plans.map(({ id, data }) => [`plans/${id}`, data] as const),
    ...sessions.map(({ id, data }) => [`sessions/${id}`, data] as const),
  ]);
}

/** The code that a promise rejects with. */
export const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof SyncError ? error.code : String(error)),
  );

/** An answer that refuses the whole request. */
export const refusal = (status: number, error: string, headers = {}): Response =>
  Response.json({ error, message: error }, { status, headers });
