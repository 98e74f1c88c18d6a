// GET and HEAD of a document: what everybody may read comes from KV or R2, and wakes no object;
// what its owner has comes with a token.

import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { setVars } from '../accounts.ts';
import { send } from '../clients.ts';
import { Doc, newApp, upsert, written } from '../documents.ts';

const TAG = /^"\d{13}-[0-9a-f]{16}"$/;
const TEXT = '{"title":"A \\u00e9","users":[{"id":"u1","n":1.50}],"empty":[]}';

const headersOf = (response: Response) => [...response.headers].sort();

async function published(text = TEXT): Promise<Doc> {
  const doc = new Doc();
  await doc.set(text);
  await doc.publish();
  return doc;
}

/** DB_SHARD as it is, and how often anybody asked for an object. */
function countObjects(): { asked: number } {
  const count = { asked: 0 };
  const counted = new Proxy(env.DB_SHARD, {
    get(namespace, name) {
      count.asked += 1;
      const member: unknown = Reflect.get(namespace, name);
      return typeof member === 'function' ? member.bind(namespace) : member;
    },
  });
  setVars({ DB_SHARD: counted });
  return count;
}

describe('what is published', () => {
  it('is the text that was put, to the byte, with its tag', async () => {
    const doc = await published();
    const response = await doc.published();
    expect(await response.clone().text()).toBe(TEXT);
    expect(response.headers.get('etag')).toMatch(TAG);
    expect(response.headers.get('etag')).toBe((await doc.head()).headers.get('etag'));
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('public, no-cache');
  });

  it('is what KV has under the key, of the default app db.json itself', async () => {
    const doc = await published();
    expect(await env.KV.get(`apps/${doc.app}/db.json`)).toBe(TEXT);
    const own = new Doc('default');
    await own.set(TEXT);
    await own.publish();
    expect(await env.KV.get('db.json')).toBe(TEXT);
    expect(await (await send('/db.json')).text()).toBe(TEXT);
    expect(await (await send('/apps/default/db.json')).text()).toBe(TEXT);
  });

  it('wakes no object, however it is asked and whether it is there', async () => {
    const doc = await published();
    const etag = (await doc.published()).headers.get('etag') ?? '';
    const token = await doc.bearer();
    const count = countObjects();
    expect((await doc.published()).status).toBe(200);
    expect((await doc.published(token)).status).toBe(200);
    expect((await doc.published({}, 'HEAD')).status).toBe(200);
    expect((await doc.published({ 'if-none-match': etag })).status).toBe(304);
    expect((await doc.published({ 'if-match': '"x"' })).status).toBe(412);
    expect((await new Doc().published()).status).toBe(404);
    expect(count.asked).toBe(0);
    expect((await doc.read()).status).toBe(200);
    expect(count.asked).toBeGreaterThan(0); // so that the count can tell
  });

  it('is there some seconds after the write, without anybody asking', async () => {
    const doc = await published();
    const began = Date.now();
    const etag = await written(await doc.patch(upsert('u2')));
    await expect
      .poll(async () => (await doc.published({}, 'HEAD')).headers.get('etag'), {
        timeout: 6_000,
        interval: 50,
      })
      .toBe(etag);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(await (await doc.published()).json()).toHaveProperty('users.1.id', 'u2');
  });

  it('that is larger than KV takes comes from R2', async () => {
    const doc = new Doc();
    const filler = 'é'.repeat(400_000);
    const users = Array.from({ length: 27 }, (_, i) => ({ id: `u${i}`, filler }));
    const text = JSON.stringify({ users, title: 'large' });
    await doc.set(text);
    const etag = await doc.publish();
    expect((await env.KV.get(`apps/${doc.app}/db.json`))?.length).toBe(0);
    expect((await env.R2.head(`apps/${doc.app}/db.json`))?.size).toBeGreaterThan(20 << 20);
    const response = await doc.published();
    expect(response.headers.get('etag')).toBe(etag);
    expect((await response.text()) === text).toBe(true);
    const head = await doc.published({}, 'HEAD');
    expect(headersOf(head)).toEqual(headersOf(response));
    expect((await doc.published({ 'if-none-match': etag })).status).toBe(304);
    // And back, once it is small again.
    await written(await doc.put(TEXT, { 'if-match': etag, 'x-allow-large-delete': 'true' }));
    await doc.publish();
    expect(await (await doc.published()).text()).toBe(TEXT);
  }, 30_000);
});

describe('what its owner has', () => {
  it('has the tag that the write was answered with, and is for no cache', async () => {
    const doc = new Doc();
    const etag = await written(await doc.patch(upsert('u1')));
    const response = await doc.read();
    expect(response.headers.get('etag')).toBe(etag);
    expect(response.headers.get('cache-control')).toBe('private, no-store, no-transform');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ users: [{ id: 'u1' }] });
  });

  it('is told by shards too, each with a tag of its own', async () => {
    const doc = new Doc();
    await doc.set(TEXT);
    const users = await doc.read({}, '?shard=users');
    expect(await users.clone().text()).toBe('{"users":[{"id":"u1","n":1.50}]}');
    expect(await (await doc.read({}, '?shard=_root')).text()).toBe('{"title":"A \\u00e9"}');
    expect(await (await doc.read({}, '?shard=empty')).text()).toBe('{"empty":[]}');
    const tags = [users, await doc.read({}, '?shard=empty'), await doc.read()].map((response) =>
      response.headers.get('etag'),
    );
    expect(new Set(tags).size).toBe(3);
    const same = await doc.read({ 'if-none-match': tags[0] ?? '' }, '?shard=users');
    expect(same.status).toBe(304);
    expect((await doc.read({}, '?shard=nobody')).status).toBe(404);
  });
});

