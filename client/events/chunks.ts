// A message over 512,000 bytes goes as several ChunkedMessages of one id, each with a part of its
// bytes. What is being joined is bounded: in bytes, in parts and in messages at once.

import { type Bytes, joined } from './bytes.ts';
import { EventsError } from './errors.ts';
import { chunk, type ServerMessage } from './protocol.ts';

export const chunkBytes = 512_000;
const messageBytesMax = 64_000_000;
const partsMax = 1_000;
const messagesMax = 16;

/** The frames of a message: itself, or its parts. */
export function framesOf(id: number, message: Bytes): Bytes[] {
  if (message.length <= chunkBytes) return [message];
  const total = Math.ceil(message.length / chunkBytes);
  return Array.from({ length: total }, (_, index) =>
    chunk(id, [index, total], message.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
  );
}

type Part = Extract<ServerMessage, { tag: 'ChunkedMessage' }>;

interface Joining {
  total: number;
  parts: Map<number, Bytes>;
  size: number;
}

export class Joiner {
  readonly #joining = new Map<number, Joining>();

  /** The whole message once its last part is there. Parts come in any order, and maybe twice. */
  add({ id, index, total, data }: Part): Bytes | null {
    if (total < 1 || total > partsMax || index >= total) throw tooMuch();
    const found = this.#joining.get(id) ?? { total, parts: new Map(), size: 0 };
    if (found.total !== total) throw tooMuch();
    if (found.parts.has(index)) return null;
    this.#joining.set(id, found);
    found.parts.set(index, data);
    found.size += data.length;
    if (found.size > messageBytesMax || this.#joining.size > messagesMax) throw tooMuch();
    if (found.parts.size < total) return null;
    this.#joining.delete(id);
    const parts = Array.from({ length: total }, (_, at) => found.parts.get(at) as Bytes);
    return joined(parts, found.size);
  }
}

const tooMuch = () => new EventsError('bad_frame', 'The server sent chunks that do not fit');
