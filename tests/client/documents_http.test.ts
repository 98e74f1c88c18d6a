// HttpAdapter: what is asked, and what becomes of each answer.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpAdapter } from '../../client/documents/http_adapter.ts';
import type { HttpOptions } from '../../client/documents/types.ts';
import { code } from './documents_harness.ts';

const version = '1795000000123-4ea58349eb542b40';
const etag = `"${version}"`;

interface Asked {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

function adapter(answer: (asked: Asked) => Response, options: Partial<HttpOptions> = {}) {
  const asked: Asked[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const body = init.body ? JSON.parse(String(init.body)) : undefined;
    const one = { method: init.method ?? 'GET', url: String(url), headers, body };
    asked.push(one);
    return answer(one);
  };
  const made = new HttpAdapter({
    snapshotUrl: 'https://pages.test/db.json',
    writeUrl: 'https://worker.test/apps/blog/db.json',
    headers: { 'X-Key': 'k' },
    fetch: fetch as typeof globalThis.fetch,
    ...options,
  });
  return { made, asked };
}

const tagged = (body: unknown, headers = {}) =>
  Response.json(body, { headers: { etag, ...headers } });

afterEach(() => vi.unstubAllGlobals());

describe('a read', () => {
  it('of the published copy goes to snapshotUrl, with the headers', async () => {
    const { made, asked } = adapter(() => tagged({ users: [] }));
    expect(await made.readPublished()).toEqual({ version, document: { users: [] } });
    expect(asked).toEqual([
      {
        method: 'GET',
        url: 'https://pages.test/db.json',
        headers: { 'x-key': 'k' },
        body: undefined,
      },
    ]);
  });

  it('of what is known already is null', async () => {
    const { made, asked } = adapter(() => new Response(null, { status: 304, headers: { etag } }));
    expect(await made.readPublished(version)).toBeNull();
    expect(asked[0]?.headers['if-none-match']).toBe(etag);
  });

  it('of the owner, and of a shard, goes to writeUrl', async () => {
    const { made, asked } = adapter(() => tagged({}));
    await made.readOwner();
    await made.readShard('users/x');
    expect(asked.map(({ url }) => url)).toEqual([
      'https://worker.test/apps/blog/db.json?view=full',
      'https://worker.test/apps/blog/db.json?shard=users%2Fx',
    ]);
  });

  it.each([
    [`W/${etag}`, version],
    [`"${version}-0badcafe"`, `${version}-0badcafe`],
    ['"5d8c72a5edda8"', null],
    [null, null],
  ])('with the tag %s has the version %s', async (tag, expected) => {
    const { made } = adapter(() => new Response('{}', { headers: tag ? { etag: tag } : {} }));
    expect((await made.readPublished())?.version).toBe(expected);
  });

  it.each(['[]', 'null', '{', ''])('of %j is no document', async (text) => {
    const { made } = adapter(() => new Response(text));
    expect(await code(made.readPublished())).toBe('bad_answer');
  });

  it('asks a function for the headers anew each time', async () => {
    let count = 0;
    const headers = async () => {
      count += 1;
      return { authorization: `Bearer ${count}` };
    };
    const { made, asked } = adapter(() => tagged({}), { headers });
    await made.readPublished();
    await made.readOwner();
    expect(asked.map((one) => one.headers.authorization)).toEqual(['Bearer 1', 'Bearer 2']);
  });
});

describe('operations', () => {
  const operation = { op: 'delete', collection: 'users', id: 'u1', version } as const;

  it('are one PATCH', async () => {
    const result = { op: 'delete', collection: 'users', id: 'u1' };
    const { made, asked } = adapter(() => tagged({ version, results: [result] }));
    expect(await made.send([operation])).toEqual({ kind: 'done', version, results: [result] });
    expect(asked).toEqual([
      {
        method: 'PATCH',
        url: 'https://worker.test/apps/blog/db.json',
        headers: { 'content-type': 'application/json', 'x-key': 'k' },
        body: [operation],
      },
    ]);
    await made.send([operation], { allowEmpty: true, allowLargeDelete: true });
    expect(asked[1]?.headers).toMatchObject({
      'x-allow-empty-write': 'true',
      'x-allow-large-delete': 'true',
    });
  });

  it.each([
    [{ version, conflicts: [{ index: 0, collection: 'a', id: 'b', record: null }] }, true],
    [{ version, conflicts: [] }, false],
    [{ version, conflicts: [{ index: 0, record: 5 }] }, false],
    [{ error: 'precondition_failed' }, false],
    ['text', false],
  ])('that are outdated say so: %j', async (body, isTold) => {
    const { made } = adapter(() => Response.json(body, { status: 412, headers: { etag } }));
    const answer = await made.send([operation]);
    expect(answer).toMatchObject({ kind: 'outdated', version });
    expect(answer.kind === 'outdated' && answer.conflicts !== null).toBe(isTold);
  });

  it.each([{}, { version: 'x', results: [] }, { version }, { version, results: [1] }, []])(
    'whose answer is %j may have been done',
    async (body) => {
      const { made } = adapter(() => Response.json(body));
      expect(await code(made.send([operation]))).toBe('bad_answer');
    },
  );
});

describe('a whole document', () => {
  it('is put over the version that is known, or where there is none', async () => {
    const { made, asked } = adapter(() => tagged({ version }));
    expect(await made.put({ users: [] }, { version, allowEmpty: true })).toBe(version);
    await made.put({}, { version: null });
    expect(asked[0]).toMatchObject({ method: 'PUT', body: { users: [] } });
    expect(asked[0]?.headers).toMatchObject({ 'if-match': etag, 'x-allow-empty-write': 'true' });
    expect(asked[1]?.headers).toMatchObject({ 'if-none-match': '*' });
  });

  it('that is outdated is an error with the version of now', async () => {
    const body = { error: 'precondition_failed', message: 'Read it again' };
    const { made } = adapter(() => Response.json(body, { status: 412, headers: { etag } }));
    await expect(made.put({}, { version })).rejects.toMatchObject({
      name: 'DocumentError',
      code: 'precondition_failed',
      message: 'Read it again',
      status: 412,
      version,
    });
  });
});

describe('administration', () => {
  it('asks the origin of writeUrl, about its app', async () => {
    const { made, asked } = adapter(({ url }) => {
      if (url.includes('/restore')) return Response.json({ version });
      const next = '</activity?app=blog&limit=2&before=41>; rel="next"';
      return Response.json([], { headers: url.includes('activity') ? { link: next } : {} });
    });
    expect(made.app).toBe('blog');
    expect(await made.activity({ before: '44', limit: 2 })).toEqual({ entries: [], next: '41' });
    expect(await made.snapshots()).toEqual([]);
    expect(await made.restore('2026-11-21')).toBe(version);
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET https://worker.test/activity?app=blog&limit=2&before=44',
      'GET https://worker.test/snapshots?app=blog',
      'POST https://worker.test/snapshots/2026-11-21/restore?app=blog',
    ]);
  });

