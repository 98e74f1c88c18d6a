// KVShardMapper: what it stores under which name, and that all keys of a mapping stay together.

import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { KVShardMapper } from '../../client/sql/index.ts';
import { kvOf, noCounts } from './doubles.ts';

const sha256 = async (text: string) => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};
const stored = async () => {
  const { keys } = await env.KV.list();
  const values = await Promise.all(keys.map(({ name }) => env.KV.get(name, 'json')));
  return Object.fromEntries(keys.map(({ name }, index) => [name, values[index]]));
};

beforeEach(async () => {
  for (const { name } of (await env.KV.list()).keys) await env.KV.delete(name);
});

describe('names and values', () => {
  it('are hashes by default: no key stands in KV, and its shard does', async () => {
    const mapper = new KVShardMapper(kvOf(), { now: () => 5 });
    await mapper.setShardMapping('email:jane@example.com', 'db-west');
    const name = `shard:${await sha256('email:jane@example.com')}`;
    expect(await stored()).toEqual({ [name]: { shard: 'db-west', createdAt: 5, updatedAt: 5 } });
    expect(await mapper.hashKey('email:jane@example.com')).toBe(name.slice('shard:'.length));
  });

  it('are the keys themselves without hashing', async () => {
    const mapper = new KVShardMapper(kvOf(), { hashShardMappings: false, now: () => 5 });
    await mapper.setShardMapping('user-1', 'db-west', ['email:a@b.c']);
    const mapped = { shard: 'db-west', createdAt: 5, updatedAt: 5 };
    expect(await stored()).toEqual({
      'multikey:user-1': { ...mapped, keys: ['user-1', 'email:a@b.c'] },
      'shard:user-1': { ...mapped, originalKey: 'user-1' },
      'shard:email:a@b.c': { ...mapped, originalKey: 'email:a@b.c', primary: 'user-1' },
    });
  });

  it('are keyed by the pepper, where there is one', async () => {
    const mapper = new KVShardMapper(kvOf(), { keyPepper: 'a secret' });
    await mapper.setShardMapping('user-1', 'db-west');
    const [name = ''] = Object.keys(await stored());
    expect(name).toMatch(/^shard:[0-9a-f]{64}$/);
    expect(name).not.toContain(await sha256('user-1'));
    expect(await new KVShardMapper(kvOf()).getShardMapping('user-1')).toBeNull();
  });

  it('of a mapping with more keys hold no key in words', async () => {
    await new KVShardMapper(kvOf()).setShardMapping('user-1', 'db-east', ['email:a@b.c', 'name:x']);
    const all = await stored();
    expect(Object.keys(all)).toHaveLength(4);
    expect(JSON.stringify(all)).not.toMatch(/@|name:|user-1/);
  });
});

