// Request frames: what every operation starts with. Time and randomness enter the core here.

import type { IdentityFrame, Params, RequestFrame } from './frames.ts';

export interface Call {
  operation: string;
  identity: IdentityFrame | null;
  params: Params;
}

/** `space` is the name of the object that runs it, or null in the Worker. */
export function requestFrame(call: Call, space: string | null, bodySize = 0): RequestFrame {
  const seed = crypto.getRandomValues(new Uint8Array(16));
  return [call.operation, Date.now(), seed, call.identity, space, call.params, bodySize];
}
