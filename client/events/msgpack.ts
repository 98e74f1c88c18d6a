// MessagePack as this protocol writes it: a number from 2^32 on is a float64, never a uint64 or an
// int64, which readers of the protocol take for a BigInt and refuse. Any width and key order is
// read; bytes after the value are an error.

import { decode, encode } from '@msgpack/msgpack';
import type { Bytes } from './bytes.ts';
import { asEventsError, EventsError } from './errors.ts';

const depthMax = 32;

/** `useBigInt64` is what makes large numbers floats; BigInts themselves never get here. */
const options = { useBigInt64: true, maxDepth: depthMax + 2 };

export const pack = (value: unknown): Bytes => encode(value, options).slice();

/** Throws what a decoder throws. */
export const unpack = (bytes: Uint8Array): unknown => decode(bytes);

/** A payload as bytes. Refuses what would not come back equal: see `plain`. */
export function packPayload(payload: unknown): Bytes {
  plain(payload, 0);
  return pack(payload);
}

export function unpackPayload(bytes: Uint8Array): unknown {
  try {
    return unpack(bytes);
  } catch (error) {
    throw asEventsError(error, 'invalid_payload');
  }
}

const refuse = (what: string): never => {
  throw new EventsError('invalid_payload', `A payload cannot hold ${what}`);
};

/** A payload is made of null, booleans, numbers, text, bytes, arrays and plain objects. */
function plain(value: unknown, depth: number): void {
  if (depth > depthMax) refuse(`more than ${depthMax} levels`);
  if (value === null || ['string', 'boolean', 'number'].includes(typeof value)) return;
  if (value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const member of value) plain(member, depth + 1);
  } else if (typeof value === 'object') {
    const kind = Object.getPrototypeOf(value);
    if (kind !== Object.prototype && kind !== null) refuse('an object of a class');
    // An undefined member is left out by neither side in the same way: it is refused too.
    for (const [key, member] of Object.entries(value)) {
      if (key === '__proto__') refuse('a key __proto__');
      plain(member, depth + 1);
    }
  } else {
    refuse(typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`);
  }
}
