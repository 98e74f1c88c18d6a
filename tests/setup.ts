// Runs before each test file inside workerd: D1 starts empty, so its tables are made here.

import { applyD1Migrations } from 'cloudflare:test';
import { env } from 'cloudflare:workers';

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS.db);
for (const shard of ['db-east', 'db-west', 'db-central', 'db-europe'] as const) {
  await applyD1Migrations(env[shard], env.TEST_MIGRATIONS.shards);
}
