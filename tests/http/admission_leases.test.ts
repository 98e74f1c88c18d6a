// How requests to documents are counted: a few at a time, and never more than a user has.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expectProblem, postJson, setVars, signIn } from '../accounts.ts';
import { Device, newUser, send } from '../clients.ts';
import { newApp } from '../documents.ts';
import { signToken } from '../tokens.ts';

const T0 = 1_795_000_000_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const passed = (responses: Response[]) => responses.filter(({ status }) => status === 404).length;

/** A user who reads the document of an app that has none: 404, once the user is let in. */
class Reader {
  readonly path = `/apps/${newApp()}/db.json?view=full`;
  readonly device = new Device(newUser());

  ask(): Promise<Response> {
    return this.device.get(this.path);
  }

  async askMany(count: number): Promise<number> {
    const responses: Response[] = [];
    for (let i = 0; i < count; i += 1) responses.push(await this.ask());
    return passed(responses);
  }
}

/** How often users' own objects were called while `run` ran. */
async function callsIn(run: () => Promise<unknown>): Promise<number> {
  const { SPACE } = env;
  let calls = 0;
  const get: typeof SPACE.get = (id, options) => {
    calls += 1;
    return SPACE.get(id, options);
  };
  const counting = new Proxy(SPACE, {
    get: (target, name) => {
      if (name === 'get') return get;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  setVars({ SPACE: counting as typeof SPACE });
  await run();
  setVars({ SPACE });
  return calls;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: T0 });
  setVars({ REQUESTS_PER_MINUTE: undefined });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('requests to documents', () => {
  it('200 at once: just 100 get through, the others are told when to come back', async () => {
    const reader = new Reader();
    const responses = await Promise.all(Array.from({ length: 200 }, () => reader.ask()));
    expect(passed(responses)).toBe(100);
    for (const response of responses.filter(({ status }) => status !== 404)) {
      expect(response.headers.get('retry-after')).toBe('60');
      await expectProblem(response, 429, 'rate_limited');
    }
  });

  it('200 one after the other: just 100 get through', async () => {
    expect(await new Reader().askMany(200)).toBe(100);
  });

  it('count together with those to other routes', async () => {
    const reader = new Reader();
    expect(await reader.askMany(40)).toBe(40);
    const others = await Promise.all(
      Array.from({ length: 100 }, () => reader.device.get('/history')),
    );
    const through = others.filter(({ status }) => status === 200).length;
    // Of the lease that it holds still, some may be left.
    expect(through).toBeLessThanOrEqual(60);
    expect(through + (await reader.askMany(20))).toBe(60);
  });

  it('ask the object for 1, 2, 4, 8, and then 10 at a time', async () => {
    const reader = new Reader();
    expect(await callsIn(() => reader.askMany(1 + 2 + 4 + 8 + 10 + 10))).toBe(6);
  });

  it('that come seldom take one at a time, and lose none', async () => {
    const reader = new Reader();
    for (let i = 0; i < 3; i += 1) {
      vi.setSystemTime(T0 + i * 11 * SECOND);
      expect(await callsIn(() => reader.askMany(1))).toBe(1);
    }
    expect(await reader.askMany(200)).toBe(97);
  });

  it('are not paid for by the window before', async () => {
    const reader = new Reader();
    await reader.askMany(1 + 2 + 4);
    vi.setSystemTime(T0 + MINUTE - 1);
    await reader.askMany(1 + 2 + 1);
    vi.setSystemTime(T0 + MINUTE);
    expect(await reader.askMany(200)).toBe(100);
  });

  it('get through again as soon as the window has ended', async () => {
    const reader = new Reader();
    await reader.askMany(150);
    vi.setSystemTime(T0 + MINUTE - 1);
    expect((await reader.ask()).headers.get('retry-after')).toBe('1');
    vi.setSystemTime(T0 + MINUTE);
    expect((await reader.ask()).status).toBe(404);
  });

  it('are not those of another user', async () => {
    await new Reader().askMany(101);
    expect((await new Reader().ask()).status).toBe(404);
  });
});

describe('a token', () => {
  const path = `/apps/${newApp()}/db.json?view=full`;

  it('that was revoked is refused within 10 seconds', async () => {
    vi.useRealTimers();
    const { bearer: headers } = await signIn();
    const now = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now });
    for (let i = 0; i < 4; i += 1) expect((await send(path, { headers })).status).toBe(404);
    const out = await postJson('/auth/sign-out?everywhere=true', {}, headers);
    expect(out.status).toBe(200);
    vi.setSystemTime(now + 10 * SECOND);
    await expectProblem(await send(path, { headers }), 401, 'invalid_token');
    await expectProblem(await send(path, { headers }), 401, 'invalid_token');
  });

  it('that has ended is refused at once', async () => {
    const user = newUser();
    const token = await signToken(user, { exp: T0 / 1000 + 2 });
    const headers = { authorization: `Bearer ${token}` };
    for (let i = 0; i < 4; i += 1) expect((await send(path, { headers })).status).toBe(404);
    vi.setSystemTime(T0 + 2 * SECOND);
    await expectProblem(await send(path, { headers }), 401, 'invalid_token');
  });
});
