// The way of a request to a document: the core says whether the caller may, and which object it is.
//
// It decides by what it is given here and by nothing else, so the same caller on the same way is
// not asked about twice: what it allowed is remembered, the oldest goes first. What it refuses is
// not.

import type { Answer } from '../app.ts';
import { run } from '../auth/operations.ts';
import type { Env } from '../env.ts';
import type { IdentityFrame, Params } from '../frames.ts';

/** What the core reads of a request's parameters (wasm/documents/enter_document.cc). */
const READ = ['app', 'action', 'editors', 'shards', 'shard', 'method', 'content_type'] as const;

const WAYS_MAX = 1_000;
const KEY_UNITS_MAX = 2_048;

const ways = new Map<string, Answer>();

export async function enterDocument(
  env: Env,
  identity: IdentityFrame,
  all: Params,
): Promise<Answer> {
  const read = READ.map((name) => [name, all[name] ?? ''] as const);
  const key = JSON.stringify([identity, read]);
  const known = ways.get(key);
  if (known !== undefined) return known;
  const params = Object.fromEntries(read);
  const way = await run(env, { operation: 'enter_document', identity, params });
  if (way.status < 400 && key.length <= KEY_UNITS_MAX) {
    ways.set(key, way);
    for (const [oldest] of ways) {
      if (ways.size <= WAYS_MAX) break;
      ways.delete(oldest);
    }
  }
  return way;
}
