// How mail goes out: each provider, what is said where one fails, and who may read local mail.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import {
  ask,
  BROWSER,
  expectProblem,
  newEmail,
  newLink,
  requestLink,
  setVars,
} from '../accounts.ts';
import { send } from '../clients.ts';

const MAILGUN = {
  MAIL: 'mailgun',
  MAILGUN_DOMAIN: 'mg.samedi.dev',
  MAILGUN_API_KEY: 'key-secret',
  MAIL_FROM: 'Samedi <login@samedi.dev>',
};

let log: MockInstance<typeof console.log>;
let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
  errors = vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const linksFor = async (email: string) => {
  const sql = "SELECT count(*) AS n FROM one_time WHERE subject ->> 'email' = ?";
  return (await env.DB.prepare(sql).bind(email).first<{ n: number }>())?.n;
};

/** What the provider is sent, and what it answers. */
function fakeFetch(answer: () => Promise<Response>) {
  return vi.spyOn(globalThis, 'fetch').mockImplementation(answer);
}

async function expectFailed(email: string): Promise<void> {
  await expectProblem(await requestLink(email), 502, 'mail_failed');
  expect(await linksFor(email)).toBe(0);
  const lines = errors.mock.calls.map(([line]) => JSON.parse(String(line)));
  expect(lines).toMatchObject([{ event: 'mail.failed' }]);
  const text = JSON.stringify([log.mock.calls, errors.mock.calls]);
  for (const secret of [email, 'token=', 'key-secret']) expect(text).not.toContain(secret);
}

describe('Mailgun', () => {
  it('is sent the mail by its HTTP API', async () => {
    setVars(MAILGUN);
    const fetched = fakeFetch(async () => Response.json({ id: '<1>', message: 'Queued.' }));
    const email = newEmail();
    expect((await requestLink(email)).status).toBe(202);
    const [url, init] = fetched.mock.calls[0] as [URL, RequestInit];
    expect(String(url)).toBe('https://api.mailgun.net/v3/mg.samedi.dev/messages');
    expect(init.method).toBe('POST');
    expect(init.headers).toEqual({ authorization: `Basic ${btoa('api:key-secret')}` });
    const fields = Object.fromEntries(init.body as URLSearchParams);
    expect(fields).toEqual({
      from: 'Samedi <login@samedi.dev>',
      to: email,
      subject: 'Login to Samedi',
      text: expect.stringMatching(/^Click here to login: http\S+\/auth\/verify\?token=[\w-]{43}$/),
      'o:tracking': 'no',
    });
    const token = fields.text?.slice(-43);
    expect((await ask(`/auth/verify?token=${token}`)).status).toBe(200);
    expect(JSON.stringify(log.mock.calls)).not.toContain(email);
  });

  it('is found in the EU, where it is configured', async () => {
    setVars({ ...MAILGUN, MAILGUN_URL: 'https://api.eu.mailgun.net' });
    const fetched = fakeFetch(async () => Response.json({}));
    await requestLink(newEmail());
    expect(String(fetched.mock.calls[0]?.[0])).toMatch(/^https:\/\/api\.eu\.mailgun\.net\/v3\//);
  });

  it.each([400, 401, 302, 500])(
    'that answers %i: 502, and the link is withdrawn',
    async (status) => {
      setVars(MAILGUN);
      fakeFetch(async () => new Response('to: someone@example.com', { status }));
      await expectFailed(newEmail());
    },
  );

  it('that cannot be reached: 502', async () => {
    setVars(MAILGUN);
    fakeFetch(() => Promise.reject(new TypeError('Network connection lost.')));
    await expectFailed(newEmail());
  });

  it('that does not answer is waited for no longer than 10 s', async () => {
    setVars(MAILGUN);
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => {
      init?.signal?.throwIfAborted();
      return new Promise<Response>(() => {});
    });
    await expectFailed(newEmail());
    expect(timeout).toHaveBeenCalledWith(10_000);
  });

  it.each(['MAILGUN_DOMAIN', 'MAILGUN_API_KEY', 'MAIL_FROM'])('without %s: 503', async (name) => {
    setVars({ ...MAILGUN, [name]: '' });
    await expectProblem(await requestLink(newEmail()), 503, 'mail_not_configured');
  });
});

