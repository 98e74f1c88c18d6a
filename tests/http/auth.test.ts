// Links to sign in, from the request to the token.

import { env } from 'cloudflare:workers';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import {
  ask,
  expectProblem,
  HERE,
  linkTo,
  mails,
  mailsTo,
  newEmail,
  newLink,
  postForm,
  postJson,
  requestLink,
  setVars,
  signIn,
} from '../accounts.ts';
import { Device } from '../clients.ts';
import { keyId } from '../tokens.ts';

const INVALID = { error: 'invalid_magic_token', message: 'Invalid or expired token' };

async function expectInvalid(response: Response): Promise<void> {
  expect(await expectProblem(response, 401, 'invalid_magic_token')).toEqual(INVALID);
}

const usersWith = async (email: string) => {
  const read = env.DB.prepare('SELECT id, username FROM users WHERE email = ?').bind(email);
  return (await read.all<{ id: string; username: string | null }>()).results;
};

describe('POST /auth/magic-link', () => {
  it('sends one mail, with the exact subject and link', async () => {
    const email = newEmail();
    const response = await requestLink(email);
    expect(response.status).toBe(202);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ sent: true });
    const sent = await mailsTo(email);
    expect(sent).toMatchObject([{ to: email, subject: 'Login to Samedi' }]);
    const link = `${HERE}/auth/verify?token=`;
    expect(sent[0]?.text).toMatch(/^Click here to login: http:\/\/127\.0\.0\.1:8787\/auth/);
    expect(sent[0]?.text).toHaveLength('Click here to login: '.length + link.length + 43);
  });

  it('makes each link of 256 random bits, in base64url', async () => {
    const links = await Promise.all([newLink(newEmail()), newLink(newEmail())]);
    for (const link of links) expect(link).toMatch(/^[\w-]{43}$/);
    expect(links[0]).not.toBe(links[1]);
  });

  it('answers the same for who has an account and who has not', async () => {
    const { email } = await signIn();
    const [known, unknown] = [await requestLink(email), await requestLink(newEmail())];
    expect([known.status, await known.text()]).toEqual([unknown.status, await unknown.text()]);
    expect([...known.headers]).toEqual([...unknown.headers]);
  });

  it('takes a form as well', async () => {
    const email = newEmail();
    const ip = { 'cf-connecting-ip': '192.0.2.77' };
    expect((await postForm('/auth/magic-link', { email }, ip)).status).toBe(202);
    expect(await mailsTo(email)).toHaveLength(1);
  });

  it('takes no form of a page of another site, and sends nothing', async () => {
    const email = newEmail();
    for (const origin of ['https://evil.test', 'null']) {
      const response = await postForm('/auth/magic-link', { email }, { origin });
      await expectProblem(response, 403, 'forbidden_origin');
    }
    expect(await mailsTo(email)).toEqual([]);
  });

  const refused: Record<string, unknown> = {
    empty: '',
    'no address': 'nobody',
    'no domain': 'a@b',
    quotes: '"a b"@example.com',
    'a header of its own': 'a@example.com\r\nBcc: b@example.com',
    'two lines': 'a@example.com\nb@example.com',
    'two addresses': 'a@example.com,b@example.com',
    'a name': 'A <a@example.com>',
    '4 kB': `${'x'.repeat(3_900)}@example.com`,
    null: null,
    'an object': { a: 1 },
  };
  it.each(Object.keys(refused))('refuses what is %s', async (which) => {
    const email = refused[which];
    const before = (await mails()).length;
    await expectProblem(await postJson('/auth/magic-link', { email }), 400, 'invalid_email');
    expect((await mails()).length).toBe(before);
  });

  it.each(['%0D%0ABcc:%20b@example.com', '%00', '%0A'])('refuses a form with %s', async (end) => {
    const response = await ask('/auth/magic-link', {
      method: 'POST',
      body: `email=a@example.com${end}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    await expectProblem(response, 400, 'invalid_email');
  });

  it.each([
    ['10 kB', JSON.stringify({ email: `${'x'.repeat(10_000)}@example.com` }), 413],
    ['half a body', '{"email": "a@exam', 400],
    ['no body', '', 400],
    ['a list', '["a@example.com"]', 400],
  ])('refuses %s', async (_, body, status) => {
    const headers = { 'content-type': 'application/json' };
    const response = await ask('/auth/magic-link', { method: 'POST', body, headers });
    expect(response.status).toBe(status);
  });

  it('refuses a body without a type, and a longer one without a length', async () => {
    const text = await ask('/auth/magic-link', { method: 'POST', body: '{"email":"a@b.com"}' });
    await expectProblem(text, 415, 'unsupported_media_type');
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024).fill(32)),
    });
    const headers = { 'content-type': 'application/json' };
    const response = await ask('/auth/magic-link', { method: 'POST', body: endless, headers });
    await expectProblem(response, 413, 'body_too_large');
  });

  it('leads to PUBLIC_URL, whatever host was asked', async () => {
    setVars({ PUBLIC_URL: 'https://samedi.dev/' });
    const email = newEmail();
    await requestLink(email, { host: 'evil.test', 'x-forwarded-host': 'evil.test' });
    const [mail] = await mailsTo(email);
    expect(mail?.text).toMatch(/^Click here to login: https:\/\/samedi\.dev\/auth\/verify\?token=/);
  });

  it('keeps no secret as it is, neither in D1 nor under a key of KV', async () => {
    const email = newEmail();
    const link = await newLink(email);
    const rows = await env.DB.prepare('SELECT * FROM one_time').all();
    expect(JSON.stringify(rows.results)).not.toContain(link);
    expect(JSON.stringify(rows.results)).toContain(email);
    expect(JSON.stringify(await env.KV.list())).not.toContain(link);
  });
});

describe('a link', () => {
  it('is good once', async () => {
    const link = await newLink(newEmail());
    const response = await ask(`/auth/verify?token=${link}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(Object.keys(await response.json<object>())).toEqual(['jwt']);
    await expectInvalid(await ask(`/auth/verify?token=${link}`));
    await expectInvalid(await postJson('/auth/verify', { token: link }));
    expect((await postForm('/auth/verify', { token: link })).status).toBe(401);
  });

  it('used twice at once signs one in', async () => {
    const link = await newLink(newEmail());
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => ask(`/auth/verify?token=${link}`)),
    );
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array(7).fill(401)]);
  });

  it('ends after 15 minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const [one, two] = [await newLink(newEmail()), await newLink(newEmail())];
      const asked = Date.now();
      vi.setSystemTime(asked + 14 * 60_000);
      expect((await ask(`/auth/verify?token=${one}`)).status).toBe(200);
      vi.setSystemTime(asked + 15 * 60_000 + 1_000);
      await expectInvalid(await ask(`/auth/verify?token=${two}`));
    } finally {
      vi.useRealTimers();
    }
  });

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(2_000), "' OR 1=1 --", '%00', '../../etc/passwd'])(
    'that is a guess, %#, is invalid',
    async (guess) => {
      await newLink(newEmail());
      await expectInvalid(await ask(`/auth/verify?token=${encodeURIComponent(guess)}`));
      await expectInvalid(await postJson('/auth/verify', { token: guess }));
    },
  );

  it('that is the hash which is kept is invalid', async () => {
    await newLink(newEmail());
    const row = await env.DB.prepare('SELECT hash FROM one_time').first<{ hash: string }>();
    await expectInvalid(await ask(`/auth/verify?token=${row?.hash}`));
  });

  it('signs nobody in while no token could be signed, and stays good', async () => {
    const link = await newLink(newEmail());
    const secret = env.JWT_SECRET as string;
    env.JWT_SECRET = '';
    try {
      await expectProblem(await ask(`/auth/verify?token=${link}`), 503, 'not_configured');
    } finally {
      env.JWT_SECRET = secret;
    }
    expect((await ask(`/auth/verify?token=${link}`)).status).toBe(200);
  });

  it('makes the account at first, and finds it again, however it is written', async () => {
    const email = newEmail();
    await newLink(email);
    expect(await usersWith(email)).toEqual([]);
    const first = await signIn(email);
    const users = await usersWith(email);
    expect(users).toEqual([{ id: first.claims.user_id, username: null }]);
    const link = await requestLink(` ${email.toUpperCase()} `).then(() => linkTo(email));
    const { jwt } = await (await ask(`/auth/verify?token=${link}`)).json<{ jwt: string }>();
    expect(JSON.parse(atob(jwt.split('.')[1] as string))).toMatchObject({
      user_id: first.claims.user_id,
      email,
    });
    expect(await usersWith(email)).toEqual(users);
  });
});

