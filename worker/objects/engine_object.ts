// What Durable Objects that run the core have in common: its store and its alarm as a host, and
// operations within one transaction, or step by step. It decides nothing.

import { DurableObject } from 'cloudflare:workers';
import { bodyFor } from '../app.ts';
import { concat, drive, driveSync, Held, type Host, type LocalHost, type Reply } from '../drive.ts';
import { engine } from '../engine.ts';
import type { Env } from '../env.ts';
import type { Command, CommandResult, IdentityFrame, Params, Statement } from '../frames.ts';
import { runStatements } from '../hosts/durable_sql.ts';
import { runStore } from '../hosts/store.ts';
import { type Call, headerJson, requestFrame } from '../requests.ts';
import { REPLY_HEADER, runCall } from '../space_client.ts';
import { runD1 } from '../sql/batches.ts';
import type { Unread } from './bodies.ts';

/** A local operation answered 400 or more, or more than fits: its transaction is taken back. */
class RolledBack extends Error {
  readonly reply: Reply | undefined;

  constructor(reply?: Reply) {
    super('rolled back');
    this.reply = reply;
  }
}

/** Whether a reply may be sent as it is. */
type Fits = (reply: Reply) => boolean;

/** What follows a commit: frames for sockets. */
type Then = () => void;

/** A local operation on the body that is held. */
export interface Local {
  call: Call;
  held: Held;
}

