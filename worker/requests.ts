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

/** `space` is the name of the object that runs it, or null in the Worker. */
export function requestFrame(call: Call, space: string | null, bodySize = 0): RequestFrame {
  const seed = crypto.getRandomValues(new Uint8Array(16));
  return [call.operation, Date.now(), seed, call.identity, space, call.params, bodySize];
}
