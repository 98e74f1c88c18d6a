// Sharded documents in the real runtime: writers at once, readers during a PUT, layouts that
// change, and what is published.

import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Doc, JSON_PATCH, type Json, upsert, written } from '../documents.ts';

function layOut(doc: Doc, sharding: string): void {
  if (sharding === '') delete env.SHARDS;
  else env.SHARDS = `${doc.app}=${sharding}`;
  onTestFinished(() => {
    delete env.SHARDS;
  });
}

async function made(sharding: string, value: Json): Promise<Doc> {
  const doc = new Doc();
  layOut(doc, sharding);
  const response = await doc.put(value, { 'if-none-match': '*' });
  await written(response);
  expect(response.status).toBe(201);
  return doc;
}

const objectOf = (doc: Doc, name: string) =>
  env.DB_SHARD.get(env.DB_SHARD.idFromName(`${doc.app}/${name}`));

/** The owner's text, as soon as it is not being changed. */
async function textOf(doc: Doc): Promise<string> {
  return vi.waitFor(
    async () => {
      const response = await doc.read();
      const text = await response.text(); // An open answer holds its object.
      expect(response.status).toBe(200);
      return text;
    },
    { timeout: 10_000, interval: 50 },
  );
}

const COLLECTIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const empty = Object.fromEntries(COLLECTIONS.map((name) => [name, []]));

describe('writers at once', () => {
  it('of different shards all succeed, and so do those of one', async () => {
    const doc = await made('collection', { v: 1, ...empty });
    const answers = await Promise.all(
      COLLECTIONS.flatMap((name) =>
        [1, 2, 3].map((i) => doc.patch(upsert(`${name}${i}`, { n: i }, name))),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const value = JSON.parse(await textOf(doc)) as Record<string, { id: string }[]>;
    for (const name of COLLECTIONS) {
      const ids = value[name]?.map(({ id }) => id).sort();
      expect(ids).toEqual([1, 2, 3].map((i) => `${name}${i}`));
    }
  });

  it('that make a document together all find their records in it', async () => {
    const doc = new Doc();
    layOut(doc, 'collection');
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => doc.patch(upsert('x', {}, name))),
    );
    for (const { status } of answers) expect([200, 201]).toContain(status);
    expect(Object.keys(JSON.parse(await textOf(doc))).sort()).toEqual(['a', 'b', 'c']);
  });

  it('in one shard ask no other object', async () => {
    const doc = await made('collection', { a: [{ id: 'x' }], b: [{ id: 'y' }] });
    const asked: string[] = [];
    const named = new Map(
      ['manifest', 'shards/a', 'shards/b', 'shards/_root'].map((name) => [
        String(objectOf(doc, name).id),
        name,
      ]),
    );
    const namespace = env.DB_SHARD;
    const get = namespace.get.bind(namespace);
    env.DB_SHARD = new Proxy(namespace, {
      get: (target, key) => {
        if (key !== 'get') return Reflect.get(target, key).bind(target);
        return (id: DurableObjectId) => {
          asked.push(named.get(String(id)) ?? 'another');
          return get(id);
        };
      },
    });
    onTestFinished(() => {
      env.DB_SHARD = namespace;
    });
    expect((await doc.patch(upsert('x', { n: 1 }, 'a'))).status).toBe(200);
    expect(asked).toEqual(['shards/a']);
  });
});

describe('a PUT', () => {
  it('is seen whole or not at all', async () => {
    const of = (n: number) => ({ v: n, a: [{ id: 'x', n }], b: [{ id: 'y', n }] });
    const doc = await made('collection', of(0));
    let ended = false;
    const read = async () => {
      while (!ended) {
        const response = await doc.read();
        if (response.status !== 200) continue;
        const { v } = await response.clone().json<{ v: number }>();
        expect(await response.json()).toEqual(of(v));
      }
    };
    const readers = [read(), read()];
    for (let n = 1; n <= 5; n += 1) {
      expect((await doc.put(of(n), { 'if-match': '*' })).status).toBe(200);
    }
    ended = true;
    await Promise.all(readers);
    expect(JSON.parse(await textOf(doc))).toEqual(of(5));
  });

  it('on an older tag is refused, with the tag that there is', async () => {
    const doc = await made('collection', { a: [{ id: 'x' }], b: [{ id: 'y' }] });
    const [etag] = await doc.state();
    await doc.patch(upsert('y', { n: 1 }, 'b'));
    const late = await doc.put({ a: [{ id: 'z' }] }, { 'if-match': etag ?? '' });
    expect([late.status, late.headers.get('etag')]).toEqual([412, (await doc.state())[0]]);
  });
});

