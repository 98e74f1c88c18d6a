// `wrangler deploy --dry-run` bundles the Worker and lists its bindings: an environment inherits
// none of them, and wrangler exits 0 all the same, so the two lists are compared.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const expected = [
  'SPACE',
  'DB_SHARD',
  'EVENTS',
  'ShardCoordinator',
  'EDITORS',
  'LIMITER',
  'KV',
  'DB',
  'db-east',
  'db-west',
  'db-central',
  'db-europe',
  'R2',
  'ANALYTICS',
  'ENVIRONMENT',
  'MAIL',
];

/** Names and kinds, such as "db-east: D1 Database": the resources' own names differ on purpose. */
function dryRun(environment: string): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'tidemark-deploy-'));
  try {
    const text = execFileSync(
      'node_modules/.bin/wrangler',
      ['deploy', '--dry-run', '--env', environment, '--outdir', outdir],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          WRANGLER_SEND_METRICS: 'false',
          WRANGLER_HIDE_BANNER: 'true',
          NO_COLOR: '1',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    return [...text.matchAll(/^env\.(\S+)(?: \(.*?\))?\s{2,}(\S.*?)\s*$/gm)].map(
      ([, name, kind]) => `${name}: ${kind}`,
    );
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

test('dry run lists every binding, and production has the same ones', () => {
  const top = dryRun('');
  expect(top.map((line) => line.split(':')[0]).sort()).toEqual([...expected].sort());
  expect(dryRun('production')).toEqual(top);
});
