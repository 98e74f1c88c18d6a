// What can go wrong, as one class with stable codes.
//
// A code of the server's answer (docs/records.md, "Codes") is passed on as it came. Our own are:
//   offline         no connection, or it broke
//   timed_out       no answer in time
//   bad_answer      the answer is not what a server of Tidemark sends
//   signed_out      there is no token, or the server no longer takes it
//   other_user      the store holds another user's records
//   store_failed    the local store could not write or read (its disk may be full)
//   store_newer     the store was written by a newer version of this package
//   unknown_collection, invalid_id, invalid_data, not_found, not_in_transaction: a mistaken call
//   closed          the client was closed

export interface SyncErrorDetails {
  /** The HTTP status, where there was one. */
  status?: number | undefined;
  /** How long the server asks to wait. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, details: SyncErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Whether the same request may succeed later. Anything else needs a person, or a programmer. */
export function maySucceedLater({ code, status }: Pick<SyncError, 'code' | 'status'>): boolean {
  if (status === 429 || code === 'rate_limited') return true;
  if (status !== undefined) return status >= 500 || status === 408;
  return ['offline', 'timed_out', 'bad_answer', 'store_failed'].includes(code);
}

export function asSyncError(error: unknown, code: string): SyncError {
  if (error instanceof SyncError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SyncError(code, message, { cause: error });
}
