// One merge: a body's bytes in, the answer's bytes out, with nothing stored. The engine's side runs
// the real `sync` through the Worker's own glue, over a host whose answers are canned.

import { driveSync, Held, type LocalHost } from '../../worker/drive.ts';
import { engine } from '../../worker/engine.ts';
import type {
  Cell,
  Command,
  CommandResult,
  IdentityFrame,
  ResultSet,
  Statement,
} from '../../worker/frames.ts';
import { requestFrame } from '../../worker/requests.ts';

/** `[ms, counter, device, deleted]` of each stored record. */
export type Versions = Record<string, [number, number, string, number]>;

/** What a merge decided and answered: for comparing the two sides. */
export interface Merged {
  winners: Record<string, unknown>;
  losers: Record<string, unknown>;
  overwritten: string[];
  answer: Uint8Array;
}

export const DEVICE = 'laptop';
const EPOCH = '0123456789abcdef';
const HEAD = 20_000;
const IDENTITY: IdentityFrame = ['bench', 'user', null, null, null, 0, 0];
const encoder = new TextEncoder();

/** A body and the versions stored for it, as the texts that SQL would answer. */
export class MergeCase {
  readonly body: Uint8Array;
  readonly #versions: Versions;
  readonly #texts = new Map<string, string>();

  constructor(body: Uint8Array, versions: Versions) {
    this.body = body;
    this.#versions = versions;
  }

  /** ReadVersions' answer to a list of ids: kept, so that only the first merge makes it. */
  versionsOf(ids: string): string {
    // Its length and ends tell one batch's ids from another's, at no cost in what is timed.
    const key = `${ids.length} ${ids.slice(0, 64)}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      const rows = (JSON.parse(ids) as string[]).map((id, index) => [
        index,
        ...(this.#versions[id] as [number, number, string, number]),
      ]);
      text = JSON.stringify(rows);
      this.#texts.set(key, text);
    }
    return text;
  }
}

class CannedHost implements LocalHost {
  readonly #case: MergeCase;
  readonly #seen: ((statement: Statement, held: Held) => void) | undefined;

  constructor(mergeCase: MergeCase, seen?: (statement: Statement, held: Held) => void) {
    this.#case = mergeCase;
    this.#seen = seen;
  }

  run(command: Command, held: Held): CommandResult {
    if (command[0] === 'body') return held.body.subarray(command[1], command[1] + command[2]);
    if (command[0] !== 'sql') return null;
    return [true, command[1].map((statement) => this.#answer(statement, held))];
  }

  #answer(statement: Statement, held: Held): ResultSet {
    this.#seen?.(statement, held);
    // Parameters are made as SQL would take them; it takes nothing.
    const [ids] = statement[1].map((param) => held.value(param));
    const rows: Cell[][] = [];
    const [sql] = statement;
    if (sql.includes("'epoch'")) rows.push([EPOCH, HEAD, 0, 0, HEAD]);
    else if (sql.includes('json_array(e.key, r.updated_at')) {
      rows.push([this.#case.versionsOf(ids as string)]);
    } else if (sql.includes('json_group_array(e.key)')) rows.push(['[]']);
    return held.resultSet(statement, rows[Symbol.iterator](), () => 0);
  }
}

function runEngine(mergeCase: MergeCase, host: CannedHost): Uint8Array {
  const params = { device: DEVICE, content_type: 'application/json' };
  const call = { operation: 'sync', identity: IDENTITY, params };
  const { body } = mergeCase;
  const frame = requestFrame(call, 'bench', body.byteLength);
  const reply = driveSync(engine(), frame, host, new Held(body));
  if (reply.status !== 200) throw new Error(reply.text());
  const answer = reply.body();
  return answer instanceof Uint8Array ? answer : encoder.encode(reply.text());
}

export function mergeInEngine(mergeCase: MergeCase): Uint8Array {
  return runEngine(mergeCase, new CannedHost(mergeCase));
}

type Row = [id: string, offset: number, size: number];

/** The engine's merge, with what it would have written. */
export function inspectEngine(mergeCase: MergeCase): Merged {
  const winners: Record<string, unknown> = {};
  const losers: Record<string, unknown> = {};
  const overwritten: string[] = [];
  const take = (rows: Row[], blob: Uint8Array, into: Record<string, unknown>) => {
    for (const [id, offset, size] of rows) {
      into[id] = JSON.parse(new TextDecoder().decode(blob.subarray(offset, offset + size)));
    }
  };
  const seen = ([sql, params]: Statement, held: Held) => {
    const [json, , blob] = params.map((param) => held.value(param)) as [string, string, Uint8Array];
    if (sql.includes('INSERT INTO records')) take(JSON.parse(json), blob, winners);
    else if (!sql.includes('INSERT INTO history')) return;
    else if (sql.includes('NOT EXISTS')) take(JSON.parse(json), blob, losers);
    else overwritten.push(...(JSON.parse(json) as string[]));
  };
  const answer = runEngine(mergeCase, new CannedHost(mergeCase, seen));
  return { winners, losers, overwritten, answer };
}
