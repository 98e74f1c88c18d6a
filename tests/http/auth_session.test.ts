// What is good as a token and where: the cookie, tickets, keys that change, and signing out.

import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import {
  type Account,
  ask,
  expectProblem,
  HERE,
  newEmail,
  newLink,
  postForm,
  postJson,
  setVars,
  signIn,
} from '../accounts.ts';
import { Device, newUser } from '../clients.ts';
import { Live } from '../live/sockets.ts';
import { signToken } from '../tokens.ts';

const SECRET = env.JWT_SECRET as string;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const connect = (path = '', headers = {}) =>
  ask(`/sync/live${path}`, { headers: { upgrade: 'websocket', ...headers } });

const push = (headers: Record<string, string>) => postJson('/sync', { plans: [] }, headers);

describe('the session cookie', () => {
  it('is as good as the token for reading', async () => {
    const { cookie } = await signIn();
    for (const headers of [cookie, { ...cookie, origin: 'https://elsewhere.test' }]) {
      expect((await ask('/plans', { headers })).status).toBe(200);
      expect((await ask('/plans', { method: 'HEAD', headers })).status).toBe(200);
    }
  });

  it('changes something from a page of this Worker, and from no other', async () => {
    const { cookie } = await signIn();
    for (const headers of [
      {},
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin: `${HERE}.evil.test` },
      { origin: 'http://127.0.0.1' },
      { origin: 'https://127.0.0.1:8787' },
      { referer: `${HERE}/login` },
      { 'sec-fetch-site': 'same-origin' },
    ]) {
      await expectProblem(await push({ ...cookie, ...headers }), 403, 'forbidden_origin');
    }
    expect((await push({ ...cookie, origin: HERE })).status).toBe(200);
    const unsaid = { origin: 'null', 'sec-fetch-site': 'same-origin' };
    expect((await push({ ...cookie, ...unsaid })).status).toBe(200);
  });

  it('opens a socket from a page of this Worker, and from no other', async () => {
    const { cookie } = await signIn();
    await expectProblem(await connect('', cookie), 403, 'forbidden_origin');
    const evil = { ...cookie, origin: 'https://evil.test' };
    await expectProblem(await connect('', evil), 403, 'forbidden_origin');
    const response = await connect('', { ...cookie, origin: HERE });
    expect(response.status).toBe(101);
    response.webSocket?.accept();
    response.webSocket?.close();
  });

  it('beside a token counts for nothing', async () => {
    const { cookie, bearer: own } = await signIn();
    const evil = { origin: 'https://evil.test' };
    expect((await push({ ...cookie, ...own, ...evil })).status).toBe(200);
    await expectProblem(await push({ ...cookie, ...bearer('x') }), 401, 'invalid_token');
  });

  it('of another name, or with nothing in it, is none', async () => {
    const { jwt } = await signIn();
    for (const cookie of [`session=${jwt}`, `Host-session=${jwt}`, 'a=b']) {
      await expectProblem(await ask('/plans', { headers: { cookie } }), 401, 'unauthorized');
    }
    for (const cookie of ['__Host-session=', '__Host-session=x']) {
      expect((await ask('/plans', { headers: { cookie } })).status).toBe(401);
    }
  });
});

describe('a token as a protocol', () => {
  it('opens a socket, and is sent to no other route', async () => {
    const { jwt } = await signIn();
    const headers = { 'sec-websocket-protocol': `tidemark, bearer.${jwt}` };
    const response = await connect('', headers);
    expect(response.status).toBe(101);
    expect(response.headers.get('sec-websocket-protocol')).toBe('tidemark');
    response.webSocket?.accept();
    response.webSocket?.close();
    await expectProblem(await ask('/plans', { headers }), 401, 'unauthorized');
  });
});

