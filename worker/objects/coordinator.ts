// ShardCoordinator: which shards there are, what was placed on them, where the next key goes, and
// which shard has which slots. One object, named `default`, serves a whole deployment. It decides
// nothing: each request is one operation of the core in one transaction of its own SQLite. What
// touches the shards spans: it runs before its request is asked again, or in the alarm.
//
// It needs nothing of its surroundings but that SQLite, so that any Worker may export it; to move
// slots it needs the D1 bindings too, and where a namespace is bound as KV it keeps a copy of the
// slot table there. Where its environment has an ENVIRONMENT of `production`, it
// is not flushed.

import { DurableObject } from 'cloudflare:workers';
import { SLOT_TABLE_NAME } from '../../client/sql/slot_table.ts';
import { concat, drive, driveSync, Held, type Host, type LocalHost, type Reply } from '../drive.ts';
import { engine } from '../engine.ts';
import type { Params } from '../frames.ts';
import { runBatch } from '../hosts/d1.ts';
import { runStatements } from '../hosts/durable_sql.ts';
import { logError, logEvent } from '../log.ts';
import { requestFrame } from '../requests.ts';
import { counted } from '../sql/counters.ts';

/** Where others read the state: as it is after each change. */
const STATE_KEY = 'coordinator_state';

/** The core's own bound, kCoordinatorBodyBytesMax: above it no byte is looked at. */
const BODY_BYTES_MAX = 1 << 20;

/** After an alarm that failed. */
const ALARM_RETRY_MS = 10_000;

/** Before each batch. */
const YIELD_MS = 4;

/** Between two runs of the alarm. */
const REST_MS_MAX = 250;

/** While slots move their table is copied so often at most. */
const COPY_EVERY_MS = 5_000;

/** Of a request that waits for one that came before it. */
const THEN_TRIES = 3;

class Refused extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super('refused');
    this.reply = reply;
  }
}

interface Bindings {
  ENVIRONMENT?: string;
  KV?: KVNamespace;
  ANALYTICS?: AnalyticsEngineDataset;
}

export class ShardCoordinator extends DurableObject<Bindings> {
  #opened = false;
  #copied = 0; // the version of the slot table that KV has
  #copiedMs = 0;
  readonly #running = new Map<string, Promise<Reply>>();

