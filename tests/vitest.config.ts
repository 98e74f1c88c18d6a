// Two projects: `worker` runs inside workerd, with the bindings of wrangler.toml; `house` runs in
// plain Node and tests what surrounds the Worker: deployment, scripts, documents.
//
// Storage is kept for a file and fresh for the next one: tests of one file see each other's rows.

import { fileURLToPath } from 'node:url';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

const worker = cloudflareTest(async () => ({
  wrangler: { configPath: `${root}wrangler.toml` },
  remoteBindings: false,
  miniflare: {
    bindings: {
      JWT_SECRET: 'the secret of the tests, longer than 32 bytes',
      TEST_MIGRATIONS: {
        db: await readD1Migrations(`${root}schema/db`),
        shards: await readD1Migrations(`${root}schema/shards`),
      },
    },
  },
}));

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        plugins: [worker],
        test: {
          name: 'worker',
          include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
          exclude: ['tests/house/**', 'tests/e2e/**'],
          setupFiles: ['tests/setup.ts'],
        },
      },
      {
        root,
        test: { name: 'house', include: ['tests/house/**/*.test.ts'], testTimeout: 60_000 },
      },
    ],
  },
});
