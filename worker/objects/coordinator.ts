// ShardCoordinator: which shards there are, what was placed on them, and where the next key goes.
// One object, named `default`, serves a whole deployment. It decides nothing: each request is one
// operation of the core in one transaction of its own SQLite.
//
// It needs nothing of its surroundings but that SQLite, so that any Worker may export it. Where its
// environment has an ENVIRONMENT of `production`, it is not flushed.

import { DurableObject } from 'cloudflare:workers';
import { concat, driveSync, Held, type LocalHost, type Reply } from '../drive.ts';
import { engine } from '../engine.ts';
import type { Params } from '../frames.ts';
import { runStatements } from '../hosts/durable_sql.ts';
import { logError } from '../log.ts';
import { requestFrame } from '../requests.ts';

/** Where others read the state: as it is after each change. */
const STATE_KEY = 'coordinator_state';

/** The core's own bound, kCoordinatorBodyBytesMax: above it no byte is looked at. */
const BODY_BYTES_MAX = 1 << 20;

class Refused extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super('refused');
    this.reply = reply;
  }
}

export class ShardCoordinator extends DurableObject<{ ENVIRONMENT?: string }> {
  #opened = false;

  constructor(state: DurableObjectState, env: { ENVIRONMENT?: string } = {}) {
    super(state, env);
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname: path } = new URL(request.url);
    const environment = this.env.ENVIRONMENT ?? '';
    try {
      const { body, size } = await bodyOf(request);
      const params = { method: request.method, path, environment };
      const reply = this.#run('coordinator_request', params, body, size);
      return new Response(reply.body(), { status: reply.status, headers: reply.headers });
    } catch (error) {
      logError(error, { event: 'coordinator.failed', method: request.method, path });
      const told = { error: 'The coordinator failed; it is safe to ask again', code: 'internal' };
      return Response.json(told, { status: 500 });
    }
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

  #run(operation: string, params: Params, body?: Uint8Array, size = 0): Reply {
    if (!this.#opened) {
      const state = JSON.stringify(this.ctx.storage.kv.get(STATE_KEY) ?? null);
      const { status } = this.#transact('open_coordinator', { state }, new Held(), 0);
      if (status >= 400) throw new Error(`the coordinator could not be opened: ${status}`);
      this.#opened = true;
    }
    return this.#transact(operation, params, new Held(body), size);
  }

  #transact(operation: string, params: Params, held: Held, size: number): Reply {
    const { storage, id } = this.ctx;
    const host: LocalHost = {
      run: (command) => {
        if (command[0] === 'sql') return runStatements(storage.sql, command[1], held);
        if (command[0] !== 'body') throw new Error(`a coordinator cannot run ${command[0]}`);
        return held.body.subarray(command[1], command[1] + command[2]);
      },
    };
    try {
      return storage.transactionSync(() => {
        const frame = requestFrame({ operation, identity: null, params }, id.name ?? '', size);
        const reply = driveSync(engine(), frame, host, held);
        if (reply.status >= 400) throw new Refused(reply);
        if (reply.data.state) storage.kv.put(STATE_KEY, JSON.parse(reply.data.state));
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
