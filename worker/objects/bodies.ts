// Bodies of requests, read into memory within bounds: each no further than the core would take it,
// all that are under way in this isolate together no further than it can hold, and none for ever.

import { BODY_READ_MAX, SIZE_HEADER } from '../space_client.ts';

/** Of an isolate's 128 MB, with room for the engine and what it answers. */
const TOGETHER_BYTES_MAX = 48 << 20;

/** A body up to this is gathered in chunks where nobody says how large it is. */
const SMALL_BYTES = 4 << 20;

const READ_MS = 60_000;

let together = 0;

/** Why a body was not read. */
export class Unread extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface ReadBody {
  bytes: Uint8Array;
  size: number;
}

const NOTHING = new Uint8Array();

/** The room of one body. A declared one takes it at once. Another takes it as it comes, twice, in
 * chunks and as a whole, while it is small; then it takes that of the largest there may be. */
class Room {
  size = 0;
  #held = 0;
  #fits = true;
  #whole: Uint8Array | undefined;
  #chunks: Uint8Array[] = [];
  readonly #bytesMax: number;

  constructor(declared: number, bytesMax: number) {
    this.#bytesMax = bytesMax;
    if (declared > 0 && this.#hold(declared)) this.#whole = new Uint8Array(declared);
  }

  add(chunk: Uint8Array): void {
    const at = this.size;
    this.size += chunk.byteLength;
    if (!this.#fits || this.size >= this.#bytesMax) return;
    if (this.#whole === undefined && this.size > SMALL_BYTES) this.#join(this.#bytesMax);
    if (this.#whole) this.#whole.set(chunk, at);
    else if (this.#hold(chunk.byteLength * 2)) this.#chunks.push(chunk);
  }

  /** The body, unless there was no room for all of it. */
  take(): Uint8Array | undefined {
    if (this.#chunks.length > 1) this.#join(this.size);
    const whole = this.#whole ?? this.#chunks[0] ?? NOTHING;
    return this.#fits ? whole.subarray(0, this.size) : undefined;
  }

  release(): void {
    together -= this.#held;
    this.#held = 0;
  }

  #hold(bytes: number): boolean {
    this.#fits &&= together + bytes <= TOGETHER_BYTES_MAX;
    if (this.#fits) {
      together += bytes;
      this.#held += bytes;
    } else {
      this.#chunks = [];
      this.#whole = undefined;
      this.release();
    }
    return this.#fits;
  }

  /** From chunks into room for so many bytes, of which what the chunks hold is a part. */
  #join(bytes: number): void {
    if (!this.#hold(Math.max(0, bytes - this.#held))) return;
    this.#whole = new Uint8Array(bytes);
    let at = 0;
    for (const chunk of this.#chunks.splice(0)) {
      this.#whole.set(chunk, at);
      at += chunk.byteLength;
    }
  }
}

/** Reads the body, no further than `bytesMax`, and runs `use` on it: then it is let go. One that is
 * declared larger is not even sent. Throws Unread: `busy`, `request_timeout`. */
export async function withBody<T>(
  request: Request,
  use: (body: ReadBody) => T | Promise<T>,
  bytesMax = BODY_READ_MAX,
  declared = Number(request.headers.get(SIZE_HEADER) ?? 0),
): Promise<T> {
  if (declared >= bytesMax) {
    return use({ bytes: NOTHING, size: Math.min(declared, 0xffffffff) });
  }
  if (request.body === null) return use({ bytes: NOTHING, size: 0 });
  const reader = request.body.getReader();
  const timer = setTimeout(() => {
    void reader.cancel(new Unread(408, 'request_timeout', 'late')).catch(() => {});
  }, READ_MS);
  const until = Date.now() + READ_MS;
  const room = new Room(declared, bytesMax);
  try {
    // What does not fit is read to its end all the same: a sender that is answered before fails.
    for (;;) {
      const { done, value } = await reader.read();
      if (Date.now() >= until) {
        throw new Unread(408, 'request_timeout', 'The body took longer than a minute; send less');
      }
      if (done) break;
      room.add(value as Uint8Array);
      if (room.size >= bytesMax) return use({ bytes: NOTHING, size: room.size });
    }
    const bytes = room.take();
    if (bytes === undefined) {
      throw new Unread(503, 'busy', 'Too much is being sent at once; send it again in a second');
    }
    return await use({ bytes, size: room.size });
  } finally {
    clearTimeout(timer);
    room.release();
    void reader.cancel().catch(() => {});
  }
}

/** Reads the body and keeps none of it: a sender that is answered before it has sent all fails. */
export async function discardBody(request: Request, bytesMax = BODY_READ_MAX): Promise<void> {
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size >= bytesMax) return;
  }
}