describe("Cloudflare's mail", () => {
  const FROM = { MAIL: 'cloudflare', MAIL_FROM: 'login@samedi.dev' };
  const binding = (answer: () => Promise<EmailSendResult>) => {
    const EMAIL = { send: vi.fn(answer) };
    setVars({ ...FROM, EMAIL });
    return EMAIL.send;
  };

  it('is sent the mail by its binding', async () => {
    const sent = binding(async () => ({ messageId: '1' }));
    const email = newEmail();
    expect((await requestLink(email)).status).toBe(202);
    expect(sent.mock.calls).toEqual([
      [
        {
          from: 'login@samedi.dev',
          to: email,
          subject: 'Login to Samedi',
          text: expect.stringMatching(
            /^Click here to login: http\S+\/auth\/verify\?token=[\w-]{43}$/,
          ),
        },
      ],
    ]);
  });

  it('that refuses: 502, and the log has its code and no address', async () => {
    const email = newEmail();
    const error = Object.assign(new Error(`no ${email} here`), { code: 'E_RECIPIENT_NOT_ALLOWED' });
    binding(() => Promise.reject(error));
    await expectFailed(email);
    expect(String(errors.mock.calls[0])).toContain('E_RECIPIENT_NOT_ALLOWED');
  });

  it('that does not answer is waited for no longer than 10 s', async () => {
    binding(() => new Promise(() => {}));
    const real = AbortSignal.timeout.bind(AbortSignal);
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => real(1));
    await expectFailed(newEmail());
    expect(timeout).toHaveBeenCalledWith(10_000);
  });

  it('without its binding: 503', async () => {
    setVars({ ...FROM, EMAIL: undefined });
    await expectProblem(await requestLink(newEmail()), 503, 'mail_not_configured');
  });
});

describe('local mail', () => {
  it('is shown on /dev/mail, the newest first, and in the terminal', async () => {
    const [one, two] = [newEmail(), newEmail()];
    await newLink(one);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_000 });
    try {
      await newLink(two);
    } finally {
      vi.useRealTimers();
    }
    const list = await (await ask('/dev/mail')).json<{ to: string }[]>();
    expect(list.slice(0, 2).map(({ to }) => to)).toEqual([two, one]);
    const page = await (await ask('/dev/mail', { headers: BROWSER })).text();
    expect(page.indexOf(two)).toBeLessThan(page.indexOf(one));
    expect(page).toMatch(/<a href="http:\/\/127\.0\.0\.1:8787\/auth\/verify\?token=[\w-]{43}">/);
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(lines.find(({ event, to }) => event === 'mail.kept' && to === two)).toBeTruthy();
  });

  it('in production is not there, and sends nothing', async () => {
    setVars({ ENVIRONMENT: 'production' });
    await expectProblem(await ask('/dev/mail'), 404, 'not_found');
    await expectProblem(await requestLink(newEmail()), 503, 'mail_not_configured');
  });

  it('under a name that is not of this machine is not there, and sends nothing', async () => {
    await expectProblem(await send('/dev/mail'), 404, 'not_found');
    const response = await send('/auth/magic-link', {
      method: 'POST',
      body: JSON.stringify({ email: newEmail() }),
      headers: { 'content-type': 'application/json' },
    });
    await expectProblem(response, 503, 'mail_not_configured');
  });

  it('where mails go elsewhere is not there', async () => {
    setVars(MAILGUN);
    await expectProblem(await ask('/dev/mail'), 404, 'not_found');
    setVars({ MAIL: undefined });
    await expectProblem(await requestLink(newEmail()), 503, 'mail_not_configured');
  });
});

describe('the log', () => {
  it('of every step of signing in has no token, no address and no query string', async () => {
    setVars(MAILGUN);
    const fetched = fakeFetch(async () => Response.json({}));
    const email = newEmail();
    await requestLink(email);
    const body = fetched.mock.calls[0]?.[1]?.body as URLSearchParams;
    const link = body.get('text')?.slice(-43) as string;
    await ask(`/auth/verify?token=${link}`, { headers: BROWSER });
    const { jwt } = await (await ask(`/auth/verify?token=${link}`)).json<{ jwt: string }>();
    await ask(`/auth/verify?token=${link}`);
    const headers = { authorization: `Bearer ${jwt}` };
    const issued = await ask('/auth/ticket', { method: 'POST', headers });
    const { ticket } = await issued.json<{ ticket: string }>();
    const { webSocket } = await ask(`/sync/live?ticket=${ticket}`, {
      headers: { upgrade: 'websocket' },
    });
    webSocket?.accept();
    await ask('/auth/sign-out?everywhere=true', { method: 'POST', headers });
    const text = JSON.stringify([log.mock.calls, errors.mock.calls]);
    for (const secret of [email, '@', link, jwt, ticket, 'everywhere', '?']) {
      expect([secret, text.includes(secret)]).toEqual([secret, false]);
    }
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(lines.filter(({ path }) => path?.startsWith('/auth'))).toMatchObject([
      { path: '/auth/magic-link', status: 202 },
      { path: '/auth/verify', status: 200 },
      { path: '/auth/verify', status: 200, user_id: expect.stringMatching(/^u[0-9a-f]{24}$/) },
      { path: '/auth/verify', status: 401, error: 'invalid_magic_token' },
      { path: '/auth/ticket', status: 200, user_id: expect.any(String) },
      { path: '/auth/sign-out', status: 200, user_id: expect.any(String) },
    ]);
  });
});
