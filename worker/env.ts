// What the Worker is bound to: wrangler.toml, and the secrets of .dev.vars or `wrangler secret`.

import type { SpaceDO } from './objects/space.ts';

export interface Env {
  SPACE: DurableObjectNamespace<SpaceDO>;
  DB: D1Database;
  'db-east': D1Database;
  'db-west': D1Database;
  'db-central': D1Database;
  'db-europe': D1Database;
  KV: KVNamespace;
  R2: R2Bucket;
  ANALYTICS?: AnalyticsEngineDataset;
  ENVIRONMENT: string;
  JWT_SECRET?: string;
  /** Origins of pages that may call with a token, with commas between. */
  CORS_ORIGINS?: string;
  /** Frames that a live socket may send in a minute; without it the core's own bound. */
  FRAMES_PER_MINUTE?: string;
}

/** The D1 shards by binding name; the core says which. */
export function shardOf(env: Env, name: string): D1Database {
  switch (name) {
    case 'db-east':
    case 'db-west':
    case 'db-central':
    case 'db-europe':
      return env[name];
    default:
      throw new Error(`no D1 shard is bound as ${name}`);
  }
}