  it.each([
    [200, true],
    [404, true],
    [401, false],
    [403, false],
  ])('knows by the status %i whether one is signed in: %s', async (status, expected) => {
    const { made, asked } = adapter(() => new Response(null, { status }));
    expect(await made.signedIn()).toBe(expected);
    expect(asked[0]?.method).toBe('HEAD');
  });
});

describe('an error', () => {
  it('has the code and the wait of the answer', async () => {
    const { made } = adapter(() =>
      Response.json(
        { error: 'rate_limited', message: 'Slowly' },
        { status: 429, headers: { 'retry-after': '7' } },
      ),
    );
    await expect(made.snapshots()).rejects.toMatchObject({
      code: 'rate_limited',
      status: 429,
      retryAfterMs: 7_000,
    });
  });

  it('is timed_out when no answer comes, and the request is given up', async () => {
    let given: AbortSignal | null | undefined;
    const fetch = (_: unknown, init?: RequestInit) => {
      given = init?.signal;
      return new Promise<Response>(() => {});
    };
    const { made } = adapter(() => tagged({}), {
      fetch: fetch as typeof globalThis.fetch,
      timeout: 1,
    });
    expect(await code(made.readPublished())).toBe('timed_out');
    expect(given?.aborted).toBe(true);
  });

  it('is no_headers when their function takes too long', async () => {
    const headers = () => new Promise<Record<string, string>>(() => {});
    const { made, asked } = adapter(() => tagged({}), { headers, timeout: 1 });
    expect(await code(made.readPublished())).toBe('no_headers');
    expect(await code(made.identity())).toBe('no_headers');
    expect(asked).toEqual([]);
  });

  it.each([
    ['no window.__CEDB', () => HttpAdapter.fromWindow(), 'not_configured'],
    [
      'an address that is none',
      () => new HttpAdapter({ snapshotUrl: '/db.json' }),
      'not_configured',
    ],
    ['no snapshotUrl', () => new HttpAdapter({} as HttpOptions), 'not_configured'],
  ])('tells of %s', async (_, make, expected) => {
    expect(await code((async () => make())())).toBe(expected);
  });

  it('tells of no writeUrl', async () => {
    const made = new HttpAdapter({ snapshotUrl: 'https://pages.test/db.json' });
    expect(made.writable).toBe(false);
    expect(await code(made.readOwner())).toBe('read_only');
  });
});

it('a page keeps its addresses in window.__CEDB, and they may be relative', async () => {
  vi.stubGlobal('location', { href: 'https://pages.test/admin/' });
  vi.stubGlobal('__CEDB', {
    snapshotUrl: '/db.json',
    writeUrl: 'https://worker.test/db.json',
    headers: { authorization: 'Bearer t' },
  });
  const asked: [string, RequestInit][] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push([url, init]);
    return tagged(url.includes('activity') ? [] : {});
  });
  const made = HttpAdapter.fromWindow();
  expect(made.app).toBe('default');
  await made.readPublished();
  await made.activity();
  expect(asked.map(([url]) => url)).toEqual([
    'https://pages.test/db.json',
    'https://worker.test/activity?app=default&limit=100',
  ]);
  for (const [, { headers }] of asked) {
    expect(new Headers(headers).get('authorization')).toBe('Bearer t');
  }
});
