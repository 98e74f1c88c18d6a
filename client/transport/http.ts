// POST /sync. Resolves with the parsed answer, whatever its shape; rejects with a SyncError.

import type { Platform } from '../platform.ts';
import { parse, refusal, request } from './request.ts';

export interface HttpOptions {
  url: string;
  fetch: typeof globalThis.fetch;
  platform: Platform;
  timeoutMs: number;
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
  const init = {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-device-id': device,
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body,
  };
  const answered = await request(`${url}/sync`, init, { fetch, platform, timeoutMs, signal });
  if (!answered.response.ok) throw refusal(answered, platform.now());
  return parse(answered.text);
}
