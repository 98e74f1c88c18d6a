// The name of an entry: a UUID of version 7 (RFC 9562), 16 bytes on the wire, 32 hex digits here.
// Its first 48 bits are milliseconds, so ids sort by time; ids of one device made in the same
// millisecond sort in the order in which they were made (a counter of 12 bits, which carries over
// into the milliseconds). Time and randomness come in as arguments.

import { type Bytes, hexOf } from './bytes.ts';

/** 32 hex digits, lower case: compared as text they are in the order of their bytes. */
export type EntryId = string;

const counterMax = 0xfff;

export class EntryIds {
  readonly #random: (bytes: Bytes) => Bytes;
  #ms = 0;
  #counter = 0;

  constructor(random: (bytes: Bytes) => Bytes) {
    this.#random = random;
  }

  next(now: number): EntryId {
    const bytes = this.#random(new Uint8Array(16));
    if (now > this.#ms) {
      this.#ms = now;
      // Room above, so that a burst seldom has to borrow from the next millisecond.
      this.#counter = (((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0)) & 0x7ff;
    } else if (this.#counter < counterMax) {
      this.#counter += 1;
    } else {
      this.#ms += 1;
      this.#counter = 0;
    }
    const view = new DataView(bytes.buffer);
    view.setUint16(0, Math.floor(this.#ms / 2 ** 32));
    view.setUint32(2, this.#ms >>> 0);
    view.setUint16(6, 0x7000 | this.#counter);
    view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
    return hexOf(bytes);
  }

  /** What is made from now on sorts after the id: an edit beats what its writer has seen. */
  observe(id: EntryId, aheadMaxMs: number, now: number): void {
    const ms = millisOf(id);
    const counter = Number.parseInt(id.slice(13, 16), 16);
    if (ms > now + aheadMaxMs) return; // a clock far off must not pull ours along
    if (ms > this.#ms || (ms === this.#ms && counter > this.#counter)) {
      this.#ms = ms;
      this.#counter = counter;
    }
  }
}

export const millisOf = (id: EntryId): number => Number.parseInt(id.slice(0, 12), 16);

export function idBytes(id: EntryId): Bytes {
  const bytes = new Uint8Array(16);
  for (let at = 0; at < 16; at += 1) {
    bytes[at] = Number.parseInt(id.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

export const uuidOf = (id: EntryId): string =>
  id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