describe.each(['published', 'owner'] as const)('%s', (view) => {
  const get = (doc: Doc, headers = {}, method: 'GET' | 'HEAD' = 'GET') =>
    view === 'published'
      ? doc.published(headers, method)
      : doc.ask(method, null, headers, '?view=full');

  it('HEAD has the headers of GET, and no body', async () => {
    const doc = await published();
    const [all, head] = [await get(doc), await get(doc, {}, 'HEAD')];
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(headersOf(head)).toEqual(headersOf(all));
    const none = new Doc();
    const [absent, absentHead] = [await get(none), await get(none, {}, 'HEAD')];
    expect([absent.status, absentHead.status]).toEqual([404, 404]);
    expect(headersOf(absentHead)).toEqual(headersOf(absent));
    expect(await absent.json()).toMatchObject({ error: 'not_found' });
    expect(await absentHead.text()).toBe('');
  });

  // RFC 9110, sections 13.1 and 13.2.2. TAG stands for the tag that is, without its quotes.
  it.each<[string, Record<string, string>, number]>([
    ['If-None-Match with the tag', { 'if-none-match': '"TAG"' }, 304],
    ['a weak one', { 'if-none-match': 'W/"TAG"' }, 304],
    ['one in a list', { 'if-none-match': '"x", W/"y" ,"TAG"' }, 304],
    ['empty elements in the list', { 'if-none-match': ', ,"TAG",' }, 304],
    ['*', { 'if-none-match': '*' }, 304],
    ['another one', { 'if-none-match': '"x"' }, 200],
    ['the tag without quotes', { 'if-none-match': 'TAG' }, 400],
    ['no tag at all', { 'if-none-match': ', ,' }, 400],
    ['If-Match with the tag', { 'if-match': '"TAG"' }, 200],
    ['If-Match *', { 'if-match': '*' }, 200],
    ['If-Match with a weak one, which is never equal', { 'if-match': 'W/"TAG"' }, 412],
    ['If-Match with another one', { 'if-match': '"x"' }, 412],
    ['If-Match first, though both hold', { 'if-match': '"TAG"', 'if-none-match': '"TAG"' }, 304],
    ['If-Match first, which fails', { 'if-match': '"x"', 'if-none-match': '"TAG"' }, 412],
    ['dates, which are ignored', { 'if-modified-since': new Date().toUTCString() }, 200],
    [
      'a date beside a tag',
      { 'if-none-match': '"x"', 'if-modified-since': new Date().toUTCString() },
      200,
    ],
    ['a range, which is ignored', { range: 'bytes=0-3' }, 200],
  ])('%s', async (_, headers, status) => {
    const doc = await published();
    const etag = (await get(doc)).headers.get('etag') ?? '';
    const named = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replaceAll('TAG', etag.slice(1, -1)),
      ]),
    );
    const response = await get(doc, named);
    expect(response.status).toBe(status);
    expect((await get(doc, named, 'HEAD')).status).toBe(status);
    if (status === 400) {
      expect(await response.json()).toMatchObject({ error: 'invalid_precondition' });
      return;
    }
    expect(response.headers.get('etag')).toBe(etag);
    const text = await response.text();
    if (status === 200) expect(text).toBe(TEXT);
    if (status === 304) expect(text).toBe('');
    if (status === 412) expect(JSON.parse(text)).toMatchObject({ error: 'precondition_failed' });
    if (status === 304 && view === 'published') {
      expect(response.headers.get('cache-control')).toBe('public, no-cache');
    }
  });

  it('several header lines are one list', async () => {
    const doc = await published();
    const etag = (await get(doc)).headers.get('etag') ?? '';
    const headers = new Headers(view === 'owner' ? await doc.bearer() : {});
    for (const tag of ['"x"', 'W/"y"', etag]) headers.append('if-none-match', tag);
    const query = view === 'owner' ? '?view=full' : '';
    expect((await send(doc.path + query, { headers })).status).toBe(304);
  });
});

it('apps never see one another', async () => {
  const [one, other] = [new Doc(), new Doc(newApp())];
  await one.set({ users: [{ id: 'secret' }] });
  await one.publish();
  expect((await other.read()).status).toBe(404);
  expect((await other.published()).status).toBe(404);
  await other.set({ users: [{ id: 'mine' }] });
  await other.publish();
  expect(await other.value()).toEqual({ users: [{ id: 'mine' }] });
  expect(await (await one.published()).json()).toEqual({ users: [{ id: 'secret' }] });
  // A tag is of one app's document.
  const { headers } = await one.head();
  expect((await other.put({ x: 1 }, { 'if-match': headers.get('etag') ?? '' })).status).toBe(412);
});