  constructor(state: DurableObjectState, env: Bindings = {}) {
    super(state, env);
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname: path, searchParams } = new URL(request.url);
    const after = searchParams.get('after') ?? '';
    const databases = JSON.stringify(Object.keys(this.shards()));
    const environment = this.env.ENVIRONMENT ?? '';
    try {
      const { body, size } = await bodyOf(request);
      const params = { method: request.method, path, environment, after, databases };
      const ask = () => this.#run('coordinator_request', params, body, size);
      let reply = ask();
      for (let tries = 0; reply.data.then; tries += 1) {
        if (tries === THEN_TRIES) throw new Error('others install shards all the time');
        const ran = await this.#then(reply.data.then);
        reply = ran.status < 400 ? ask() : ran;
      }
      if (request.method === 'POST' && /^\/(slots|moves)$/.test(path)) await this.#copySlots();
      return new Response(reply.body(), { status: reply.status, headers: reply.headers });
    } catch (error) {
      logError(error, { event: 'coordinator.failed', method: request.method, path });
      const told = { error: 'The coordinator failed; it is safe to ask again', code: 'internal' };
      return Response.json(told, { status: 500 });
    }
  }

  /** The D1 databases between which slots move, by the names that shards have: all of the object's
   * bindings that are one. A subclass may say others. */
  protected shards(): Record<string, D1Database> {
    return Object.fromEntries(
      Object.entries(this.env as Record<string, unknown>).filter(
        (binding): binding is [string, D1Database] => {
          const value = binding[1] as Partial<D1Database> | null | undefined;
          return typeof value?.prepare === 'function' && typeof value.batch === 'function';
        },
      ),
    );
  }

  override async alarm(): Promise<void> {
    // For where the object dies in it: the runtime gives up on an alarm that keeps failing.
    await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    try {
      this.#open();
      const begun = Date.now();
      const { status, data } = await this.#span('tick_moves');
      await this.#rest(Date.now() - begun);
      if (data.error) logEvent({ event: 'coordinator.move_waits', ...data });
      const due = Date.now() >= this.#copiedMs + COPY_EVERY_MS;
      if (due || !this.#moves()) await this.#copySlots();
      // At once, lest it deletes the alarm of a move that comes meanwhile.
      if (status < 400 && data.rest === '1' && !this.#moves()) void this.ctx.storage.deleteAlarm();
    } catch (error) {
      logError(error, { event: 'coordinator.move_failed' });
    }
  }

  /** Leaves the databases to others for as long as they were kept busy. */
  async #rest(busyMs: number): Promise<void> {
    const { storage } = this.ctx;
    const due = await storage.getAlarm();
    const until = Date.now() + Math.min(busyMs, REST_MS_MAX);
    if (due !== null && due < until) await storage.setAlarm(until);
  }

  /** Whether a move waits or goes on. */
  #moves(): boolean {
    const params = { method: 'GET', path: '/moves', databases: '[]', environment: '' };
    const reply = this.#run('coordinator_request', params);
    const { moves } = JSON.parse(reply.text()) as { moves: { state: string }[] };
    return moves.some(({ state }) => state !== 'cleaned' && state !== 'failed');
  }

  /** For whoever asks KV first. An old copy, or none, makes readers ask here. */
  async #copySlots(): Promise<void> {
    const { KV } = this.env;
    if (KV === undefined) return;
    const params = { method: 'GET', path: '/slots', after: String(this.#copied) };
    const reply = this.#run('coordinator_request', { ...params, databases: '[]', environment: '' });
    const told = JSON.parse(reply.text()) as { version?: number; table?: unknown };
    if (reply.status >= 400 || told.table === undefined) return;
    this.#copiedMs = Date.now();
    try {
      await counted(this.env, 'kv', 'put', () =>
        KV.put(SLOT_TABLE_NAME, JSON.stringify(told.table)),
      );
      this.#copied = told.version ?? 0;
    } catch (error) {
      logError(error, { event: 'coordinator.copy_failed' });
    }
  }

  /** One of each at a time: whoever comes meanwhile waits for it, and then asks again. */
  async #then(operation: string): Promise<Reply> {
    const before = this.#running.get(operation);
    if (before !== undefined) return await before;
    const running = this.#span(operation).finally(() => this.#running.delete(operation));
    this.#running.set(operation, running);
    const reply = await running;
    this.#tell(reply);
    return reply;
  }

  /** What others read, where it is another now. */
  #tell({ data }: Reply): void {
    if (data.state) this.ctx.storage.kv.put(STATE_KEY, JSON.parse(data.state));
  }

  #span(operation: string): Promise<Reply> {
    const { storage, id } = this.ctx;
    const shards = this.shards();
    const held = new Held();
    const host: Host = {
      run: async (command) => {
        if (command[0] === 'sql') {
          return storage.transactionSync(() => runStatements(storage.sql, command[1], held));
        }
        if (command[0] === 'alarm') {
          await storage.setAlarm(command[1]);
          return null;
        }
        if (command[0] !== 'd1') throw new Error(`a coordinator cannot run ${command[0]}`);
        const shard = Object.hasOwn(shards, command[1]) ? shards[command[1]] : undefined;
        if (shard === undefined) return [false, 'unavailable', `Shard ${command[1]} not found`];
        // Whoever waits for the databases comes in between.
        await scheduler.wait(YIELD_MS);
        return await runBatch(shard, command[2], held);
      },
    };
    const frame = requestFrame({ operation, identity: null, params: {} }, id.name ?? '', 0);
    return drive(engine(), frame, host, held);
  }

  /** One key more in a shard that is registered. */
  async incrementShardCount(shard: string): Promise<void> {
    this.#count(shard, '1');
  }

  /** One key less, but never less than none. */
  async decrementShardCount(shard: string): Promise<void> {
    this.#count(shard, '-1');
  }

  #count(shard: string, by: string): void {
    // Whoever calls may be without types: the core takes texts alone.
    const { status } = this.#run('count_shard', { shard: String(shard), by });
    if (status >= 400) throw new Error(`a count was refused: ${status}`);
  }

  #open(): void {
    if (this.#opened) return;
    const state = JSON.stringify(this.ctx.storage.kv.get(STATE_KEY) ?? null);
    const { status } = this.#transact('open_coordinator', { state }, new Held(), 0);
    if (status >= 400) throw new Error(`the coordinator could not be opened: ${status}`);
    this.#opened = true;
  }

  #run(operation: string, params: Params, body?: Uint8Array, size = 0): Reply {
    this.#open();
    return this.#transact(operation, params, new Held(body), size);
  }

  #transact(operation: string, params: Params, held: Held, size: number): Reply {
    const { storage, id } = this.ctx;
    const host: LocalHost = {
      run: (command) => {
        if (command[0] === 'sql') return runStatements(storage.sql, command[1], held);
        if (command[0] === 'alarm') {
          void storage.setAlarm(command[1]);
          return null;
        }
        if (command[0] !== 'body') throw new Error(`a coordinator cannot run ${command[0]}`);
        return held.body.subarray(command[1], command[1] + command[2]);
      },
    };
    try {
      return storage.transactionSync(() => {
        const frame = requestFrame({ operation, identity: null, params }, id.name ?? '', size);
        const reply = driveSync(engine(), frame, host, held);
        if (reply.status >= 400) throw new Refused(reply);
        this.#tell(reply);
        return reply;
      });
    } catch (error) {
      if (error instanceof Refused) return error.reply;
      throw error;
    }
  }
}

/** The whole body, or the size alone of one that is too large. */
async function bodyOf({ body }: Request): Promise<{ body: Uint8Array; size: number }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > BODY_BYTES_MAX) return { body: new Uint8Array(), size };
    chunks.push(chunk);
  }
  return { body: concat(chunks), size };
}
