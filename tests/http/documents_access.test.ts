// Who may read a document as its owner has it, who may write it, and from which pages.

import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { ask, BROWSER, HERE, setVars, signIn } from '../accounts.ts';
import { newUser, send } from '../clients.ts';
import { Doc, JSON_PATCH, type Json, MERGE, removal, upsert, written } from '../documents.ts';
import { signToken } from '../tokens.ts';

type Headers = Record<string, string>;

const PAGES = 'https://pages.example';

async function made(): Promise<Doc> {
  const doc = new Doc();
  await doc.set({ users: [{ id: 'secret' }, { id: 'u2' }] });
  return doc;
}

/** Every way to write, each of which would be taken of an editor. */
const writes: [string, string, string, unknown][] = [
  ['PUT', 'PUT', 'application/json', { users: [{ id: 'theirs' }] }],
  ['record operations', 'PATCH', 'application/json', [upsert('theirs')]],
  ['a merge patch', 'PATCH', MERGE, { theirs: 1 }],
  ['a JSON patch', 'PATCH', JSON_PATCH, [{ op: 'add', path: '/theirs', value: 1 }]],
];

const write = (doc: Doc, [, method, type, body]: (typeof writes)[number], headers: Headers) =>
  send(doc.path, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': type, 'if-match': '*', ...headers },
  });

const bearer = async (role: string, email = `${newUser()}@example.com`): Promise<Headers> => ({
  authorization: `Bearer ${await signToken(newUser(), { role, email })}`,
});

async function expectUnchanged(doc: Doc, before: unknown): Promise<void> {
  expect(await doc.state()).toEqual(before);
}

describe('without a token that is good', () => {
  const tokens: [string, () => Promise<Headers>][] = [
    ['none', async () => ({})],
    ['nonsense', async () => ({ authorization: 'Bearer nonsense' })],
    [
      'one of another secret',
      async () => {
        const secret = 'another secret, of more than 32 bytes';
        return { authorization: `Bearer ${await signToken('u', { role: 'admin' }, secret)}` };
      },
    ],
    [
      'one that has run out',
      async () => {
        const exp = Math.floor(Date.now() / 1000) - 3_600;
        return { authorization: `Bearer ${await signToken('u', { role: 'admin', exp })}` };
      },
    ],
    ['a password', async () => ({ authorization: `Basic ${btoa('admin:admin')}` })],
    ['a header that names a user', async () => ({ 'x-user-id': 'admin' })],
  ];

  it.each(tokens)('%s: 401 whatever is asked, and nothing is told or done', async (_, token) => {
    const doc = await made();
    const before = await doc.state();
    const headers: Headers = { ...(await token()), 'x-allow-empty-write': 'true' };
    const reads = ['?view=full', '?shard=users', '?view=x'].map((query) =>
      send(doc.path + query, { headers }),
    );
    const all = [...reads, ...writes.map((each) => write(doc, each, headers))];
    for (const response of await Promise.all(all)) {
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await response.text()).not.toContain('secret"');
    }
    await expectUnchanged(doc, before);
  });
});

describe('by role', () => {
  it.each<[string, string, number, number]>([
    ['admin', '', 200, 200],
    ['user', '*', 200, 200],
    ['user', '', 200, 403],
    ['user', 'somebody@example.com', 200, 403],
    ['viewer', '*', 200, 403],
    ['none', '*', 403, 403],
  ])('%s, where EDITORS is %j: reads %i, writes %i', async (role, editors, reads, changes) => {
    setVars({ EDITORS: editors });
    const doc = await made();
    const before = await doc.state();
    const headers = await bearer(role);
    for (const query of ['?view=full', '?shard=users']) {
      expect((await send(doc.path + query, { headers })).status).toBe(reads);
    }
    for (const each of writes) {
      const response = await write(doc, each, { ...headers, 'x-allow-large-delete': 'true' });
      expect([each[0], response.status]).toEqual([each[0], changes]);
      if (changes === 403) expect(await response.json()).toMatchObject({ error: 'forbidden' });
    }
    if (changes === 403) await expectUnchanged(doc, before);
  });

  it('EDITORS names addresses, in any case, with blanks between', async () => {
    setVars({ EDITORS: ' Ada@Example.com ,bob@example.com' });
    const doc = await made();
    const may = async (email: string) =>
      (await doc.patch(upsert('x'), await bearer('user', email))).status;
    expect(await may('ada@example.com')).toBe(200);
    expect(await may('BOB@example.com')).toBe(200);
    for (const email of ['eve@example.com', 'a@example.com', 'ada@example.com.evil.test', '']) {
      expect([email, await may(email)]).toEqual([email, 403]);
    }
    setVars({ EDITORS: undefined });
    expect(await may('ada@example.com')).toBe(403);
  });

  it('no query string says who may', async () => {
    setVars({ EDITORS: '' });
    const doc = await made();
    const headers = await bearer('user');
    for (const query of ['?editors=*', '?role=admin', '?app=default', '?action=read']) {
      const response = await doc.ask('PATCH', JSON.stringify(upsert('x')), headers, query);
      expect(response.status).toBe(403);
    }
  });

  it('to clear needs both: a token of one who may, and the header', async () => {
    setVars({ EDITORS: '' });
    const doc = await made();
    const clear = [removal('secret'), removal('u2')];
    const allow = { 'x-allow-empty-write': 'true' };
    const type = { 'content-type': 'application/json' };
    const body = JSON.stringify(clear);
    const ask = (headers: Headers) => send(doc.path, { method: 'PATCH', body, headers });
    expect((await ask(type)).status).toBe(401);
    expect((await ask({ ...type, ...allow })).status).toBe(401);
    expect((await ask({ ...type, ...allow, ...(await bearer('user')) })).status).toBe(403);
    expect((await ask({ ...type, ...(await bearer('admin')) })).status).toBe(409);
    expect((await ask({ ...type, ...allow, ...(await bearer('admin')) })).status).toBe(200);
  });
});

