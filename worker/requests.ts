// Request frames: what every operation starts with. Time and randomness enter the core here.

import type { IdentityFrame, Params, RequestFrame } from './frames.ts';

export interface Call {
  operation: string;
  identity: IdentityFrame | null;
  params: Params;
  /** Of a caller's own request: the object admits it first, by this bound (the variable
   * REQUESTS_PER_MINUTE, or empty for the core's own). */
  requestsMax?: string;
  /** A spanning operation: one after the other in its object. */
  inTurn?: boolean;
}

/** JSON in ASCII alone, as a header's value must be. */
export function headerJson(value: unknown): string {
  const ascii = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, ascii);
}

const SEED_BYTES = 16;

/** Random bytes for many seeds: to draw a few costs as much as to draw these. */
const drawn = new Uint8Array(64 * SEED_BYTES);
let used = drawn.length;

/** Bytes that nobody had before. */
function newSeed(): Uint8Array {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  used += SEED_BYTES;
  return drawn.slice(used - SEED_BYTES, used);
}

/** `space` is the name of the object that runs it, or null in the Worker. */
export function requestFrame(call: Call, space: string | null, bodySize = 0): RequestFrame {
  return [call.operation, Date.now(), newSeed(), call.identity, space, call.params, bodySize];
}
