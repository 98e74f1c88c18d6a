// One request, with a bound on its time. Rejects with a SyncError: `offline`, `timed_out`, or
// `closed` once `signal` says so.

import { SyncError } from '../errors.ts';
import type { Platform } from '../platform.ts';

export interface RequestOptions {
  fetch: typeof globalThis.fetch;
  platform: Pick<Platform, 'setTimeout' | 'clearTimeout'>;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface Answered {
  response: Response;
  text: string;
}

export async function request(
  url: string,
  init: RequestInit,
  { fetch, platform, timeoutMs, signal }: RequestOptions,
): Promise<Answered> {
  const abort = new AbortController();
  let timer: unknown;
  let close = () => {};
  const cut = new Promise<never>((_, reject) => {
    const end = (code: string, message: string) => {
      reject(new SyncError(code, message));
      abort.abort();
    };
    timer = platform.setTimeout(() => end('timed_out', 'No answer in time'), timeoutMs);
    close = () => end('closed', 'The client was closed');
    if (signal?.aborted) close();
    else signal?.addEventListener('abort', close);
  });
  try {
    const answered = exchange(fetch, url, { ...init, signal: abort.signal });
    return await Promise.race([answered, cut]);
  } finally {
    platform.clearTimeout(timer);
    signal?.removeEventListener('abort', close);
  }
}

async function exchange(
  fetch: typeof globalThis.fetch,
  url: string,
  init: RequestInit,
): Promise<Answered> {
  try {
    const response = await fetch(url, init);
    return { response, text: await response.text() };
  } catch (cause) {
    throw new SyncError('offline', 'The server could not be reached', { cause });
  }
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyncError('bad_answer', 'The answer is not JSON', { cause });
  }
}

/** What an answer that is not of success says. */
export function refusal({ response, text }: Answered, now: number): SyncError {
  let told: { error?: unknown; message?: unknown } = {};
  try {
    told = JSON.parse(text) ?? {};
  } catch {
    // A proxy's page, perhaps: the status says enough.
  }
  const { status } = response;
  const code = typeof told.error === 'string' ? told.error : `http_${status}`;
  const message = typeof told.message === 'string' ? told.message : `The answer was ${status}`;
  const wait = retryAfterMs(response.headers.get('retry-after'), now);
  return new SyncError(code, message, { status, retryAfterMs: wait });
}

function retryAfterMs(value: string | null, now: number): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
