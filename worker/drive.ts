// Runs an operation to its reply: the whole loop between the core and its host, and its synchronous
// twin for local operations, which run within one transaction.

import type { Engine } from './engine.ts';
import {
  BodyRange,
  type Cell,
  type Command,
  type CommandResult,
  Handle,
  type KeptGroup,
  type OutputFrame,
  type Param,
  type Part,
  type ReplyFrame,
  type RequestFrame,
  type ResultSet,
  type Statement,
} from './frames.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What is written in pieces and is nothing until it is closed. */
export interface Open {
  /** Without effect once it is closed. */
  abort(): Promise<void>;
}

type Kept = string | Uint8Array | ReadableStream | Open;

/** What one operation holds at its host: its body, and the texts and streams kept for it. */
export class Held {
  readonly #kept: Kept[] = [];

  readonly body: Uint8Array;

  constructor(body: Uint8Array = new Uint8Array()) {
    this.body = body;
  }

  keep(kept: Kept): Handle {
    this.#kept.push(kept);
    return new Handle(this.#kept.length - 1);
  }

  text(handle: Handle): string {
    const text = this.#kept[handle.id];
    if (typeof text !== 'string') throw new Error(`no text is kept as ${handle.id}`);
    return text;
  }

  #textOrBytes(handle: Handle): string | Uint8Array {
    const kept = this.#kept[handle.id];
    return kept instanceof Uint8Array ? kept : this.text(handle);
  }

  kept(id: number): Kept | undefined {
    return this.#kept[id];
  }

  /** A text or bytes, or a stream that is from now on the caller's to read or to cancel. */
  take(handle: Handle): string | Uint8Array | ReadableStream {
    const kept = this.#kept[handle.id];
    if (!(kept instanceof ReadableStream)) return this.#textOrBytes(handle);
    this.#kept[handle.id] = '';
    return kept;
  }

  /** Ends what nobody took and nobody closed. */
  async release(): Promise<void> {
    const kept = this.#kept.splice(0);
    const ends = kept.map((each) => {
      if (typeof each === 'string' || each instanceof Uint8Array) return undefined;
      return each instanceof ReadableStream ? each.cancel() : each.abort();
    });
    await Promise.allSettled(ends);
  }

  /** The pieces of what leaves the core, as bytes of their own. */
  bytes(parts: readonly Part[]): Uint8Array[] {
    return parts.map((part) => {
      if (!(part instanceof Handle)) return part.slice();
      const kept = this.#textOrBytes(part);
      return typeof kept === 'string' ? encoder.encode(kept) : kept;
    });
  }

  /** The pieces of a text that leaves the core, as one. */
  join(parts: readonly Part[]): string {
    return parts
      .map((part) => (part instanceof Handle ? this.text(part) : decoder.decode(part)))
      .join('');
  }

  /** A parameter as SQL takes it. */
  value(param: Param): Cell | ArrayBuffer | Uint8Array {
    if (param instanceof Handle) return this.#textOrBytes(param);
    // SQL reads the bytes before anything else runs: a view will do.
    if (param instanceof BodyRange) {
      return this.body.subarray(param.offset, param.offset + param.size);
    }
    // A frame's bytes lie in the engine's memory: what outlives the step is a copy.
    if (param instanceof Uint8Array) return param.slice().buffer;
    return param;
  }

  /** The rows of a statement, given to the core or kept for it. */
  resultSet([, , keep]: Statement, rows: Iterable<unknown[]>, written: () => number): ResultSet {
    if (keep === null) {
      const all = Array.from(rows as Iterable<Cell[]>);
      for (const row of all) makeCells(row);
      return [written(), all];
    }
    const [bytesMax, rowsMax] = keep;
    const groups = new Map<string, (string | Uint8Array)[]>();
    let bytes = 0;
    let count = 0;
    let last = 0;
    let more = false;
    for (const [group, value, seq] of rows as Iterable<[string, unknown, number]>) {
      const text = cellOf(value) as string | Uint8Array;
      bytes += text.length;
      more = count === rowsMax || (count > 0 && bytes > bytesMax);
      if (more) break;
      const texts = groups.get(group);
      if (texts) texts.push(text);
      else groups.set(group, [text]);
      count += 1;
      last = seq;
    }
    const kept = [...groups].map(
      ([group, texts]): KeptGroup => [group, this.keep(joined(texts)), texts.length],
    );
    return [written(), kept, last, more];
  }
}

