// A configuration read off a Worker's bindings: the databases by their names; KV, the coordinator
// and the secret that keys are hashed with where they are called as usual.

import { CollegeDBError } from './errors.ts';
import { initialize } from './scope.ts';
import type { CollegeDBConfig, CoordinatorNamespace, KeyValueStore, Shard } from './types.ts';

export interface InitializeFromEnvOptions extends Partial<Omit<CollegeDBConfig, 'shards'>> {
  /** What the names of shards' bindings begin with: `DB_`, `DB-` and `db-`. */
  shardPrefixes?: readonly string[];
  /** Bindings that are no shards. */
  reserved?: readonly string[];
  /** A shard more, `env.DB` if there is one; `null` for none. */
  primary?: Shard | null;
  /** What it is called: `db-primary`. */
  primaryName?: string;
}

type Env = Readonly<Record<string, unknown>>;

const has = <T>(value: unknown, method: keyof T & string): value is T =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Record<string, unknown>)[method] === 'function';

/** Makes what is bound the isolate's default, and says the shards' names: a binding's in small
 * letters, with `-` for `_`. */
export function initializeFromEnv(
  env: object,
  {
    shardPrefixes = ['DB_', 'DB-', 'db-'],
    reserved = [],
    primary,
    primaryName = 'db-primary',
    ...options
  }: InitializeFromEnvOptions = {},
): string[] {
  const bindings = (env ?? {}) as Env;
  const kv = options.kv ?? (has<KeyValueStore>(bindings.KV, 'get') ? bindings.KV : undefined);
  if (kv === undefined && options.placement !== 'slots') {
    const message = "No KV binding found: bind one as KV, give kv, or say placement: 'slots'";
    throw new CollegeDBError(message, 'NO_KV');
  }
  const shards: Record<string, Shard> = {};
  const first = primary === undefined ? bindings.DB : primary;
  if (has<Shard>(first, 'prepare')) shards[primaryName] = first;
  for (const [name, binding] of Object.entries(bindings)) {
    const fits = shardPrefixes.some((prefix) => name.startsWith(prefix));
    if (!fits || reserved.includes(name) || !has<Shard>(binding, 'prepare')) continue;
    const called = name.toLowerCase().replaceAll('_', '-');
    if (Object.hasOwn(shards, called)) {
      throw new CollegeDBError(`Two bindings would be shard ${called}`, 'INVALID_CONFIG');
    }
    shards[called] = binding;
  }
  if (Object.keys(shards).length === 0) {
    const message = `No shard bindings found: names begin with ${shardPrefixes.join(', ')}`;
    throw new CollegeDBError(message, 'NO_SHARDS');
  }
  const coordinator =
    options.coordinator ??
    (has<CoordinatorNamespace>(bindings.ShardCoordinator, 'idFromName')
      ? bindings.ShardCoordinator
      : undefined);
  // An empty secret is none.
  const keyPepper = options.keyPepper ?? (bindings.SHARD_KEY_PEPPER || undefined);
  initialize({
    ...options,
    shards,
    ...(kv !== undefined && { kv }),
    ...(coordinator !== undefined && { coordinator }),
    // What is no text is refused with the rest of the configuration.
    ...(keyPepper !== undefined && { keyPepper: keyPepper as string }),
  });
  return Object.keys(shards);
}
