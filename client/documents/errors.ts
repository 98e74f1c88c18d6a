// What can go wrong with documents, as one class with stable codes.
//
// A code of the server's answer (docs/documents.md, "Codes") is passed on as it came. Our own are:
//   offline, timed_out   no connection, or no answer in time
//   bad_answer           the answer is not what a server of Tidemark sends
//   no_headers           the function that gives the headers failed, or took too long
//   not_configured       there is no `window.__CEDB`, or an address is missing in it or wrong
//   read_only            there is no `writeUrl`
//   other_document       the store holds another document
//   store_failed, store_newer   the local store: see the errors of SyncClient
//   invalid_collection, invalid_id, invalid_data, not_found   a mistaken call
//   contended            others write the same records again and again; it tries again
//   closed               it was closed

import { maySucceedLater, SyncError } from '../errors.ts';

export interface DocumentErrorDetails {
  /** The HTTP status, where there was one. */
  status?: number | undefined;
  /** How long the server asks to wait. */
  retryAfterMs?: number | undefined;
  /** The document's version now, where the answer says it. */
  version?: string | null;
  cause?: unknown;
}

export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly code: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly version: string | null;

  constructor(code: string, message: string, details: DocumentErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.version = details.version ?? null;
  }
}

export function asDocumentError(error: unknown, code = 'bad_answer'): DocumentError {
  if (error instanceof DocumentError) return error;
  if (error instanceof SyncError) {
    const { status, retryAfterMs, cause } = error;
    return new DocumentError(error.code, error.message, { status, retryAfterMs, cause });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new DocumentError(code, message, { cause: error });
}

/** The server wants another sign-in, or there is none to send. */
export const isDenied = ({ code, status }: DocumentError): boolean =>
  status === 401 || code === 'no_headers';
export const isUnreached = ({ code }: DocumentError): boolean =>
  code === 'offline' || code === 'timed_out';
export const tookTooLong = ({ code, status }: DocumentError): boolean =>
  status === 408 || code === 'timed_out';
export const wroteNothing = ({ status = 0 }: DocumentError): boolean =>
  status >= 400 && status < 500 && status !== 408;
/** Whether it may be otherwise without a change of what was asked. */
export const mayPass = (error: DocumentError): boolean => isDenied(error) || maySucceedLater(error);

export const closed = (): DocumentError => new DocumentError('closed', 'It was closed');
