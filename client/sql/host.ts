// The host of the operations that span shards: it runs their batches on the shards that it is
// given, and answers their calls.

import type { Held, Host } from '../../worker/drive.ts';
import type { Command, CommandResult, Params } from '../../worker/frames.ts';
import { runBatch } from '../../worker/hosts/d1.ts';
import { messageOf } from './errors.ts';
import type { Shard, ShardStatement } from './types.ts';

type Answer = Awaited<ReturnType<ShardStatement['all']>>;

// What the core counts, where a database does not tell it in D1's words.
function asD1(answer: Answer) {
  const meta = { ...answer.meta } as { rows_written?: number; changes?: number };
  const rows_written = meta.rows_written ?? meta.changes ?? 0;
  return { ...answer, results: answer.results ?? [], meta: { ...meta, rows_written } };
}

/** A shard as a D1 database. Without a `batch` of its own it runs one statement after the other,
 * each by itself: an operation that is then broken off is begun again, as after a crash. */
function database(shard: Shard): D1Database {
  const batch = async (statements: ShardStatement[]) => {
    if (shard.batch) return ((await shard.batch(statements)) as Answer[]).map(asD1);
    const answers = [];
    for (const statement of statements) answers.push(asD1(await statement.all()));
    return answers;
  };
  return { prepare: (sql: string) => shard.prepare(sql), batch } as unknown as D1Database;
}

/** What operations call for, by name: given its parameters, answers the reply's data. */
export type Calls = Record<string, (params: Params) => Promise<Params>>;

export class ShardHost implements Host {
  readonly #shards: Readonly<Record<string, Shard>>;
  readonly #calls: Calls;

  constructor(shards: Readonly<Record<string, Shard>>, calls: Calls = {}) {
    this.#shards = shards;
    this.#calls = calls;
  }

  async run(command: Command, held: Held): Promise<CommandResult> {
    if (command[0] === 'd1') {
      const [, name, statements] = command;
      const shard = Object.hasOwn(this.#shards, name) ? this.#shards[name] : undefined;
      if (shard === undefined) return [false, 'unavailable', `Shard ${name} not found`];
      return await runBatch(database(shard), statements, held);
    }
    const call = command[0] === 'call' ? this.#calls[command[2]] : undefined;
    if (command[0] !== 'call' || call === undefined) {
      throw new Error(`the library's host does not run ${command[0]}`);
    }
    try {
      return [true, 200, await call(command[3]), held.keep('')];
    } catch (error) {
      return [false, 'unavailable', messageOf(error)];
    }
  }
}