it('a shard is patched by its own tag', async () => {
  const doc = await made('collection', { v: 1, a: [{ id: 'x' }] });
  const etag = (await doc.read({}, '?shard=_root')).headers.get('etag') ?? '';
  const patch = JSON.stringify([{ op: 'replace', path: '/v', value: 2 }]);
  const headers = { 'content-type': JSON_PATCH, 'if-match': etag };
  const done = await doc.ask('PATCH', patch, headers, '?shard=_root');
  expect(done.status).toBe(200);
  expect(done.headers.get('etag')).toBe((await doc.read({}, '?shard=_root')).headers.get('etag'));
  const late = await doc.ask('PATCH', patch, headers, '?shard=_root');
  expect([late.status, late.headers.get('etag')]).toEqual([412, done.headers.get('etag')]);
});

it('layouts come and go, and the document stays', async () => {
  const text = '{"v":{"a": 1},"a":[{"id":"x","n": 1},{"id":"y"}],"none":[],"b":[{"id":"x"}]}';
  const doc = await made('collection', JSON.parse(text));
  await written(await doc.put(text, { 'if-match': '*' }));
  for (const sharding of ['', 'day', 'collection', '', 'collection']) {
    layOut(doc, sharding);
    expect(await textOf(doc)).toBe(text);
    expect(await textOf(doc)).toBe(text);
  }
}, 30_000);

it('what is published is what the shards have', async () => {
  const doc = await made('collection', { a: [{ id: 'x' }] });
  expect((await doc.patch(upsert('y', {}, 'b'))).status).toBe(200);
  await vi.waitFor(
    async () => {
      for (const name of ['shards/a', 'shards/b', 'manifest']) {
        await runDurableObjectAlarm(objectOf(doc, name));
      }
      const [etag, text] = await doc.state();
      const published = await doc.published();
      expect([published.headers.get('etag'), await published.text()]).toEqual([etag, text]);
    },
    { timeout: 10_000, interval: 500 },
  );
});

describe('objects that are evicted', () => {
  const NAMES = ['manifest', 'shards/_root', 'shards/a', 'shards/b'];
  /** None is held by what it has done: a call that has ended, or its timer. */
  const evict = async (doc: Doc) => {
    for (const name of NAMES) {
      await evictDurableObject(objectOf(doc, name)).catch((error: Error) => {
        expect(error.message).toContain('not currently running');
      });
    }
  };

  it('go on as they were', async () => {
    const doc = await made('collection', { v: 1, a: [{ id: 'x' }], b: [{ id: 'y' }] });
    await evict(doc);
    await written(await doc.patch(upsert('z', {}, 'b')));
    await evict(doc);
    const value = { v: 1, a: [{ id: 'x' }], b: [{ id: 'y' }, { id: 'z' }] };
    expect(JSON.parse(await textOf(doc))).toEqual(value);
    await evict(doc);
    await written(await doc.put({ ...value, v: 2 }, { 'if-match': '*' }));
    await evict(doc);
    for (const name of NAMES) await runDurableObjectAlarm(objectOf(doc, name));
    expect(JSON.parse(await textOf(doc))).toEqual({ ...value, v: 2 });
  });

  it('go on after each change of the layout', async () => {
    const doc = await made('collection', { v: 1, a: [{ id: 'x' }], b: [{ id: 'y' }] });
    const text = await textOf(doc);
    for (const sharding of ['', 'collection', 'day', 'collection']) {
      layOut(doc, sharding);
      expect(await textOf(doc)).toBe(text);
      await evict(doc);
      expect(await textOf(doc)).toBe(text);
    }
    await written(await doc.patch(upsert('z', {}, 'b')));
    expect(JSON.parse(await textOf(doc)).b).toEqual([{ id: 'y' }, { id: 'z' }]);
  }, 30_000);
});
