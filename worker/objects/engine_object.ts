// What Durable Objects that run the core have in common: its store and its alarm as a host, and
// operations within one transaction, or step by step. It decides nothing.

import { DurableObject } from 'cloudflare:workers';
import { bodyFor } from '../app.ts';
import { drive, driveSync, Held, type Host, type LocalHost, type Reply } from '../drive.ts';
import { engine } from '../engine.ts';
import { type Env, shardOf } from '../env.ts';
import type { Command, CommandResult, IdentityFrame, Statement } from '../frames.ts';
import { runBatch } from '../hosts/d1.ts';
import { runStatements } from '../hosts/durable_sql.ts';
import { runStore } from '../hosts/store.ts';
import { type Call, headerJson, requestFrame } from '../requests.ts';
import { REPLY_HEADER, runCall } from '../space_client.ts';
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

/** A frame for sockets. */
type Published = [exceptDevice: string, frame: string];

export abstract class EngineObject extends DurableObject<Env> {
  protected readonly name: string;
  /** The operation that makes its tables. */
  protected abstract readonly opener: string;
  #opened = false;
  #alarmAt: number | undefined; // as far as this instance knows

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.name = ctx.id.name ?? '';
  }

  /** Sends frames, after the commit. */
  protected publish(_exceptDevice: string, _frame: string): void {
    throw new Error('this object has no sockets');
  }

  /** Told of each local operation that was committed. */
  protected committed(_reply: Reply): void {}

  protected open(): void {
    if (this.#opened) return;
    const call = { operation: this.opener, identity: null, params: {} };
    const status = this.#transact(call, new Held(), 0)?.status ?? 500;
    if (status >= 400) throw new Error(`the object could not be opened: ${status}`);
    this.#opened = true;
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
    const published: Published[] = [];
    const host: LocalHost = { run: (command) => this.#runLocal(command, held, published) };
    const alarmAt = this.#alarmAt;
    let reply: Reply;
    try {
      reply = this.ctx.storage.transactionSync(() => {
        const frame = requestFrame(call, this.name, bodySize);
        const made = driveSync(engine(), frame, host, held);
        if (made.status >= 400) throw new RolledBack(made);
        if (!fits(made)) throw new RolledBack();
        return made;
      });
    } catch (error) {
      this.#alarmAt = alarmAt;
      if (error instanceof RolledBack) return error.reply;
      throw error;
    }
    for (const [exceptDevice, frame] of published) this.publish(exceptDevice, frame);
    this.committed(reply);
    return reply;
  }

  protected async spanning(call: Call, held = new Held(), bodySize = 0): Promise<Reply> {
    const host: Host = { run: (command) => this.#runSpanning(command, held, call.identity) };
    return drive(engine(), requestFrame(call, this.name, bodySize), host, held);
  }

  #runLocal(command: Command, held: Held, published: Published[]): CommandResult {
    switch (command[0]) {
      case 'sql':
        return runStatements(this.ctx.storage.sql, command[1], held);
      case 'body':
        return held.body.subarray(command[1], command[1] + command[2]);
      case 'alarm':
        return this.setAlarm(command[1]);
      case 'publish':
        published.push([command[1], held.join(command[2])]);
        return null;
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
        return runBatch(shardOf(this.env, command[1]), command[2], held);
      case 'call':
        return runCall(this.env, identity, command, held);
      case 'store':
        return runStore(this.env, command, held);
      case 'publish':
        this.publish(command[1], held.join(command[2]));
        return null;
      case 'sql':
        return this.#runAtomic(command[1], held);
      default:
        return this.#runLocal(command, held, []);
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