describe.each([true, false])('a mapping with more keys (hashed: %s)', (hashShardMappings) => {
  const open = () => new KVShardMapper(kvOf(), { hashShardMappings });
  const keys = ['username:john', 'email:john@example.com'];
  const shardsOf = async (...all: string[]) =>
    Promise.all(all.map(async (key) => (await open().getShardMapping(key))?.shard));

  it('is found by each of them', async () => {
    await open().setShardMapping('user-1', 'db-east', keys);
    expect(await shardsOf('user-1', ...keys, 'id:1')).toEqual([
      'db-east',
      'db-east',
      'db-east',
      undefined,
    ]);
  });

  it('moves as one, whichever key is named', async () => {
    const mapper = open();
    await mapper.setShardMapping('user-1', 'db-east', keys);
    await mapper.updateShardMapping('email:john@example.com', 'db-west');
    expect(await shardsOf('user-1', ...keys)).toEqual(['db-west', 'db-west', 'db-west']);
    expect((await mapper.getShardMapping('username:john'))?.shard).toBe('db-west');
  });

  it('goes as one, whichever key is named', async () => {
    await open().setShardMapping('user-1', 'db-east', keys);
    await open().deleteShardMapping('username:john');
    expect(await stored()).toEqual({});
    await open().deleteShardMapping('username:john');
  });

  it('gets keys later, and lists them', async () => {
    const mapper = open();
    await mapper.setShardMapping('user-1', 'db-east');
    await mapper.addLookupKeys('user-1', ['username:john']);
    await mapper.addLookupKeys('username:john', ['email:john@example.com']);
    expect(await shardsOf(...keys)).toEqual(['db-east', 'db-east']);
    const plain = ['user-1', 'username:john', 'email:john@example.com'];
    const told = await open().getAllLookupKeys('username:john');
    const hashes = [await sha256('user-1'), 'username:john', await sha256(plain[2] ?? '')];
    expect(told).toEqual(hashShardMappings ? hashes : plain);
  });

  it('keeps its keys and its age when it is set again', async () => {
    const options = { hashShardMappings, now: () => 1 };
    await new KVShardMapper(kvOf(), options).setShardMapping('user-1', 'db-east', keys);
    const later = new KVShardMapper(kvOf(), { ...options, now: () => 2 });
    await later.setShardMapping('user-1', 'db-west');
    expect(await shardsOf(...keys)).toEqual(['db-west', 'db-west']);
    expect(await later.getShardMapping('user-1')).toMatchObject({ createdAt: 1, updatedAt: 2 });
  });

  it("leaves a key alone that is another record's own, and one that another took", async () => {
    const mapper = open();
    await mapper.setShardMapping('user-1', 'db-east', ['name:x']);
    await expect(mapper.addLookupKeys('user-2', ['a'])).rejects.toMatchObject({
      code: 'MAPPING_NOT_FOUND',
      message: expect.stringContaining('No existing mapping found'),
    });
    await mapper.setShardMapping('user-2', 'db-west', ['name:x']);
    await expect(mapper.addLookupKeys('user-2', ['user-1'])).rejects.toMatchObject({
      code: 'KEY_TAKEN',
    });
    await mapper.updateShardMapping('user-1', 'db-central');
    await mapper.deleteShardMapping('user-1');
    expect(await shardsOf('name:x', 'user-1')).toEqual(['db-west', undefined]);
  });
});

describe('a mapper that dies', () => {
  it.each([0, 1, 2, 3])(
    'after %i writes of a move leaves all keys on one shard',
    async (writes) => {
      const keys = ['a', 'b'];
      await new KVShardMapper(kvOf()).setShardMapping('user-1', 'db-east', keys);
      const counts = noCounts();
      const kv = kvOf(counts);
      const { put } = kv;
      kv.put = (...given) => {
        if (counts.writes >= writes) throw new Error('killed');
        return put(...given);
      };
      await expect(new KVShardMapper(kv).updateShardMapping('a', 'db-west')).rejects.toThrow(
        'killed',
      );
      const places = await Promise.all(
        ['user-1', ...keys].map((key) => new KVShardMapper(kvOf()).getShardMapping(key)),
      );
      expect(new Set(places.map((place) => place?.shard)).size).toBe(1);
      await new KVShardMapper(kvOf()).updateShardMapping('user-1', 'db-west');
      const after = await new KVShardMapper(kvOf()).getShardMapping('b');
      expect(after?.shard).toBe('db-west');
    },
  );
});

describe('the cache', () => {
  it('answers again without KV until its time is over', async () => {
    let now = 1_000;
    const counts = noCounts();
    const kv = kvOf(counts);
    const mapper = new KVShardMapper(kv, { mappingCacheTtlMs: 100, now: () => now });
    await mapper.setShardMapping('user-1', 'db-east');
    counts.reads = 0;
    for (let i = 0; i < 3; i += 1) await mapper.getShardMapping('user-1');
    expect(counts.reads).toBe(0);
    now += 100;
    await mapper.getShardMapping('user-1');
    expect(counts.reads).toBe(1);
  });

  it('is one for all who use a binding: a move is seen at once', async () => {
    const kv = kvOf();
    const [one, other] = [new KVShardMapper(kv), new KVShardMapper(kv)];
    await one.setShardMapping('user-1', 'db-east');
    expect((await other.getShardMapping('user-1'))?.shard).toBe('db-east');
    await one.updateShardMapping('user-1', 'db-west');
    expect((await other.getShardMapping('user-1'))?.shard).toBe('db-west');
  });

  it('is bounded', async () => {
    const values = new Map<string, string>();
    const kv = {
      ...kvOf(),
      get: async (key: string) => values.get(key) ?? null,
      put: async (key: string, value: string) => void values.set(key, value),
    };
    const mapper = new KVShardMapper(kv, { hashShardMappings: false });
    for (let i = 0; i <= 10_000; i += 1) await mapper.addNewMapping(`k${i}`, 'a');
    expect(mapper.isCached('k10000')).toBe(true);
    expect(mapper.isCached('k0')).toBe(false);
    expect(await mapper.getShardMapping('k0')).toMatchObject({ shard: 'a' });
  });
});

