// The pages around signing in: what they say to whom, and what surrounds them.

import { describe, expect, it, vi } from 'vitest';
import { ask, BROWSER, mailsTo, newEmail, postForm, setVars, signIn } from '../accounts.ts';

const get = (path: string, headers = {}) => ask(path, { headers: { ...BROWSER, ...headers } });

let callers = 0;
const post = (email: string, headers = {}) => {
  callers += 1;
  return postForm('/login', { email }, { 'cf-connecting-ip': `198.51.100.${callers}`, ...headers });
};

describe('/login', () => {
  it('asks for an address, with a label and no script', async () => {
    const response = await get('/login');
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).toMatch(/^<!doctype html><html lang="en">/);
    expect(html).toContain('<label for="email">');
    expect(html).toMatch(/<input id="email" name="email" type="email"/);
    expect(html).not.toMatch(/<script|<style| style=| on\w+=/);
  });

  it('sends the link and says where to look', async () => {
    const email = newEmail();
    const response = await post(email);
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).toContain('Look into your mail');
    expect(html).toContain(email);
    expect(html).toContain('/dev/mail');
    expect(await mailsTo(email)).toHaveLength(1);
  });

  it('says what is wrong, next to what was typed', async () => {
    const response = await post('"><b>nobody');
    expect(response.status).toBe(400);
    const html = await response.text();
    expect(html).toContain('role="alert"');
    expect(html).toContain('Give an e-mail address');
    expect(html).toContain('value="&quot;&gt;&lt;b&gt;nobody"');
    expect(html).toContain('aria-invalid="true"');
  });

  it('says when there were too many links', async () => {
    const email = newEmail();
    const here = { 'cf-connecting-ip': '203.0.113.21' };
    for (let i = 0; i < 5; i += 1) await post(email, here);
    const response = await post(email, here);
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.text()).toContain('Rate limit exceeded');
  });

  it('says when no mail can be sent', async () => {
    setVars({ MAIL: 'mailgun' });
    const response = await post(newEmail());
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('No mail can be sent from here');
  });

  it('takes no form of another site', async () => {
    const email = newEmail();
    expect((await post(email, { origin: 'https://evil.test' })).status).toBe(403);
    expect(await mailsTo(email)).toEqual([]);
  });

  it('says as whom one is signed in, and offers to sign out', async () => {
    const { email, cookie } = await signIn();
    const html = await (await get('/login', cookie)).text();
    expect(html).toContain(`signed in as <strong class="wrap">${email}</strong>`);
    expect(html).toContain('action="/auth/sign-out"');
    expect(html).toContain('action="/auth/sign-out?everywhere=true"');
    expect(await (await get('/', cookie)).text()).toContain(email);
  });

  it('asks again, and forgets the cookie, once it is no good', async () => {
    const { cookie, bearer } = await signIn();
    await ask('/auth/sign-out?everywhere=true', { method: 'POST', headers: bearer });
    for (const headers of [cookie, { cookie: '__Host-session=nonsense' }]) {
      const response = await get('/login', headers);
      expect(response.status).toBe(200);
      expect(response.headers.get('set-cookie')).toMatch(/^__Host-session=; Max-Age=0/);
      expect(await response.text()).toContain('<label for="email">');
    }
  });

  it('counts among the requests of its user', async () => {
    setVars({ REQUESTS_PER_MINUTE: '2' });
    const { cookie } = await signIn();
    await get('/login', cookie);
    await get('/login', cookie);
    const response = await get('/login', cookie);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBeTruthy();
    expect(await response.text()).toContain('Rate limit exceeded');
  });
});

it('/ leads who is not signed in to /login', async () => {
  const response = await get('/');
  expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
});

describe('every page', () => {
  it.each(['/login', '/auth/verify?token=x', '/dev/mail'])(
    '%s lets nothing else in',
    async (path) => {
      const { headers } = await get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("form-action 'self'");
      expect(policy).not.toContain('unsafe-inline');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toMatch(/^(same-origin|no-referrer)$/);
    },
  );

  it('finds its style and icon, which browsers keep for good', async () => {
    const html = await (await get('/login')).text();
    const urls = [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, url]) => url as string);
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) {
      const response = await get(url);
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(response.headers.get('content-type')).toMatch(/^(text\/css|image\/svg)/);
      expect((await response.text()).length).toBeGreaterThan(100);
    }
  });

  it('is given the present style for an old address, and nothing new where it has it', async () => {
    const old = await get('/assets/style.css?v=0000');
    expect(old.headers.get('cache-control')).toBe('no-cache');
    const again = await get('/assets/style.css', {
      'if-none-match': old.headers.get('etag') ?? '',
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it.each(['nothing.css', 'constructor', '__proto__', '..%2Findex.ts'])(
    '%s is no asset',
    async (name) => {
      expect((await get(`/assets/${name}`)).status).toBe(404);
    },
  );
});

it('a fault behind a page is a 500, and logged', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  setVars({ PUBLIC_URL: 'no address' });
  expect((await post(newEmail())).status).toBe(500);
  expect(errors).toHaveBeenCalled();
  errors.mockRestore();
});
