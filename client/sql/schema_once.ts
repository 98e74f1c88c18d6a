// A schema that every shard has, made once for each of its versions.

import { CollegeDBError } from './errors.ts';
import { createSchemaAcrossShards } from './existing.ts';
import { kvOf } from './parts.ts';
import { activeRouter } from './scope.ts';
import type { Shard } from './types.ts';

export interface EnsureSchemaOptions {
  /** Not again in this isolate. */
  once?: boolean;
  /** Where KV notes the version: not again anywhere, but for shards that are new. */
  versionKey?: string;
  /** `1` if it is not given. */
  version?: string;
}

/** Which texts an isolate has made, by shard. */
const made = new WeakMap<Shard, Set<string>>();

function namesOf(text: string | null): string[] | undefined {
  try {
    const names: unknown = JSON.parse(text ?? 'null');
    return Array.isArray(names) ? (names as string[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Runs a schema on every shard that has not got it. The schema must bear to be run twice: two
 * isolates may begin at once. */
export async function ensureSchema(
  schema: string | readonly string[],
  { once = false, versionKey, version = '1' }: EnsureSchemaOptions = {},
): Promise<void> {
  const text = typeof schema === 'string' ? schema : schema.join('\n;\n');
  if (text.trim() === '') {
    throw new CollegeDBError('A schema has one statement at least', 'SCHEMA_MIGRATION_FAILED');
  }
  const { config } = activeRouter();
  const { shards } = config;
  const remembers = once || versionKey !== undefined;
  const of = JSON.stringify([versionKey, version, text]);
  const left = Object.keys(shards).filter(
    (name) => !remembers || !made.get(shards[name] as Shard)?.has(of),
  );
  if (left.length === 0) return;
  const kv = versionKey === undefined ? undefined : kvOf(undefined, () => config);
  const noted = `${versionKey}:shards`;
  const current = versionKey !== undefined && (await kv?.get(versionKey)) === version;
  // Who noted the version without the shards meant all of them.
  const having = current ? (namesOf((await kv?.get(noted)) ?? null) ?? left) : [];
  const missing = left.filter((name) => !having.includes(name));
  if (missing.length > 0) {
    const entries = missing.map((name) => [name, shards[name] as Shard] as const);
    await createSchemaAcrossShards(Object.fromEntries(entries), text);
    if (kv !== undefined && versionKey !== undefined) {
      await kv.put(noted, JSON.stringify([...new Set([...having, ...Object.keys(shards)])].sort()));
      if (!current) await kv.put(versionKey, version);
    }
  }
  if (!remembers) return;
  for (const name of left) {
    const shard = shards[name] as Shard;
    made.set(shard, (made.get(shard) ?? new Set()).add(of));
  }
}