describe('many mappings', () => {
  it('are set so many at once, counted, listed by shard and cleared, past a page', async () => {
    let flying = 0;
    let most = 0;
    const kv = kvOf();
    const { put } = kv;
    kv.put = async (...given) => {
      flying += 1;
      most = Math.max(most, flying);
      await put(...given);
      flying -= 1;
    };
    const mapper = new KVShardMapper(kv, { hashShardMappings: false });
    const mappings = Array.from({ length: 1_050 }, (_, index) => ({
      primaryKey: `key-${index}`,
      shard: index % 3 ? 'db-east' : 'db-west',
    }));
    await mapper.setShardMappingsBatch(mappings, { concurrency: 10 });
    expect(most).toBe(10);
    expect(await mapper.getShardKeyCounts()).toEqual({ 'db-east': 700, 'db-west': 350 });
    const west = mappings.filter(({ shard }) => shard === 'db-west').map((each) => each.primaryKey);
    expect((await mapper.getKeysForShard('db-west')).sort()).toEqual(west.sort());
    await mapper.clearAllMappings();
    expect(await stored()).toEqual({});
    expect(await mapper.getShardMapping('key-1')).toBeNull();
  }, 30_000);

  it('that another wrote, without what a list tells, are counted by their values', async () => {
    await env.KV.put('shard:user-1', '{"shard":"db-east","createdAt":1,"updatedAt":1}');
    const mapper = new KVShardMapper(kvOf(), { hashShardMappings: false });
    expect(await mapper.getShardKeyCounts()).toEqual({ 'db-east': 1 });
    expect(await mapper.getShardMapping('user-1')).toMatchObject({ shard: 'db-east' });
  });

  it('of hashed keys are listed by their hashes', async () => {
    const mapper = new KVShardMapper(kvOf());
    await mapper.setShardMapping('user-1', 'db-east');
    expect(await mapper.getKeysForShard('db-east')).toEqual([await sha256('user-1')]);
  });
});

describe('known shards', () => {
  it('are a list in KV', async () => {
    const mapper = new KVShardMapper(kvOf());
    expect(await mapper.getKnownShards()).toEqual([]);
    await mapper.setKnownShards(['db-east', 'db-east']);
    await mapper.addKnownShard('db-west');
    await mapper.addKnownShard('db-west');
    expect(await stored()).toEqual({ known_shards: ['db-east', 'db-west'] });
  });
});

describe('what goes wrong', () => {
  it('is an error with a code', async () => {
    expect(() => new KVShardMapper(undefined as never)).toThrow('give it one');
    const mapper = new KVShardMapper({ ...kvOf(), get: () => Promise.reject(new Error('down')) });
    await expect(mapper.getShardMapping('k')).rejects.toMatchObject({
      code: 'MAPPING_UNAVAILABLE',
    });
    await expect(new KVShardMapper(kvOf()).updateShardMapping('k', 's')).rejects.toMatchObject({
      code: 'MAPPING_NOT_FOUND',
    });
    const plain = new KVShardMapper(kvOf(), { hashShardMappings: false });
    await expect(plain.setShardMapping('k'.repeat(600), 's')).rejects.toMatchObject({
      code: 'INVALID_KEY',
    });
  });
});
