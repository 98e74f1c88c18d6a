// The configurations that the guide shows: each is read from the page itself, is taken, and finds
// what it wrote where the page says that it goes.

import { env } from 'cloudflare:workers';
import { beforeEach, expect, it } from 'vitest';
import {
  type CollegeDBConfig,
  createRouter,
  getClosestRegionFromIP,
  KVShardMapper,
  type Shard,
} from '../../client/sql/index.ts';
import guide from '../../docs/sql_guide.md?raw';
import { kvOf } from './doubles.ts';

const databases = [env['db-east'], env['db-west'], env['db-central'], env['db-europe']];
const INSERT = 'INSERT INTO templated (id, name) VALUES (?, ?)';
const SELECT = 'SELECT id FROM templated WHERE id = ?';
const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);

interface Bound {
  env: string;
}
type Template = Omit<CollegeDBConfig, 'kv' | 'coordinator' | 'shards'> & {
  kv?: Bound;
  coordinator?: Bound;
  shards: Record<string, Bound>;
};

/** An object of JavaScript as the page writes it, with bindings as `{ env: name }`. */
function read(literal: string): Template {
  const text = literal
    .replaceAll(/(?<=\d)_(?=\d)/g, '')
    .replaceAll('getClosestRegionFromIP(request)', '"of the request"')
    .replaceAll(/\benv(?:\.(\w+)|\['([\w-]+)'\])/g, (_, plain?: string, quoted?: string) =>
      JSON.stringify({ env: plain ?? quoted }),
    )
    .replaceAll(/'([^']*)'/g, '"$1"')
    .replaceAll(/(?<=[{,]\s*)(\w+):/g, '"$1":')
    .replaceAll(/,(?=\s*[}\]])/g, '');
  return JSON.parse(text) as Template;
}

const [, section = ''] = guide.split('\n## Templates\n');
const templates = [...section.matchAll(/^const (\w+) = (\{.*?^\});$/gms)].map(
  ([, name = '', literal = '']): [string, Template] => [name, read(literal)],
);
const templateOf = (name: string) => new Map(templates).get(name) as Template;

/** With this file's databases, in the order of the template. */
function configOf(name: string, continent = 'EU'): CollegeDBConfig {
  const { kv, coordinator, shards, targetRegion, ...rest } = templateOf(name);
  const bound = Object.keys(shards).map((shard, index) => [shard, databases[index] as Shard]);
  const request = new Request('https://example.com/', { cf: { continent } });
  const dynamic = (targetRegion as string) === 'of the request';
  const region = dynamic ? getClosestRegionFromIP(request) : targetRegion;
  return {
    ...rest,
    shards: Object.fromEntries(bound) as Record<string, Shard>,
    ...(region !== undefined && { targetRegion: region }),
    ...(kv !== undefined && { kv: kvOf() }),
    ...(coordinator !== undefined && { coordinator: env.ShardCoordinator }),
  };
}

beforeEach(async () => {
  const stub = env.ShardCoordinator.get(env.ShardCoordinator.idFromName('default'));
  await stub.fetch('http://coordinator/flush', { method: 'POST' });
  await new KVShardMapper(kvOf()).clearAllMappings();
  for (const database of databases) {
    for (const table of ['templated', 'tidemark_slots', 'tidemark_shard', 'tidemark_order']) {
      await database.prepare(`DROP TABLE IF EXISTS ${table}`).run();
    }
    await database.prepare('CREATE TABLE templated (id TEXT PRIMARY KEY, name TEXT)').run();
  }
});

/** How many of the keys each shard has, after they were written by this configuration. */
async function spread(config: CollegeDBConfig): Promise<Record<string, number>> {
  const router = createRouter(config);
  for (const key of keys) await router.run(key, INSERT, [key, 'a name']);
  const other = createRouter(config);
  for (const key of keys) expect(await other.first(key, SELECT, [key])).toEqual({ id: key });
  const counts: Record<string, number> = {};
  for (const [name, shard] of Object.entries(config.shards)) {
    const row = await shard.prepare('SELECT count(*) AS n FROM templated').first<{ n: number }>();
    counts[name] = row?.n ?? 0;
  }
  return counts;
}

it('are all of the page, and name bindings alone', () => {
  const blocks = section.match(/^```ts$/gm) ?? [];
  expect(templates.map(([name]) => name)).toHaveLength(blocks.length);
  expect(blocks.length).toBeGreaterThan(8);
  for (const [name, { kv, coordinator, shards }] of templates) {
    const bindings = [kv, coordinator, ...Object.values(shards)].filter((each) => each);
    expect([name, bindings.every((each) => typeof each?.env === 'string')]).toEqual([name, true]);
  }
});

it.each(templates.map(([name]) => name))('find each key, which is there once: %s', async (name) => {
  const counts = await spread(configOf(name));
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(keys.length);
});

it.each(['even', 'large'])('fill shards equally: %s', async (name) => {
  const each = keys.length / 3;
  expect(await spread(configOf(name))).toEqual({ 'db-1': each, 'db-2': each, 'db-3': each });
});

it.each(['near', 'reporting'])('put rows into the region: %s', async (name) => {
  expect(await spread(configOf(name))).toMatchObject({ 'db-west': keys.length });
});

it.each([
  ['NA', 'db-americas'],
  ['EU', 'db-europe'],
  ['AS', 'db-asia'],
])('put rows near to who asks: %s', async (continent, shard) => {
  expect(await spread(configOf('worldwide', continent))).toMatchObject({ [shard]: keys.length });
});

it('put a key where its mapping was made before', async () => {
  const config = configOf('steady');
  for (const [index, shard] of Object.keys(config.shards).entries()) {
    await new KVShardMapper(config.kv as never).setShardMapping(`tenant-${index}`, shard);
  }
  const router = createRouter(config);
  for (const [index, shard] of Object.values(config.shards).entries()) {
    const key = `tenant-${index}`;
    await router.run(key, INSERT, [key, 'a tenant']);
    expect(await shard.prepare(SELECT).bind(key).first()).toEqual({ id: key });
  }
});
