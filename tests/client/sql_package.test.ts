// The package's SQL router as an app gets it: packed and unpacked, checked by tsc, run by Node over
// databases that are none, and as a Worker.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Miniflare } from 'miniflare';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleWorker, installApp } from './installed.ts';

const app = installApp('tidemark-sql-', ['@cloudflare/workers-types']);
const installed = join(app, 'node_modules/tidemark');
const [, section = ''] = readFileSync('client/README.md', 'utf8').split(
  '\n## SQL over many databases\n',
);
const examples = [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? '');

afterAll(() => rmSync(app, { recursive: true }));

function compile(files: Record<string, string>, types: string[]): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: 'nodenext',
    target: 'es2022',
    lib: types.length > 0 ? ['es2022'] : ['es2022', 'dom'],
    types,
    noEmit: true,
  };
  const config = { compilerOptions: options, files: Object.keys(files) };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(config));
  try {
    execFileSync(resolve('node_modules/.bin/tsc'), ['-p', '.'], { cwd: app, encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe('its types', () => {
  it("hold for a strict Worker with Cloudflare's types: the README's example", () => {
    expect(examples).toHaveLength(1);
    expect(compile({ 'worker.ts': examples[0] ?? '' }, ['@cloudflare/workers-types'])).toBe('');
  }, 60_000);

  it('hold for an app that knows nothing of Cloudflare', () => {
    const text = `
      import { CollegeDBError, createRouter, type Shard, ShardCoordinator } from 'tidemark/sql';
      import { insert, type PaginatedResult, paginate, withRouter } from 'tidemark/sql';
      declare const shards: Record<string, Shard>;
      const router = createRouter({ shards, strategy: { read: 'hash', write: 'random' } });
      const row = await router.first<{ name: string }>('k', 'SELECT 1');
      const name: string | undefined = row?.name;
      const code: string | undefined = new CollegeDBError('', 'MINE').code;
      // @ts-expect-error: no such strategy
      createRouter({ shards, strategy: 'best' });
      // @ts-expect-error: no such region
      createRouter({ shards, targetRegion: 'mars' });
      const page: PaginatedResult<{ name: string }> = await withRouter(router, () =>
        paginate<{ name: string }>('SELECT name FROM t', [], { sortBy: 'name', limit: 5 }),
      );
      const made = await insert('INSERT INTO t (name) VALUES (?)', ['n']);
      const id: string | number = made.generatedId;
      // @ts-expect-error: the rows have no such column
      paginate<{ name: string }>('SELECT name FROM t', [], { sortBy: 'age' });
      console.log(name, code, ShardCoordinator, page.results[0]?.name, id);
      export {};`;
    expect(compile({ 'plain.ts': text }, [])).toBe('');
  }, 60_000);

  it('have a name for each part of a configuration, and for what is told of shards', () => {
    const text = `
      import type { CollegeDBConfig, D1Region, MixedShardingStrategy } from 'tidemark/sql';
      import type { OperationType, ShardingStrategy, ShardLocation } from 'tidemark/sql';
      import type { ShardStats } from 'tidemark/sql';
      import { getClosestRegionFromIP, getShardStats } from 'tidemark/sql';
      type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
      const operations: Same<OperationType, 'read' | 'write'> = true;
      const keys: Same<OperationType, keyof MixedShardingStrategy> = true;
      type Regions = 'wnam' | 'enam' | 'weur' | 'eeur' | 'apac' | 'oc' | 'me' | 'af';
      const regions: Same<D1Region, Regions> = true;
      type Strategies = 'hash' | 'location' | 'round-robin' | 'random';
      const strategies: Same<ShardingStrategy, Strategies> = true;
      const location: ShardLocation = { region: 'wnam', priority: 2 };
      const without: ShardLocation = { region: 'enam' };
      // @ts-expect-error: no such region
      const nowhere: ShardLocation = { region: 'mars' };
      // @ts-expect-error: a priority is a number
      const unclear: ShardLocation = { region: 'wnam', priority: 'high' };
      const mixed: MixedShardingStrategy = { read: 'hash', write: 'location' };
      const region: D1Region = getClosestRegionFromIP({});
      declare const shards: CollegeDBConfig['shards'];
      const config: CollegeDBConfig = {
        shards,
        strategy: mixed,
        targetRegion: region,
        shardLocations: { 'db-west': location, 'db-east': without, 'db-europe': 'weur' },
      };
      const example: ShardStats = { binding: 'db-east', count: 1542 };
      const stats: ShardStats[] = [...(await getShardStats()), example];
      console.log(operations, keys, regions, strategies, nowhere, unclear, config, stats);`;
    expect(compile({ 'named.ts': text }, [])).toBe('');
    const [, page = ''] = readFileSync('docs/sql.md', 'utf8').split('\n## Types\n');
    const [table = ''] = page.split('\n## ');
    const told = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);
    const imported = [...text.matchAll(/import type \{ ([\w, ]+) \}/g)];
    const names = imported.flatMap(([, list = '']) => list.split(', '));
    expect(told.sort()).toEqual(names.sort());
  }, 60_000);
});

describe('under Node', () => {
  it('routes over databases that only prepare statements', () => {
    const script = `
      import { CollegeDBError, collegedb, createRouter, first, run } from 'tidemark/sql';
      const shard = (rows) => ({
        prepare: () => ({
          bind: (key) => ({
            run: async () => { rows.add(key); return { results: [], meta: { changes: 1 } }; },
            all: async () => ({ results: rows.has(key) ? [{ key }] : [], meta: {} }),
            first: async () => (rows.has(key) ? { key } : null),
          }),
        }),
      });
      const kept = { a: new Set(), b: new Set(), c: new Set() };
      const entries = Object.entries(kept).map(([name, rows]) => [name, shard(rows)]);
      const shards = Object.fromEntries(entries);
      const router = createRouter({ shards });
      const keys = Array.from({ length: 300 }, (_, index) => String(index));
      for (const key of keys) await router.run(key, 'INSERT INTO t (id) VALUES (?)', [key]);
      const sizes = Object.values(kept).map(({ size }) => size);
      const found = await Promise.all(keys.map((key) => router.first(key, 'SELECT 1', [key])));
      const scoped = await collegedb({ shards }, () => first('7', 'SELECT 1', ['7']));
      const code = await run('7', 'SELECT 1').catch((error) => error.code);
      const all = found.every((row, index) => row.key === keys[index]);
      console.log(JSON.stringify({ sizes, all, scoped, code }));`;
    const run = ['--input-type=module', '-e', script];
    const told = JSON.parse(execFileSync(process.execPath, run, { cwd: app, encoding: 'utf8' }));
    expect(told).toMatchObject({ all: true, scoped: { key: '7' }, code: 'NOT_INITIALIZED' });
    expect(told.sizes.reduce((sum: number, size: number) => sum + size)).toBe(300);
    for (const size of told.sizes) expect(size).toBeGreaterThan(60);
  });

  it.each([
    ['production', 'FLUSH_REFUSED'],
    ['development', 'forgotten'],
    [undefined, 'forgotten'],
  ])('refuses flush by the variable ENVIRONMENT: %s', (ENVIRONMENT, outcome) => {
    const script = `
      import { createRouter } from 'tidemark/sql';
      const kv = {
        get: async () => null,
        put: async () => {},
        delete: async () => {},
        list: async () => ({ keys: [], list_complete: true }),
      };
      const router = createRouter({ shards: { a: { prepare: () => {} } }, kv });
      const told = await router.flush().then(() => 'forgotten', (error) => error.code);
      console.log(told);`;
    const { ENVIRONMENT: _, ...others } = process.env;
    const given = { ...others, ...(ENVIRONMENT !== undefined && { ENVIRONMENT }) };
    const run = ['--input-type=module', '-e', script];
    const options = { cwd: app, encoding: 'utf8', env: given } as const;
    expect(execFileSync(process.execPath, run, options).trim()).toBe(outcome);
  });
});

/** The example as a Worker, bundled as wrangler does it. */
async function serve(compatibilityFlags: string[]): Promise<Miniflare> {
  writeFileSync(join(app, 'worker.ts'), examples[0] ?? '');
  const bundle = await bundleWorker(join(app, 'worker.ts'));
  const name = 'sql-example';
  return new Miniflare({
    workers: [
      {
        config: {
          name,
          compatibilityDate: '2026-11-01',
          compatibilityFlags,
          manifest: {
            mainModule: 'index.js',
            modules: {
              'index.js': { type: 'esm', contents: bundle },
              'tidemark.wasm': {
                type: 'wasm',
                contents: readFileSync(join(installed, 'dist/sql/tidemark.wasm')),
              },
            },
          },
          exports: { ShardCoordinator: { type: 'durable-object', storage: 'sqlite' } },
          env: {
            KV: { type: 'kv', id: 'KV' },
            'db-east': { type: 'd1', id: 'db-east' },
            'db-west': { type: 'd1', id: 'db-west' },
            ShardCoordinator: {
              type: 'durable-object',
              worker: name,
              exportName: 'ShardCoordinator',
            },
          },
        },
      },
    ],
  } as ConstructorParameters<typeof Miniflare>[0]);
}

describe.each([[['nodejs_als']], [[]]])('as a Worker with the flags %j', (flags) => {
  it('makes its tables, writes a user and reads it again', async () => {
    const worker = await serve(flags);
    try {
      const ask = async (method: string, path: string) => {
        const response = await worker.dispatchFetch(`http://example.com${path}`, { method });
        return [response.status, await response.text()];
      };
      expect(await ask('POST', '/schema')).toEqual([200, 'made']);
      expect(await ask('POST', '/user?id=user-1&name=Ada')).toEqual([200, 'written']);
      expect(await ask('GET', '/user?id=user-1')).toEqual([
        200,
        expect.stringContaining('"name":"Ada"'),
      ]);
      expect(await ask('GET', '/user?id=user-2')).toEqual([200, 'null']);
    } finally {
      await worker.dispose();
    }
  }, 60_000);
});
