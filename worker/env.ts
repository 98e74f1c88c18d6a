// What the Worker is bound to: wrangler.toml, and the secrets of .dev.vars or `wrangler secret`.

import type { ShardCoordinator } from './objects/coordinator.ts';
import type { DbShardDO } from './objects/db_shard.ts';
import type { LimiterDO } from './objects/limiter.ts';
import type { SpaceDO } from './objects/space.ts';
import type { SyncDurableObject } from './objects/sync_log.ts';

export interface Env {
  SPACE: DurableObjectNamespace<SpaceDO>;
  LIMITER: DurableObjectNamespace<LimiterDO>;
  DB_SHARD: DurableObjectNamespace<DbShardDO>;
  EVENTS: DurableObjectNamespace<SyncDurableObject>;
  ShardCoordinator: DurableObjectNamespace<ShardCoordinator>;
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
  /** Verifies tokens of before a new JWT_SECRET. */
  JWT_SECRET_PREVIOUS?: string;
  /** Addresses that sign in as admins, with commas between. */
  ADMINS?: string;
  /** The origin of links in mails; without it that of the request. */
  PUBLIC_URL?: string;
  /** How mails go out: `mailgun`, `cloudflare` or `local`. */
  MAIL?: string;
  MAIL_FROM?: string;
  MAILGUN_DOMAIN?: string;
  MAILGUN_API_KEY?: string;
  /** The base of Mailgun's API, where it is not that of the US. */
  MAILGUN_URL?: string;
  EMAIL?: SendEmail;
  /** Requests of a user in a minute; without it the core's own bound. */
  REQUESTS_PER_MINUTE?: string;
  /** Links to an address, and from one, in 15 minutes; without it the core's own bound. */
  LINKS_PER_15_MINUTES?: string;
  /** Origins of pages that may call with a token, with commas between. */
  CORS_ORIGINS?: string;
  /** Frames that a live socket may send in a minute; without it the core's own bound. */
  FRAMES_PER_MINUTE?: string;
  /** Where alerts go: addresses that are secrets themselves. */
  SLACK_WEBHOOK_URL?: string;
  MONITORING_WEBHOOK_URL?: string;
  /** `off`: requests are not noted in /activity. */
  ACTIVITY?: string;
  /** How documents are spread over objects: `app=collection, other=day, third=day:field`. */
  SHARDS?: string;
  /** Days in which a document can be had back as it was at any moment; without it 7. */
  JOURNAL_DAYS?: string;
  /** `r2`: published documents are read from R2, and not from KV. */
  PUBLISH?: string;
  /** Addresses of users who may write documents, with commas between; `*` is all of them. */
  EDITORS?: string;
  /** Reads and writes the event logs of all tenants. */
  SYNC_AUTH_TOKEN?: string;
  /** Where event logs lie: `object`, `d1`, or `memory`, which is wiped when an object starts. */
  EVENTS_STORAGE?: string;
  /** Entries of an event log that are kept, and days for which they are; without them all. */
  EVENTS_KEEP_ENTRIES?: string;
  EVENTS_KEEP_DAYS?: string;
}

/** The shards: D1 databases that hold parts of one whole. */
export const SHARDS = ['db-east', 'db-west', 'db-central', 'db-europe'] as const;

/** The D1 databases by binding name; the core says which. One that is bound no more is none. */
export function shardOf(env: Env, name: string): D1Database | undefined {
  switch (name) {
    case 'DB':
    case 'db-east':
    case 'db-west':
    case 'db-central':
    case 'db-europe':
      return env[name];
    default:
      return undefined;
  }
}