export abstract class EngineObject extends DurableObject<Env> {
  protected readonly name: string;
  /** The operation that makes its tables. */
  protected abstract readonly opener: string;
  #opened = false;
  #alarmAt: number | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.name = ctx.id.name ?? '';
    // An alarm of an earlier life is only ever moved to an earlier time.
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = (await ctx.storage.getAlarm()) ?? undefined;
    });
  }

  /** Sends frames, after the commit. */
  protected publish(_exceptDevice: string, _frame: string): void {
    throw new Error('this object has no sockets');
  }

  /** The same, by the numbers that sockets joined with. */
  protected send(_sockets: number[], _frame: Uint8Array): void {
    throw new Error('this object has no sockets');
  }

  /** Parameters of the operation that makes its tables, and what came of it. */
  protected opening(): Params {
    return {};
  }
  protected opened(_reply: Reply): void {}

  /** Told of each local operation that was committed. */
  protected committed(_reply: Reply): void {}

  protected open(): void {
    if (this.#opened) return;
    const call = { operation: this.opener, identity: null, params: this.opening() };
    const reply = this.#transact(call, new Held(), 0);
    if (reply === undefined || reply.status >= 400) {
      throw new Error(`the object could not be opened: ${reply?.status}`);
    }
    this.#opened = true;
    this.opened(reply);
  }

  protected requireName(): void {
    if (this.name === '') throw new Error('an object is found by its name only');
  }

  protected local(call: Call, held: Held, bodySize: number): Reply;
  protected local(call: Call, held: Held, bodySize: number, fits: Fits): Reply | undefined;
  protected local(call: Call, held: Held, bodySize: number, fits?: Fits): Reply | undefined {
    this.open();
    return this.#transact(call, held, bodySize, fits);
  }

  /** Undefined where the reply does not fit: then nothing has happened. */
  #transact(call: Call, held: Held, bodySize: number, fits: Fits = () => true): Reply | undefined {
    const then: Then[] = [];
    const reply = this.#atomic(() => {
      const made = this.#step(call, held, bodySize, then);
      if (!fits(made)) throw new RolledBack();
      return made;
    });
    if (reply instanceof RolledBack) return reply.reply;
    this.#follow(reply, then);
    return reply;
  }

  /** Local operations in one transaction, one after the other: false where one of them refused or
   * failed, and then nothing has happened. `settle` is told of each, in order, once all are
   * committed. A call must not depend on what follows the commit of one before it. */
  protected together(
    locals: readonly Local[],
    settle: (at: number, reply: Reply) => void,
  ): boolean {
    const thens: Then[][] = [];
    let replies: Reply[] | RolledBack;
    try {
      this.open();
      replies = this.#atomic(() =>
        locals.map(({ call, held }) => {
          const then: Then[] = [];
          thens.push(then);
          return this.#step(call, held, held.body.byteLength, then);
        }),
      );
    } catch {
      return false;
    }
    if (replies instanceof RolledBack) return false;
    for (const [at, reply] of replies.entries()) {
      this.#follow(reply, thens[at] as Then[]);
      settle(at, reply);
    }
    return true;
  }

  /** What `run` writes, all or nothing, the alarm with it. */
  #atomic<T>(run: () => T): T | RolledBack {
    const alarmAt = this.#alarmAt;
    try {
      return this.ctx.storage.transactionSync(run);
    } catch (error) {
      this.#alarmAt = alarmAt;
      if (error instanceof RolledBack) return error;
      throw error;
    }
  }

  #step(call: Call, held: Held, bodySize: number, then: Then[]): Reply {
    const host: LocalHost = { run: (command) => this.#runLocal(command, held, then) };
    const reply = driveSync(engine(), requestFrame(call, this.name, bodySize), host, held);
    if (reply.status >= 400) throw new RolledBack(reply);
    return reply;
  }

  #follow(reply: Reply, then: Then[]): void {
    for (const each of then) each();
    this.committed(reply);
  }

  protected async spanning(call: Call, held = new Held(), bodySize = 0): Promise<Reply> {
    const host: Host = { run: (command) => this.#runSpanning(command, held, call.identity) };
    return drive(engine(), requestFrame(call, this.name, bodySize), host, held);
  }

  #runLocal(command: Command, held: Held, then: Then[]): CommandResult {
    switch (command[0]) {
      case 'sql':
        return runStatements(this.ctx.storage.sql, command[1], held);
      case 'body':
        return held.body.subarray(command[1], command[1] + command[2]);
      case 'alarm':
        return this.setAlarm(command[1]);
      case 'publish': {
        const frame = held.join(command[2]);
        then.push(() => this.publish(command[1], frame));
        return null;
      }
      case 'send': {
        const frame = concat(held.bytes(command[2]));
        then.push(() => this.send(command[1], frame));
        return null;
      }
      default:
        throw new Error(`a local operation cannot run ${command[0]}`);
    }
  }

  async #runSpanning(
    command: Command,
    held: Held,
    identity: IdentityFrame | null,
  ): Promise<CommandResult> {
    switch (command[0]) {
      case 'd1':
        return runD1(this.env, command, held);
      case 'call':
        return runCall(this.env, identity, command, held);
      case 'store':
        return runStore(this.env, command, held);
      case 'sql':
        return this.#runAtomic(command[1], held);
      default: {
        const then: Then[] = [];
        const result = this.#runLocal(command, held, then);
        for (const each of then) each();
        return result;
      }
    }
  }

  #runAtomic(statements: Statement[], held: Held): CommandResult {
    return this.ctx.storage.transactionSync(() =>
      runStatements(this.ctx.storage.sql, statements, held),
    );
  }

  /** The alarm that has gone off is set no more. */
  protected alarmRang(): void {
    this.#alarmAt = undefined;
  }

  protected setAlarm(at: number): null {
    if (this.#alarmAt === undefined || at < this.#alarmAt) {
      this.#alarmAt = at;
      void this.ctx.storage.setAlarm(at);
    }
    return null;
  }
}

export function unread({ status, code, message }: Unread): Response {
  const data = { error: code };
  return Response.json(
    { error: code, message },
    { status, headers: { 'retry-after': '1', [REPLY_HEADER]: headerJson(data) } },
  );
}

export function responseOf(reply: Reply): Response {
  const { status, headers, data } = reply;
  const told: [string, string] = [REPLY_HEADER, headerJson(data)];
  return new Response(bodyFor(status, reply.body()), { status, headers: [...headers, told] });
}