describe('POST /auth/ticket', () => {
  const ticketOf = async ({ bearer: headers }: Account) => {
    const response = await ask('/auth/ticket', { method: 'POST', headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    return await response.json<{ ticket: string; expires_in: number }>();
  };

  it('gives a ticket that opens one socket of its user', async () => {
    const account = await signIn();
    const { ticket, expires_in } = await ticketOf(account);
    expect(expires_in).toBe(30);
    expect(ticket).toMatch(/^[\w-]{43}$/);
    const response = await connect(`?ticket=${ticket}&device=page`);
    expect(response.status).toBe(101);
    const live = Live.over(response);
    await new Device(account.claims.user_id).push({
      plans: [{ action: 'create', id: 'p', data: { title: 'T', status: 's' }, updated_at: 1 }],
    });
    expect(await live.next()).toMatchObject({ type: 'changes', plans: [{ id: 'p' }] });
    await expectProblem(await connect(`?ticket=${ticket}`), 401, 'invalid_ticket');
  });

  it('used by many at once lets one in', async () => {
    const { ticket } = await ticketOf(await signIn());
    const responses = await Promise.all(
      Array.from({ length: 6 }, () => connect(`?ticket=${ticket}`)),
    );
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([101, 401, 401, 401, 401, 401]);
    for (const { webSocket } of responses) webSocket?.accept();
  });

  it('gives one that ends after 30 seconds', async () => {
    const { ticket } = await ticketOf(await signIn());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    try {
      await expectProblem(await connect(`?ticket=${ticket}`), 401, 'invalid_ticket');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not to be forged, and counts on no other route', async () => {
    const account = await signIn();
    const { ticket } = await ticketOf(account);
    for (const forged of ['', 'x', 'A'.repeat(43), account.jwt, await newLink(newEmail())]) {
      await expectProblem(await connect(`?ticket=${forged}`), 401, 'invalid_ticket');
    }
    await expectProblem(await ask(`/plans?ticket=${ticket}`), 401, 'unauthorized');
    await expectProblem(await ask(`/auth/verify?token=${ticket}`), 401, 'invalid_magic_token');
    await expectProblem(await connect('', bearer(ticket)), 401, 'invalid_token');
  });

  it('is kept as its hash alone', async () => {
    const { ticket } = await ticketOf(await signIn());
    const rows = await env.DB.prepare("SELECT * FROM one_time WHERE kind = 'ticket'").all();
    expect(JSON.stringify(rows.results)).not.toContain(ticket);
  });

  it('needs a token, or the cookie on a page of this Worker', async () => {
    const { cookie } = await signIn();
    const post = (headers = {}) => ask('/auth/ticket', { method: 'POST', headers });
    await expectProblem(await post(), 401, 'unauthorized');
    await expectProblem(await post(cookie), 403, 'forbidden_origin');
    expect((await post({ ...cookie, origin: HERE })).status).toBe(200);
    const none = await signToken(newUser(), { role: 'none' });
    await expectProblem(await post(bearer(none)), 403, 'forbidden');
  });
});

describe('a new secret', () => {
  const OLD = 'the secret of before, longer than 32 bytes';

  it('signs at once, and the previous one still verifies', async () => {
    const user = newUser();
    const old = await signToken(user, {}, OLD);
    await expectProblem(await ask('/plans', { headers: bearer(old) }), 401, 'invalid_token');
    setVars({ JWT_SECRET_PREVIOUS: OLD });
    expect((await ask('/plans', { headers: bearer(old) })).status).toBe(200);
    const { jwt, bearer: own } = await signIn();
    expect((await ask('/plans', { headers: own })).status).toBe(200);
    setVars({ JWT_SECRET_PREVIOUS: undefined });
    expect((await ask('/plans', { headers: bearer(jwt) })).status).toBe(200);
    await expectProblem(await ask('/plans', { headers: bearer(old) }), 401, 'invalid_token');
  });

  it('is not to be had by the name of another', async () => {
    setVars({ JWT_SECRET_PREVIOUS: OLD });
    const [header] = (await signToken('user-1', {}, OLD)).split('.');
    const [, payload, signature] = (await signToken('user-1', {}, SECRET)).split('.');
    const mixed = bearer([header, payload, signature].join('.'));
    await expectProblem(await ask('/plans', { headers: mixed }), 401, 'invalid_token');
  });
});

describe('POST /auth/sign-out', () => {
  it('takes the cookie back', async () => {
    const { cookie } = await signIn();
    const form = await postForm('/auth/sign-out', {}, cookie);
    expect([form.status, form.headers.get('location')]).toEqual([303, '/login']);
    const json = await ask('/auth/sign-out', { method: 'POST' });
    expect(await json.json()).toEqual({ signed_out: true });
    for (const { headers } of [form, json]) {
      expect(headers.get('set-cookie')).toMatch(
        /^__Host-session=; Max-Age=0; Path=\/; HttpOnly; Secure/,
      );
    }
  });

  it('of a form makes the browser forget the records of the pages', async () => {
    const { cookie } = await signIn();
    const form = await postForm('/auth/sign-out', {}, cookie);
    expect(form.headers.get('clear-site-data')).toBe('"storage"');
    const program = await ask('/auth/sign-out', { method: 'POST' });
    expect(program.headers.get('clear-site-data')).toBeNull();
  });

  it('everywhere, of a form whose token is no good any more, takes the cookie back', async () => {
    const { cookie, bearer: headers } = await signIn();
    await ask('/auth/sign-out?everywhere=true', { method: 'POST', headers });
    for (const dead of [cookie, { cookie: '__Host-session=nonsense' }, {}]) {
      const form = await postForm('/auth/sign-out?everywhere=true', {}, dead);
      expect([form.status, form.headers.get('location')]).toEqual([303, '/login']);
      expect(form.headers.get('set-cookie')).toMatch(/^__Host-session=; Max-Age=0/);
    }
  });

  it('everywhere, of a form that fails, says why on a page and leaves the cookie', async () => {
    setVars({ REQUESTS_PER_MINUTE: '1' });
    const { cookie, bearer: headers } = await signIn();
    await ask('/history', { headers });
    const form = await postForm('/auth/sign-out?everywhere=true', {}, cookie);
    expect([form.status, form.headers.get('set-cookie')]).toEqual([429, null]);
    expect(form.headers.get('content-type')).toContain('text/html');
    expect(await form.text()).toContain('Rate limit exceeded');
  });

  it('is not for a page of another site', async () => {
    const { cookie, bearer: own } = await signIn();
    for (const path of ['/auth/sign-out', '/auth/sign-out?everywhere=true']) {
      const evil = { ...cookie, origin: 'https://evil.test' };
      await expectProblem(await postForm(path, {}, evil), 403, 'forbidden_origin');
    }
    expect((await ask('/plans', { headers: own })).status).toBe(200);
  });

  it('everywhere makes every token of the user invalid, and closes the sockets', async () => {
    const email = newEmail();
    const [laptop, phone, other] = [await signIn(email), await signIn(email), await signIn()];
    const live = Live.over(await connect('?device=phone', phone.bearer));
    const response = await ask('/auth/sign-out?everywhere=true', {
      method: 'POST',
      headers: laptop.bearer,
    });
    expect(response.status).toBe(200);
    expect(await live.closed).toBe(4401);
    for (const { bearer: headers, cookie } of [laptop, phone]) {
      for (const path of ['/plans', '/history']) {
        const refused = await ask(path, { headers });
        await expectProblem(refused, 401, 'invalid_token');
        expect(refused.headers.get('www-authenticate')).toBe('Bearer');
      }
      await expectProblem(await push(headers), 401, 'invalid_token');
      await expectProblem(await push({ ...cookie, origin: HERE }), 401, 'invalid_token');
      await expectProblem(await connect('', headers), 401, 'invalid_token');
      const ticket = await ask('/auth/ticket', { method: 'POST', headers });
      await expectProblem(ticket, 401, 'invalid_token');
    }
    expect((await ask('/plans', { headers: other.bearer })).status).toBe(200);
    const again = await signIn(email);
    expect(again.claims).toMatchObject({ user_id: laptop.claims.user_id, version: 1 });
    expect((await ask('/plans', { headers: again.bearer })).status).toBe(200);
  });

  it('everywhere makes a ticket of before invalid too', async () => {
    const { bearer: headers } = await signIn();
    const issued = await ask('/auth/ticket', { method: 'POST', headers });
    const { ticket } = await issued.json<{ ticket: string }>();
    await ask('/auth/sign-out?everywhere=true', { method: 'POST', headers });
    await expectProblem(await connect(`?ticket=${ticket}`), 401, 'invalid_token');
  });

  it('everywhere outlives the object', async () => {
    const { bearer: headers, claims } = await signIn();
    await ask('/auth/sign-out?everywhere=true', { method: 'POST', headers });
    await evictDurableObject(env.SPACE.get(env.SPACE.idFromName(claims.user_id)));
    await expectProblem(await ask('/plans', { headers }), 401, 'invalid_token');
  });

  it('everywhere needs a token', async () => {
    const response = await ask('/auth/sign-out?everywhere=true', { method: 'POST' });
    await expectProblem(response, 401, 'unauthorized');
  });
});
