// Where the link of a mail leads: a page to people, a token to programs.

import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import {
  ask,
  BROWSER,
  expectProblem,
  HERE,
  newEmail,
  newLink,
  postForm,
  postJson,
} from '../accounts.ts';
import { userIdOf } from '../people.ts';

describe('GET /auth/verify', () => {
  const programs: Record<string, Record<string, string>> = {
    'of JSON': { accept: 'application/json' },
    'of anything, from curl': { accept: '*/*', 'user-agent': 'curl/8.5.0' },
    'of nothing in particular, from Go': { 'user-agent': 'Go-http-client/1.1' },
    'of JSON, from a page': { ...BROWSER, accept: 'application/json' },
  };
  it.each(Object.keys(programs))('%s answers the token', async (which) => {
    const link = await newLink(newEmail());
    const response = await ask(`/auth/verify?token=${link}`, { headers: programs[which] ?? {} });
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual({
      jwt: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
  });

  const browsers: Record<string, Record<string, string>> = {
    'of HTML': { accept: 'text/html' },
    'from a browser': BROWSER,
    'from a browser that navigates': { accept: '*/*', 'sec-fetch-mode': 'navigate' },
    'from a browser that takes anything': { ...BROWSER, accept: '*/*' },
    'from a browser ahead of its user': { accept: '*/*', 'sec-purpose': 'prefetch;prerender' },
    'from an older one ahead of its user': { accept: '*/*', purpose: 'prefetch' },
    'from a scanner of mails': { accept: '*/*', 'user-agent': 'Mozilla/5.0 (compatible; scan)' },
  };
  it.each(Object.keys(browsers))('%s shows a page and uses nothing up', async (which) => {
    const email = newEmail();
    const link = await newLink(email);
    for (let i = 0; i < 3; i += 1) {
      const headers = browsers[which] ?? {};
      const response = await ask(`/auth/verify?token=${link}`, { headers });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain('text/html');
      expect(response.headers.get('set-cookie')).toBeNull();
      const html = await response.text();
      expect(html).toContain('Copy this token and paste in CLI');
      expect(html).toContain(`>${link}</code>`);
      expect(html).toContain(`signs in as <strong class="wrap">${email}</strong>`);
    }
    expect((await ask(`/auth/verify?token=${link}`)).status).toBe(200);
  });

  it('as HEAD uses nothing up, whoever asks', async () => {
    const link = await newLink(newEmail());
    for (const headers of [{}, BROWSER, { accept: 'application/json' }]) {
      const response = await ask(`/auth/verify?token=${link}`, { method: 'HEAD', headers });
      expect([response.status, await response.text()]).toEqual([200, '']);
    }
    expect((await ask(`/auth/verify?token=${link}`)).status).toBe(200);
  });

  it('shows a page that leaks its address nowhere', async () => {
    const link = await newLink(newEmail());
    const { headers } = await ask(`/auth/verify?token=${link}`, { headers: BROWSER });
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('shows an address as text', async () => {
    const email = `a&copy${newEmail()}`;
    const response = await ask(`/auth/verify?token=${await newLink(email)}`, { headers: BROWSER });
    expect(await response.text()).toContain(`>${email.replace('&', '&amp;')}<`);
  });

  it('says on a page that a link is no good, and shows nothing of it', async () => {
    const used = await newLink(newEmail());
    await ask(`/auth/verify?token=${used}`);
    for (const token of [used, 'A'.repeat(43), '"><script>alert(1)</script>', '']) {
      const url = `/auth/verify?token=${encodeURIComponent(token)}`;
      const response = await ask(url, { headers: BROWSER });
      expect(response.status).toBe(401);
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
      const html = await response.text();
      expect(html).toContain('Invalid or expired token');
      expect(html).not.toMatch(/<script|<form|AAAA/);
      expect((await ask(url, { method: 'HEAD' })).status).toBe(401);
    }
  });

  it('is answered 409 where another account has the user id', async () => {
    const email = newEmail();
    const link = await newLink(email);
    const id = await userIdOf(email);
    await env.DB.prepare('INSERT INTO users VALUES (?, ?, NULL, 1, 1)').bind(id, newEmail()).run();
    await expectProblem(await ask(`/auth/verify?token=${link}`), 409, 'account_conflict');
    expect((await postForm('/auth/verify', { token: link })).status).toBe(409);
    const read = env.DB.prepare('SELECT id FROM users WHERE email = ?').bind(email);
    expect(await read.first()).toBeNull();
  });
});

describe('POST /auth/verify', () => {
  it('of a form sets the session cookie and leads home', async () => {
    const link = await newLink(newEmail());
    const response = await postForm('/auth/verify', { token: link });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const [pair, ...attributes] = (response.headers.get('set-cookie') ?? '').split('; ');
    expect(pair).toMatch(/^__Host-session=[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(attributes.sort()).toEqual(
      ['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax', 'Secure'].sort(),
    );
    expect((await ask('/plans', { headers: { cookie: pair as string } })).status).toBe(200);
  });

  it('of JSON answers the token, and sets none', async () => {
    const response = await postJson('/auth/verify', { token: await newLink(newEmail()) });
    expect(response.status).toBe(200);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(await response.json()).toEqual({ jwt: expect.any(String) });
  });

  it('of a page of another site signs nobody in, and leaves the link good', async () => {
    const link = await newLink(newEmail());
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { origin: `${HERE}.evil.test` },
      { origin: 'http://127.0.0.1:8788' },
    ]) {
      const response = await postForm('/auth/verify', { token: link }, headers);
      await expectProblem(response, 403, 'forbidden_origin');
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    // The page of the link tells no referrer, so its form's origin is null.
    const own = { origin: 'null', 'sec-fetch-site': 'same-origin' };
    expect((await postForm('/auth/verify', { token: link }, own)).status).toBe(303);
  });

  it('of a form with a link that is no good shows why', async () => {
    const response = await postForm('/auth/verify', { token: 'guess' });
    expect(response.status).toBe(401);
    expect(await response.text()).toContain('Invalid or expired token');
  });
});