describe('by the cookie of a page', () => {
  it('reads and writes, if the request comes from this Worker’s own pages', async () => {
    setVars({ EDITORS: '*' });
    const doc = await made();
    const { cookie } = await signIn();
    const request = (method: string, headers: Headers, query = '') =>
      ask(doc.path + query, {
        method,
        ...(method === 'PATCH' && { body: JSON.stringify(upsert('x')) }),
        headers: { ...BROWSER, 'content-type': 'application/json', ...cookie, ...headers },
      });
    expect((await request('GET', {}, '?view=full')).status).toBe(200);
    expect((await request('PATCH', { origin: HERE })).status).toBe(200);
    const before = await doc.state();
    for (const headers of [
      {},
      { origin: PAGES },
      { origin: 'null' },
      { origin: `${HERE}.evil.test` },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
    ]) {
      const response = await request('PATCH', headers as Headers);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ error: 'forbidden_origin' });
    }
    await expectUnchanged(doc, before);
  });

  it('is not enough for a page of another origin, though it may call', async () => {
    setVars({ EDITORS: '*', CORS_ORIGINS: PAGES });
    const doc = await made();
    const { cookie } = await signIn();
    const response = await ask(doc.path, {
      method: 'PATCH',
      body: JSON.stringify(upsert('x')),
      headers: { 'content-type': 'application/json', ...cookie, origin: PAGES },
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('from a page of an origin that CORS_ORIGINS names', () => {
  const preflight = (path: string, method: string, headers: string, origin = PAGES) =>
    send(path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': headers,
      },
    });

  it.each([
    ['GET', 'authorization,if-none-match'],
    ['PUT', 'authorization,content-type,if-match,if-none-match,x-allow-empty-write'],
    ['PATCH', 'authorization,content-type,x-allow-empty-write,x-allow-large-delete'],
  ])('%s with %s may be sent', async (method, headers) => {
    setVars({ CORS_ORIGINS: PAGES });
    for (const path of ['/db.json', '/apps/blog/db.json']) {
      const answer = await preflight(path, method, headers);
      expect(answer.status).toBe(204);
      expect(answer.headers.get('access-control-allow-origin')).toBe(PAGES);
      expect(answer.headers.get('access-control-allow-methods')).toContain(method);
      const allowed = (answer.headers.get('access-control-allow-headers') ?? '').toLowerCase();
      for (const header of headers.split(',')) expect(allowed.split(/, ?/)).toContain(header);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('may read what is answered and its tag: 200, 304, 404, 412, 413', async () => {
    setVars({ CORS_ORIGINS: PAGES });
    const doc = await made();
    const etag = await doc.publish();
    const origin = { origin: PAGES };
    const answers = [
      await doc.published(origin),
      await doc.published({ ...origin, 'if-none-match': etag }),
      await new Doc().published(origin),
      await doc.put({ a: 1 }, { ...origin, 'if-match': '"x"' }),
      await doc.put({ a: 1 }, { ...origin, 'content-length': '100000000' }),
      await doc.patch(upsert('x'), origin),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 304, 404, 412, 413, 200]);
    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-origin')).toBe(PAGES);
      expect(headers.get('access-control-expose-headers')?.toLowerCase()).toContain('etag');
      expect(headers.get('vary')).toContain('Origin');
    }
  });

  it('of another origin may not', async () => {
    setVars({ CORS_ORIGINS: 'https://other.example' });
    const answer = await preflight('/db.json', 'PATCH', 'content-type');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    const doc = await made();
    const response = await doc.patch(upsert('x'), { origin: PAGES });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('a token of one user is none of another app’s business: entries name who it was', async () => {
  const doc = new Doc();
  await written(await doc.patch(upsert('u1')));
  await doc.publish();
  const [entry] = await doc.journal();
  expect(entry?.user).toBe(doc.user);
  const { results } = await env.DB.prepare('SELECT app, user FROM activity WHERE user = ?1')
    .bind(doc.user)
    .all<Json>();
  expect(results).toContainEqual({ app: doc.app, user: doc.user });
});
