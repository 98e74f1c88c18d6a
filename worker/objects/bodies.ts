// Bodies of requests, read into memory within bounds: each no further than the core would take it,
// all that are under way in this isolate together no further than it can hold, and none for ever.

import { BODY_READ_MAX, SIZE_HEADER } from '../space_client.ts';

/** Of an isolate's 128 MB, with room for the engine and what it answers. */
const TOGETHER_BYTES_MAX = 48 << 20;

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

/** Whether there is room for so many bytes; then they are taken. */
function hold(bytes: number): boolean {
  if (together + bytes > TOGETHER_BYTES_MAX) return false;
  together += bytes;
  return true;
}

/** Reads the body, no further than `bytesMax`, and runs `use` on it: then it is let go. One declared larger is not even sent. Throws Unread: `busy`, `request_timeout`. */
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
  // A declared body takes its room at once, another as it comes, twice: in chunks and as a whole.
  let held = declared > 0 && hold(declared) ? declared : 0;
  let fits = declared === 0 || held > 0;
  const whole = new Uint8Array(held);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // What does not fit is read to its end all the same: a sender that is answered before fails.
    for (;;) {
      const { done, value } = await reader.read();
      if (Date.now() >= until) {
        throw new Unread(408, 'request_timeout', 'The body took longer than a minute; send less');
      }
      if (done) break;
      const chunk = value as Uint8Array;
      if (fits && declared === 0) {
        fits = hold(chunk.byteLength * 2);
        if (fits) held += chunk.byteLength * 2;
      }
      if (fits && declared > 0) whole.set(chunk, size);
      else if (fits) chunks.push(chunk);
      size += chunk.byteLength;
      if (size >= bytesMax) return use({ bytes: NOTHING, size });
    }
    if (!fits) {
      throw new Unread(503, 'busy', 'Too much is being sent at once; send it again in a second');
    }
    return await use({
      bytes: declared > 0 ? whole.subarray(0, size) : joined(chunks, size),
      size,
    });
  } finally {
    clearTimeout(timer);
    together -= held;
    void reader.cancel().catch(() => {});
  }
}

function joined(chunks: Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Reads the body and keeps none of it: a sender that is answered before it has sent all fails. */
export async function discardBody(request: Request): Promise<void> {
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size >= BODY_READ_MAX) return;
  }
}
