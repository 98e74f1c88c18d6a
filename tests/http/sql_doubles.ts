// Databases, KV and a coordinator that fail, and admins, for the tests of what tells of them.

import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { setVars } from '../accounts.ts';
import { newUser, send } from '../clients.ts';
import { signToken } from '../tokens.ts';

const later_ms = 60_000;
let now_ms = 0;

/** Lets a minute pass for whoever asks the time: what was kept of the health is too old then. */
export function letTimePass(): void {
  now_ms = Math.max(now_ms, Date.now()) + later_ms;
  vi.useFakeTimers({ toFake: ['Date'], now: now_ms });
}

export async function bearerOf(role: string, user = newUser()): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await signToken(user, { role })}` };
}

export async function askAs(role: string, path: string, init: RequestInit = {}): Promise<Response> {
  return send(path, { ...init, headers: { ...(await bearerOf(role)), ...init.headers } });
}

export async function told<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

const down = () => Promise.reject(new Error('it is down'));

export const brokenShard = {
  prepare: () => ({ all: down, first: down, bind: () => ({ all: down }) }),
  batch: down,
} as unknown as D1Database;

/** KV that is asked by the health check, over the test's own. */
export function kvWith(methods: Partial<Record<'get' | 'put', (...given: never[]) => unknown>>) {
  const { KV } = env;
  const whole = { get: KV.get.bind(KV), put: KV.put.bind(KV), delete: KV.delete.bind(KV) };
  return { ...whole, list: KV.list.bind(KV), ...methods } as unknown as KVNamespace;
}

/** A coordinator that answers so; `undefined` leaves a request to the test's own. */
export function coordinatorWith(
  answer: (path: string) => Response | Promise<Response> | undefined,
): typeof env.ShardCoordinator {
  const { ShardCoordinator: real } = env;
  const stub = {
    fetch: async (url: string, init?: RequestInit) =>
      (await answer(new URL(url).pathname)) ?? real.getByName('default').fetch(url, init),
  };
  return { idFromName: () => 'default', get: () => stub } as unknown as typeof real;
}

export const deadCoordinator = () => coordinatorWith(() => down());

/** A coordinator that counted so many keys in each shard. */
export function coordinatorCounting(counts: Record<string, number>, lastUpdated = Date.now()) {
  const stats = Object.entries(counts).map(([binding, count]) => ({ binding, count, lastUpdated }));
  return coordinatorWith((path) => {
    if (path === '/stats') return Response.json(stats);
    return path === '/shards' ? Response.json(Object.keys(counts)) : undefined;
  });
}

/** As `setVars`, and in a time when nothing is kept of before. */
export function setParts(parts: Parameters<typeof setVars>[0]): void {
  setVars(parts);
  letTimePass();
}