function makeCells(row: unknown[]): void {
  for (let at = 0; at < row.length; at += 1) {
    if (typeof row[at] === 'object') row[at] = cellOf(row[at]);
  }
}

/** A blob comes from an object as an ArrayBuffer, and from D1 as an array of numbers. */
function cellOf(value: unknown): Cell {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : (value as Cell);
}

function joined(values: (string | Uint8Array)[]): string | Uint8Array {
  if (typeof values[0] === 'string') return values.join(',');
  return concat(values as Uint8Array[]);
}

/** Byte strings as one; one alone is not copied. */
export function concat(pieces: Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const all = new Uint8Array(pieces.reduce((size, { byteLength }) => size + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}

/** A finished operation: its reply, with its body's parts still in order. */
export class Reply {
  readonly status: number;
  readonly headers: [string, string][];
  readonly data: Record<string, string>;
  readonly #parts: (string | Uint8Array | ReadableStream)[];

  constructor([status, headers, parts, data]: ReplyFrame, held: Held) {
    this.status = status;
    this.headers = headers;
    this.data = data;
    // Bytes lie in the engine's memory until its next call.
    this.#parts =
      parts.length === 1 && parts[0] instanceof Handle
        ? [held.take(parts[0])]
        : parts.map((part) => (part instanceof Handle ? held.text(part) : part.slice()));
  }

  /** As a response takes it: texts that were kept stay text, bytes or a stream alone stay so. */
  body(): string | Uint8Array<ArrayBuffer> | ReadableStream {
    const [first, ...rest] = this.#parts;
    if (rest.length > 0 || first === undefined) return this.text();
    return first as string | Uint8Array<ArrayBuffer> | ReadableStream;
  }

  /** As a binary frame takes it. */
  bytes(): Uint8Array {
    return concat(this.#parts as Uint8Array[]);
  }

  text(): string {
    return this.#parts
      .map((part) => {
        if (part instanceof ReadableStream) throw new Error('this body is a stream');
        return typeof part === 'string' ? part : decoder.decode(part);
      })
      .join('');
  }
}

export interface Host {
  run(command: Command, held: Held): Promise<CommandResult>;
}

export interface LocalHost {
  run(command: Command, held: Held): CommandResult;
}

/** Runs a spanning operation: each step's commands at once, and then the next step. Whatever is
 * open when it ends is ended with it. */
export async function drive(
  engine: Engine,
  request: RequestFrame,
  host: Host,
  held = new Held(),
): Promise<Reply> {
  try {
    return await driveSteps(engine, request, host, held);
  } finally {
    await held.release();
  }
}

async function driveSteps(
  engine: Engine,
  request: RequestFrame,
  host: Host,
  held: Held,
): Promise<Reply> {
  let step: OutputFrame = engine.begin(request);
  while (step[0] === 0) {
    const [, operation, commands] = step;
    let results: CommandResult[];
    try {
      results = await Promise.all(commands.map((command) => host.run(command, held)));
    } catch (error) {
      engine.cancel(operation);
      throw error;
    }
    step = engine.resume(operation, results);
  }
  return new Reply(step[1], held);
}

/** A body up to this goes with the request, in place of its size: the core asks for none. */
const BODY_WITH_REQUEST_MAX = 64 << 10;

/** Only of a local operation, which is over at once: of one that waits, the core would keep it. */
function withBody(request: RequestFrame, { body }: Held): RequestFrame {
  const whole = body.byteLength === request[BODY] && body.byteLength <= BODY_WITH_REQUEST_MAX;
  if (whole && body.byteLength > 0) request[BODY] = body;
  return request;
}
const BODY = 6; // its place in a RequestFrame

/** Runs a local operation, with no await between its steps. */
export function driveSync(
  engine: Engine,
  request: RequestFrame,
  host: LocalHost,
  held = new Held(),
): Reply {
  let step: OutputFrame = engine.begin(withBody(request, held));
  while (step[0] === 0) {
    const [, operation, commands] = step;
    let results: CommandResult[];
    try {
      results = commands.map((command) => host.run(command, held));
    } catch (error) {
      engine.cancel(operation);
      throw error;
    }
    step = engine.resume(operation, results);
  }
  return new Reply(step[1], held);
}
