// Projects: `worker` runs inside workerd, with the bindings of wrangler.toml. In plain Node run
// `client`, `house`, which tests what surrounds the Worker (deployment, scripts, documents), and
// those that ask a whole Worker that listens: `e2e`, with a browser where a person would, and
// `effect`, with Effect's own client of event logs.
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
    d1Databases: ['db-north'], // for tests that add a database
    bindings: {
      JWT_SECRET: 'the secret of the tests, longer than 32 bytes',
      REQUESTS_PER_MINUTE: '100000', // What tests the product's own bound leaves it out.
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
          exclude: [
            'tests/cli/**',
            'tests/client/**',
            'tests/effect/**',
            'tests/house/**',
            'tests/e2e/**',
          ],
          setupFiles: ['tests/setup.ts'],
        },
      },
      {
        root,
        test: { name: 'cli', include: ['tests/cli/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        root,
        test: {
          name: 'client',
          include: ['tests/client/**/*.test.ts'],
          globalSetup: ['tests/client/pack.ts'],
        },
      },
      {
        root,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        root,
        test: {
          name: 'effect',
          include: ['tests/effect/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        root,
        test: { name: 'house', include: ['tests/house/**/*.test.ts'], testTimeout: 60_000 },
      },
    ],
  },
});
