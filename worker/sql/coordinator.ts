// The coordinator of this Worker's shards: one object, `default`.

import { observed } from '../../client/sql/observe.ts';
import type { Env } from '../env.ts';
import { countHere, observerOf } from './counters.ts';
import { PROBE_MS, within } from './within.ts';

const HOST = 'http://coordinator';

/** Any request of its HTTP API, as it is answered. */
export function askCoordinator(env: Env, path: string, init: RequestInit = {}): Promise<Response> {
  const { ShardCoordinator: objects } = env;
  return objects.get(objects.idFromName('default')).fetch(`${HOST}${path}`, init);
}

/** The same for somebody who asks: counted and measured, and what the coordinator fails in too. */
export async function passToCoordinator(
  env: Env,
  path: string,
  init: RequestInit,
): Promise<Response> {
  const since = Date.now();
  const tell = (ok: boolean, code: string) => {
    const [operation = ''] = path.split('?');
    const asked = { of: 'coordinator', operation, ms: Date.now() - since } as const;
    observerOf(env.ANALYTICS)(ok ? { ...asked, ok } : { ...asked, ok, code });
  };
  try {
    const response = await askCoordinator(env, path, init);
    tell(response.status < 500, String(response.status));
    return response;
  } catch (error) {
    tell(false, 'FAILED');
    throw error;
  }
}

/** The body of a GET. Throws unless it was answered 2xx. */
export function readCoordinator(env: Env, path: string): Promise<string> {
  const asked = { of: 'coordinator', operation: path } as const;
  return observed({ onQuery: countHere, clock: Date }, asked, async () => {
    const response = await within(PROBE_MS, askCoordinator(env, path));
    const text = await within(PROBE_MS, response.text());
    if (response.ok) return text;
    throw new Error(`the coordinator answered ${response.status}`);
  });
}
