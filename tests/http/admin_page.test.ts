// /admin: who gets there, by which way, and what the page lets in.

import { describe, expect, it } from 'vitest';
import { ask, BROWSER, newEmail, newLink, postForm, signIn } from '../accounts.ts';

const get = (path: string, headers = {}) => ask(path, { headers: { ...BROWSER, ...headers } });

/** The cookies that an answer leaves in a browser. */
const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .filter((cookie) => !cookie.includes('Max-Age=0'))
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

async function signInWith(cookie: string): Promise<Response> {
  const token = await newLink(newEmail());
  return postForm('/auth/verify', { token }, cookie === '' ? {} : { cookie });
}

describe('who is not signed in', () => {
  it.each(['/admin', '/admin?app=blog'])('is led from %s to /login, and back', async (path) => {
    const response = await get(path);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
    const signedIn = await signInWith(cookiesOf(response));
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, path]);
    expect(cookiesOf(signedIn)).toMatch(/^__Host-session=[\w.-]+$/); // The other is used up.
  });

  it('is led to / where that was asked for last', async () => {
    const kept = cookiesOf(await get('/admin'));
    expect(kept).toMatch(/^__Host-way-back=/);
    const response = await get('/', { cookie: kept });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-way-back=; Max-Age=0; Path=\/; HttpOnly; Secure/),
    ]);
    expect((await signInWith('')).headers.get('location')).toBe('/');
  });

  it('whose cookie is no good any more loses it, and is led back too', async () => {
    const response = await get('/admin', { cookie: '__Host-session=nonsense' });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-session=; Max-Age=0/),
      expect.stringMatching(/^__Host-way-back=%2Fadmin; Max-Age=900; .*SameSite=Lax/),
    ]);
  });
});

it.each([
  'https://evil.test/',
  '//evil.test/',
  '/\\evil.test/',
  '\\\\evil.test',
  '/\t/evil.test/',
  'javascript:alert(1)',
  'admin',
  '%',
  '',
])('a cookie that says %j leads to /', async (path) => {
  const cookie = `__Host-way-back=${encodeURIComponent(path)}`;
  expect((await signInWith(cookie)).headers.get('location')).toBe('/');
});

describe('the page', () => {
  it('names the app, as text', async () => {
    const { cookie, email } = await signIn();
    const html = await (await get('/admin', cookie)).text();
    expect(html).toContain('data-app="default"');
    expect(html).toContain(email);
    const other = await (await get('/admin?app=%22%3E%3Cscript%3E', cookie)).text();
    expect(other).toContain('data-app="&quot;&gt;&lt;script&gt;"');
  });

  it('has no script and no style but from /assets, and nothing may frame it', async () => {
    const { cookie } = await signIn();
    const response = await get('/admin', cookie);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const html = await response.text();
    expect(html).not.toMatch(/<style| style=| on\w+=|<script(?! type="module" src="\/assets\/)/);
    const urls = [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, url]) => url as string);
    expect(new Set(urls).size).toBe(4);
    for (const url of urls) expect((await get(url)).status).toBe(200);
  });

  it('has a label for each of its inputs, and no id twice', async () => {
    const { cookie } = await signIn();
    const html = await (await get('/admin', cookie)).text();
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const [input] of html.matchAll(/<(?:input|textarea|select)\b[^>]*>/g)) {
      const id = / id="([^"]+)"/.exec(input)?.[1] ?? '';
      const isNamed =
        html.includes(`for="${id}"`) || html.includes(`<label class="check">${input}`);
      expect([input, isNamed]).toEqual([input, true]);
    }
    for (const [, ids = ''] of html.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g)) {
      for (const id of ids.split(' ')) expect(html).toContain(` id="${id}"`);
    }
  });
});
