// The core as a Wasm instance: nine exports, one message format, no imports (docs/boundary.md).
//
// One instance serves an isolate. Any exception out of it (a trap, or a stack overflow) ends it:
// the requests in flight in it fail, and the next one gets a new instance. Wasm memory never
// shrinks, so an instance that a large request grew is replaced once nothing is under way in it.

import tidemark from '../build/tidemark.wasm';
import {
  type CommandResult,
  decodeOutput,
  encodeFrame,
  type OutputFrame,
  type RequestFrame,
  sliceHead,
} from './frames.ts';

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  tm_reserve(size: number): number;
  tm_begin(size: number): void;
  tm_resume(operation: number, size: number): void;
  tm_output(): number;
  tm_output_size(): number;
  tm_cancel(operation: number): void;
  tm_slot(size: number): number;
}

/** A push of ten thousand records takes 5 MB; only one of huge records takes more than this. */
const RETIRE_ABOVE_BYTES = 16 << 20;

const encoder = new TextEncoder();

/** The instance that ran this operation is gone. */
export class EngineLost extends Error {
  override name = 'EngineLost';
}

export class Engine {
  readonly #exports: Exports;
  #live = 0;
  #lost = false;

  constructor(module: WebAssembly.Module = tidemark) {
    this.#exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
    this.#exports._initialize();
  }

  /** Starts an operation. */
  begin(request: RequestFrame): OutputFrame {
    return this.#call(request, 1, (size) => this.#exports.tm_begin(size));
  }

  /** Continues an operation with the results of its commands, in their order. */
  resume(operation: number, results: CommandResult[]): OutputFrame {
    return this.#call(results, 0, (size) => this.#exports.tm_resume(operation, size));
  }

  /** Frees an operation that will not be resumed. */
  cancel(operation: number): void {
    if (this.#lost) return;
    this.#exports.tm_cancel(operation);
    this.#live -= 1;
  }

  /** The slot of a key that SQL is routed by: 0 to 4,095. */
  slot(key: string): number {
    if (this.#lost) throw new EngineLost('the engine was lost');
    try {
      const room = key.length * 3; // bytes that UTF-8 takes at most
      const at = this.#exports.tm_reserve(room);
      const input = new Uint8Array(this.#exports.memory.buffer, at, room);
      return this.#exports.tm_slot(encoder.encodeInto(key, input).written);
    } catch (error) {
      this.#lost = true;
      throw new EngineLost('the engine stopped', { cause: error });
    }
  }

  get lost(): boolean {
    return this.#lost;
  }
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }
  /** Nothing is under way, and the memory is larger than small requests need. */
  get spent(): boolean {
    return this.#live === 0 && this.memoryBytes > RETIRE_ABOVE_BYTES;
  }

  /** Writes a frame into the input, and returns its size. A slice of the body, the largest of
   * results, goes there without a copy in between. */
  #write(frame: RequestFrame | CommandResult[]): number {
    const slice = frame.length === 1 && frame[0] instanceof Uint8Array ? frame[0] : undefined;
    const bytes = slice ? sliceHead(slice.byteLength) : encodeFrame(frame);
    const size = bytes.byteLength + (slice?.byteLength ?? 0);
    const at = this.#exports.tm_reserve(size);
    const input = new Uint8Array(this.#exports.memory.buffer, at, size);
    input.set(bytes);
    if (slice) input.set(slice, bytes.byteLength);
    return size;
  }

  #call(
    frame: RequestFrame | CommandResult[],
    begins: number,
    run: (size: number) => void,
  ): OutputFrame {
    if (this.#lost) throw new EngineLost('the engine was lost while this request waited');
    try {
      run(this.#write(frame));
      const output = new Uint8Array(
        this.#exports.memory.buffer,
        this.#exports.tm_output(),
        this.#exports.tm_output_size(),
      );
      const step = decodeOutput(output);
      this.#live += begins - (step[0] === 1 ? 1 : 0);
      return step;
    } catch (error) {
      this.#lost = true;
      throw new EngineLost('the engine stopped', { cause: error });
    }
  }
}

let current: Engine | undefined;

/** The isolate's engine: a new one if the last was lost or is spent. */
export function engine(): Engine {
  if (current === undefined || current.lost || current.spent) current = new Engine();
  return current;
}
