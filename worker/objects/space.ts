// SpaceDO: a user's space of records, its single writer. It binds storage, alarm and D1 to the core
// and decides nothing.

import { DurableObject } from 'cloudflare:workers';
import { drive, driveSync, Held, type Host, type LocalHost, type Reply } from '../drive.ts';
import { engine } from '../engine.ts';
import { type Env, shardOf } from '../env.ts';
import type { Command, CommandResult, Statement } from '../frames.ts';
import { runBatch } from '../hosts/d1.ts';
import { runStatements } from '../hosts/durable_sql.ts';
import { logError, logEvent } from '../log.ts';
import { type Call, headerJson, requestFrame } from '../requests.ts';
import {
  BODY_READ_MAX,
  CALL_HEADER,
  REPLY_HEADER,
  runCall,
  SIZE_HEADER,
  type SpaceReply,
} from '../space_client.ts';

/** A local operation answered 400 or more: its transaction is taken back. */
class RolledBack extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super('rolled back');
    this.reply = reply;
  }
}

const ALARM_RETRY_MS = 10_000;

export class SpaceDO extends DurableObject<Env> {
  readonly #name: string;
  #opened = false;
  #alarmAt: number | undefined; // as far as this instance knows
  #catchingUp: Promise<Reply> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#name = ctx.id.name ?? '';
  }

  /** A local operation on the request's body, named in a header by the Worker. */
  override async fetch(request: Request): Promise<Response> {
    if (this.#name === '') throw new Error('a space is found by its name only');
    const call = JSON.parse(request.headers.get(CALL_HEADER) ?? '{}') as Call;
    const body = await readBody(request);
    const reply = this.#local(call, new Held(body.bytes), body.size);
    const { status, headers, data } = reply;
    return new Response(reply.body(), {
      status,
      headers: [...headers, [REPLY_HEADER, headerJson(data)]],
    });
  }

  /** Copies to D1 what is behind. Callers that come meanwhile share one run. */
  async catchUp(call: Call): Promise<SpaceReply> {
    if (this.#name === '') throw new Error('a space is found by its name only');
    this.#open();
    this.#catchingUp ??= this.#spanning(call).finally(() => {
      this.#catchingUp = undefined;
    });
    const { status, headers, data } = await this.#catchingUp;
    return { status, headers, data };
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    try {
      this.#open();
      const reply = await this.#spanning({ operation: 'tick', identity: null, params: {} });
      logEvent({ event: 'space.ticked', user_id: this.#name, status: reply.status, ...reply.data });
      if (reply.status < 400) return;
    } catch (error) {
      logError(error, { event: 'space.tick_failed', user_id: this.#name });
    }
    // The runtime gives up on an alarm that keeps failing: this one is set anew each time.
    this.#setAlarm(Date.now() + ALARM_RETRY_MS);
  }

  #open(): void {
    if (this.#opened) return;
    const call = { operation: 'open_space', identity: null, params: {} };
    const { status } = this.#transact(call, new Held(), 0);
    if (status >= 400) throw new Error(`the space could not be opened: ${status}`);
    this.#opened = true;
  }

  #local(call: Call, held: Held, bodySize: number): Reply {
    this.#open();
    return this.#transact(call, held, bodySize);
  }

  #transact(call: Call, held: Held, bodySize: number): Reply {
    const host: LocalHost = { run: (command) => this.#runLocal(command, held) };
    const alarmAt = this.#alarmAt;
    try {
      return this.ctx.storage.transactionSync(() => {
        const frame = requestFrame(call, this.#name, bodySize);
        const reply = driveSync(engine(), frame, host, held);
        if (reply.status >= 400) throw new RolledBack(reply);
        return reply;
      });
    } catch (error) {
      this.#alarmAt = alarmAt;
      if (error instanceof RolledBack) return error.reply;
      throw error;
    }
  }

  #spanning(call: Call): Promise<Reply> {
    const host: Host = { run: (command, held) => this.#runSpanning(command, held) };
    return drive(engine(), requestFrame(call, this.#name), host);
  }

  #runLocal(command: Command, held: Held): CommandResult {
    switch (command[0]) {
      case 'sql':
        return runStatements(this.ctx.storage.sql, command[1], held);
      case 'body':
        return held.body.subarray(command[1], command[1] + command[2]);
      case 'alarm':
        return this.#setAlarm(command[1]);
      default:
        throw new Error(`a local operation cannot run ${command[0]}`);
    }
  }

  async #runSpanning(command: Command, held: Held): Promise<CommandResult> {
    if (command[0] === 'd1') return runBatch(shardOf(this.env, command[1]), command[2], held);
    if (command[0] === 'call') return runCall(this.env, null, command, held);
    if (command[0] !== 'sql') return this.#runLocal(command, held);
    const statements: Statement[] = command[1];
    return this.ctx.storage.transactionSync(() =>
      runStatements(this.ctx.storage.sql, statements, held),
    );
  }

  #setAlarm(at: number): null {
    if (this.#alarmAt === undefined || at < this.#alarmAt) {
      this.#alarmAt = at;
      void this.ctx.storage.setAlarm(at);
    }
    return null;
  }
}

/** The body, read no further than the core would take it: one declared larger is not even sent. */
async function readBody(request: Request): Promise<{ bytes: Uint8Array; size: number }> {
  const declared = Number(request.headers.get(SIZE_HEADER) ?? 0);
  if (declared >= BODY_READ_MAX) {
    return { bytes: new Uint8Array(), size: Math.min(declared, 0xffffffff) };
  }
  if (declared > 0) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return { bytes, size: bytes.byteLength };
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= BODY_READ_MAX) return { bytes: new Uint8Array(), size };
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return { bytes, size };
}