describe('the token', () => {
  it('is an HS256 JWT of 30 days, which names the user and its key', async () => {
    const { jwt, email } = await signIn();
    const secret = env.JWT_SECRET as string;
    const options = { issuer: 'tidemark', audience: 'tidemark', algorithms: ['HS256'] };
    const { payload } = await jwtVerify(jwt, new TextEncoder().encode(secret), options);
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(email));
    const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0'));
    const id = `u${hex.join('').slice(0, 24)}`;
    expect(payload).toMatchObject({ user_id: id, sub: id, email, role: 'user', version: 0 });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(30 * 86_400);
    expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(decodeProtectedHeader(jwt)).toEqual({
      alg: 'HS256',
      typ: 'JWT',
      kid: await keyId(secret),
    });
    await expect(jwtVerify(jwt, new TextEncoder().encode('another'), options)).rejects.toThrow();
  });

  it('opens the space of its user', async () => {
    const { claims, bearer } = await signIn();
    const body = { cursor: null, plans: [] };
    expect((await postJson('/sync', body, bearer)).status).toBe(200);
    expect(await new Device(claims.user_id).list('/plans')).toEqual([]);
  });

  it('of an address in ADMINS has that role', async () => {
    const email = newEmail();
    setVars({ ADMINS: `root@example.com, ${email.toUpperCase()}` });
    expect((await signIn(email)).claims.role).toBe('admin');
    expect((await signIn()).claims.role).toBe('user');
  });
});

describe('other methods', () => {
  it.each([
    ['/auth/magic-link', 'GET', 'POST'],
    ['/auth/ticket', 'GET', 'POST'],
    ['/auth/sign-out', 'GET', 'POST'],
    ['/auth/verify', 'DELETE', 'GET, POST'],
    ['/login', 'PUT', 'GET, POST'],
  ])('%s %s: 405, and Allow says %s', async (path, method, allow) => {
    const response = await ask(path, { method });
    await expectProblem(response, 405, 'method_not_allowed');
    expect(response.headers.get('allow')).toBe(allow);
  });
});
