// POST /sync, with a bound on its time. Resolves with the parsed answer, whatever its shape;
// rejects with a SyncError.

import { SyncError } from '../errors.ts';
import type { Platform } from '../platform.ts';

export interface HttpOptions {
  url: string;
  fetch: typeof globalThis.fetch;
  platform: Platform;
  timeoutMs: number;
}

function retryAfterMs(value: string | null, now: number): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyncError('bad_answer', 'The answer is not JSON', { cause });
  }
}

function refusal(response: Response, text: string, now: number): SyncError {
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

export async function postSync(
  { url, fetch, platform, timeoutMs }: HttpOptions,
  {
    body,
    device,
    token,
    signal,
  }: {
    body: string;
    device: string;
    token: string | null;
    signal: AbortSignal;
  },
): Promise<unknown> {
  const abort = new AbortController();
  let timer: unknown;
  const cut = new Promise<never>((_, reject) => {
    const end = (code: string, message: string) => {
      reject(new SyncError(code, message));
      abort.abort();
    };
    timer = platform.setTimeout(() => end('timed_out', 'No answer in time'), timeoutMs);
    if (signal.aborted) end('closed', 'The client was closed');
    else signal.addEventListener('abort', () => end('closed', 'The client was closed'));
  });
  try {
    const answered = exchange(fetch, `${url}/sync`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-device-id': device,
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body,
      signal: abort.signal,
    });
    const { response, text } = await Promise.race([answered, cut]);
    if (!response.ok) throw refusal(response, text, platform.now());
    return parse(text);
  } finally {
    platform.clearTimeout(timer);
  }
}

async function exchange(fetch: typeof globalThis.fetch, url: string, init: RequestInit) {
  try {
    const response = await fetch(url, init);
    return { response, text: await response.text() };
  } catch (cause) {
    throw new SyncError('offline', 'The server could not be reached', { cause });
  }
}
