// The Worker's configuration that docs/sql_guide.md shows, as wrangler reads it: what is bound
// while one develops is bound in production too.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { unstable_readConfig } from 'wrangler';

const guide = readFileSync('docs/sql_guide.md', 'utf8');

/** What is looked at: wrangler's own types of it are in a package that does not come with it. */
interface Config {
  d1_databases: { binding: string; database_name: string }[];
  kv_namespaces: { binding: string }[];
  durable_objects: { bindings: { name: string }[] };
  migrations: { new_sqlite_classes: string[] }[];
}

function readConfig(environment?: string): Config {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-guide-'));
  try {
    const [, text = ''] = /^```toml\n([\s\S]*?)^```$/m.exec(guide) ?? [];
    const config = join(folder, 'wrangler.toml');
    writeFileSync(config, text);
    return unstable_readConfig({ config, ...(environment && { env: environment }) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it.each([undefined, 'production'])('the bindings of %s are those of the templates', (name) => {
  const { d1_databases, kv_namespaces, durable_objects, migrations } = readConfig(name);
  expect(d1_databases.map(({ binding }) => binding)).toEqual(['db-east', 'db-west']);
  expect(kv_namespaces.map(({ binding }) => binding)).toEqual(['KV']);
  expect(durable_objects.bindings).toMatchObject([{ name: 'ShardCoordinator' }]);
  expect(migrations).toMatchObject([{ new_sqlite_classes: ['ShardCoordinator'] }]);
});

it('each database that is bound is created', () => {
  const created = [...guide.matchAll(/^npx wrangler d1 create (\S+)/gm)].map(([, name]) => name);
  const bound = [undefined, 'production'].flatMap((name) =>
    readConfig(name).d1_databases.map(({ database_name }) => database_name),
  );
  expect(bound).toEqual(created);
});
