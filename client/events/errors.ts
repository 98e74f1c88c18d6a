// What can go wrong with the event log, as one class with stable codes.
//
// A server closes with the reason `code: message`; its codes (docs/events.md) are passed on as they
// came. Our own are:
//   offline, timed_out   no connection, or no sign of life in time
//   bad_frame            what came is not a frame of the protocol
//   signed_out           the server does not take the credentials, or there are none
//   invalid_config       a mistaken setting
//   no_websocket         this runtime has no WebSocket: give one
//   read_only            a connection that only reads was asked to write
//   unknown_event, invalid_payload, entry_too_large   a mistaken call
//   invalid_identity     the text is not an identity
//   store_failed, store_newer   the journal: see the errors of SyncClient
//   closed               it was closed

import { SyncError } from '../errors.ts';

export interface EventsErrorDetails {
  /** The WebSocket's close code, where there was one. */
  closeCode?: number | undefined;
  cause?: unknown;
}

export class EventsError extends Error {
  override readonly name = 'EventsError';
  readonly code: string;
  readonly closeCode: number | undefined;

  constructor(code: string, message: string, details: EventsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.closeCode = details.closeCode;
  }
}

export function asEventsError(error: unknown, code: string): EventsError {
  if (error instanceof EventsError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EventsError(error instanceof SyncError ? error.code : code, message, { cause: error });
}

/** What a close code means where its reason names no code. */
const meanings: Record<number, string> = {
  1003: 'text_frame',
  1007: 'invalid_frame',
  1008: 'refused',
  1009: 'frame_too_large',
  1011: 'internal',
  1012: 'restarted',
  1013: 'busy',
  4401: 'signed_out',
  4409: 'cursor_expired',
};

/** The error that a close says. */
export function closeError(closeCode: number, reason: string): EventsError {
  const [, code, message] = /^([a-z][a-z0-9_]*)(?:: (.*))?$/s.exec(reason) ?? [];
  const meant = code ?? meanings[closeCode] ?? 'offline';
  const told = message ?? (code ? '' : reason);
  return new EventsError(meant, told || `The connection ended (${closeCode})`, { closeCode });
}

/** Codes after which the same attempt may succeed later. Any other needs a person. */
const passing = new Set([
  'offline',
  'timed_out',
  'bad_frame',
  'internal',
  'restarted',
  'busy',
  'unavailable',
  'chunk_timeout',
  'store_failed',
]);

export const mayPass = ({ code }: EventsError): boolean => passing.has(code);
