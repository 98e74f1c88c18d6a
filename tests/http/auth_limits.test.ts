// How many requests a user may make in a minute, and how many links an address may be sent.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ask,
  expectProblem,
  mailsTo,
  newEmail,
  postJson,
  requestLink,
  setVars,
} from '../accounts.ts';
import { Device, newUser, send, spaceOf } from '../clients.ts';
import { upgrade } from '../live/sockets.ts';

const T0 = 1_795_000_000_000;
const MINUTE = 60_000;

const passed = (responses: Response[]) => responses.filter(({ status }) => status === 200).length;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: T0 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('requests of a user', () => {
  beforeEach(() => setVars({ REQUESTS_PER_MINUTE: undefined }));

  it('200 at once: just 100 get through, the others are told when to come back', async () => {
    const device = new Device(newUser());
    const responses = await Promise.all(
      Array.from({ length: 200 }, () => device.post('/sync', '{}')),
    );
    expect(passed(responses)).toBe(100);
    for (const response of responses.filter(({ status }) => status !== 200)) {
      expect(response.headers.get('retry-after')).toBe('60');
      expect(await expectProblem(response, 429, 'rate_limited')).toEqual({
        error: 'rate_limited',
        message: 'Rate limit exceeded',
      });
    }
  });

  it('count together, whichever route they ask', async () => {
    const device = new Device(newUser());
    const paths = ['/plans', '/sessions', '/cards', '/history', '/api/sessions'];
    const asked = Array.from({ length: 150 }, (_, i) => device.get(paths[i % 5] as string));
    expect(passed(await Promise.all(asked))).toBe(100);
    expect((await device.post('/sync', '{}')).status).toBe(429);
    expect((await device.post('/auth/ticket', null)).status).toBe(429);
    expect((await upgrade('', await device.headers())).status).toBe(429);
  });

  it('are counted anew after the minute that the first one opened', async () => {
    const device = new Device(newUser());
    await device.get('/history');
    vi.setSystemTime(T0 + 30_000);
    await Promise.all(Array.from({ length: 99 }, () => device.get('/history')));
    const refused = await device.get('/history');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    vi.setSystemTime(T0 + MINUTE - 1);
    const last = await device.get('/history');
    expect([last.status, last.headers.get('retry-after')]).toEqual([429, '1']);
    vi.setSystemTime(T0 + MINUTE);
    const next = await Promise.all(Array.from({ length: 101 }, () => device.get('/history')));
    expect(passed(next)).toBe(100);
  });

  it('are not those of another user', async () => {
    const [one, two] = [new Device(newUser()), new Device(newUser())];
    await Promise.all(Array.from({ length: 101 }, () => one.get('/history')));
    expect((await two.get('/history')).status).toBe(200);
  });

  it('have no more room when the object was evicted meanwhile', async () => {
    const device = new Device(newUser());
    let through = 0;
    for (let round = 0; round < 4; round += 1) {
      const asked = Array.from({ length: 30 }, () => device.get('/history'));
      const responses = await Promise.all(asked);
      await Promise.all(responses.map((response) => response.text())); // An open answer holds it.
      through += passed(responses);
      await evictDurableObject(spaceOf(device.user));
    }
    expect(through).toBe(100);
  });

  it('that are refused before their user is known are not counted', async () => {
    const device = new Device(newUser());
    const headers = { authorization: 'Bearer nonsense' };
    await Promise.all(Array.from({ length: 150 }, () => send('/history', { headers })));
    expect((await device.get('/history')).status).toBe(200);
  });

  it('that are refused are told to Analytics Engine, under their user', async () => {
    const writeDataPoint = vi.fn();
    setVars({ REQUESTS_PER_MINUTE: '1', ANALYTICS: { writeDataPoint } });
    const device = new Device(newUser());
    for (const path of ['/plans', '/plans', '/history']) await device.get(path);
    const points = writeDataPoint.mock.calls.filter(([{ blobs }]) => blobs[0] === 'ratelimit');
    const point = { blobs: ['ratelimit'], doubles: [1], indexes: [device.user] };
    expect(points).toEqual([[point], [point]]);
  });

  it('have the bound that is configured', async () => {
    setVars({ REQUESTS_PER_MINUTE: '3' });
    const device = new Device(newUser());
    expect(passed(await Promise.all(Array.from({ length: 9 }, () => device.get('/plans'))))).toBe(
      3,
    );
    setVars({ REQUESTS_PER_MINUTE: 'a few' });
    await expectProblem(await device.get('/plans'), 503, 'not_configured');
  });
});

describe('links', () => {
  const askOften = async (email: (i: number) => string, ip: (i: number) => string) => {
    const asked = Array.from({ length: 25 }, (_, i) =>
      postJson('/auth/magic-link', { email: email(i) }, { 'cf-connecting-ip': ip(i) }),
    );
    return Promise.all(asked);
  };
  const sent = (responses: Response[]) => responses.filter(({ status }) => status === 202).length;

  it('to an address: 20 in 15 minutes, also asked for at once', async () => {
    const email = newEmail();
    const responses = await askOften(
      () => email,
      (i) => `198.51.100.${i}`,
    );
    expect(sent(responses)).toBe(20);
    expect(await mailsTo(email)).toHaveLength(20);
    const refused = responses.find(({ status }) => status !== 202) as Response;
    expect(refused.headers.get('retry-after')).toBe('900');
    await expectProblem(refused, 429, 'rate_limited');
    vi.setSystemTime(T0 + 15 * MINUTE);
    expect((await requestLink(email)).status).toBe(202);
  });

  it('asked for from an address: five in 15 minutes', async () => {
    expect(sent(await askOften(newEmail, () => '203.0.113.9'))).toBe(5);
    vi.setSystemTime(T0 + 15 * MINUTE);
    expect((await requestLink(newEmail(), { 'cf-connecting-ip': '203.0.113.9' })).status).toBe(202);
  });

  it('asked for by one who has many addresses of IPv6', async () => {
    expect(sent(await askOften(newEmail, (i) => `2001:db8:ffff::${i}`))).toBe(5);
  });

  it('are counted when the network tells no address', async () => {
    const asked = Array.from({ length: 6 }, () =>
      postJson('/auth/magic-link', { email: newEmail() }),
    );
    expect(sent(await Promise.all(asked))).toBe(5);
  });

  it('have the bound that is configured', async () => {
    setVars({ LINKS_PER_15_MINUTES: '2' });
    expect(sent(await askOften(newEmail, () => '203.0.113.11'))).toBe(2);
    const email = newEmail();
    expect(
      sent(
        await askOften(
          () => email,
          (i) => `192.0.2.${i}`,
        ),
      ),
    ).toBe(8);
  });

  it('are forgotten with their counter, and not before its window has ended', async () => {
    const email = newEmail();
    for (let i = 0; i < 20; i += 1) await requestLink(email);
    const counter = env.LIMITER.get(env.LIMITER.idFromName(`email:${email}`));
    await runDurableObjectAlarm(counter);
    expect((await requestLink(email)).status).toBe(429);
    vi.setSystemTime(T0 + 15 * MINUTE);
    expect(await runDurableObjectAlarm(counter)).toBe(true);
    expect((await requestLink(email)).status).toBe(202);
  });

  it('to an address are left to its owner, whatever another network asks for', async () => {
    const email = newEmail();
    const responses = await askOften(
      () => email,
      () => '203.0.113.12',
    );
    expect(sent(responses)).toBe(5);
    for (let i = 0; i < 5; i += 1) {
      const response = await requestLink(email, { 'cf-connecting-ip': '203.0.113.13' });
      expect(response.status).toBe(202);
    }
  });

  it('have a counter that is forgotten later where it could not be forgotten at once', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    const email = newEmail();
    await requestLink(email);
    const counter = env.LIMITER.get(env.LIMITER.idFromName(`email:${email}`));
    const change = (sql: string) =>
      runInDurableObject(counter, (_, { storage }) => void storage.sql.exec(sql));
    await change('ALTER TABLE meta RENAME TO hidden; CREATE VIEW meta AS SELECT 1 AS one');
    vi.setSystemTime(T0 + 15 * MINUTE);
    expect(await runDurableObjectAlarm(counter)).toBe(true);
    const lines = errors.mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(lines).toMatchObject([{ event: 'counter.forget_failed' }]);
    expect(JSON.stringify(lines)).not.toContain(email);
    errors.mockRestore();
    await change('DROP VIEW meta; ALTER TABLE hidden RENAME TO meta');
    expect(await runDurableObjectAlarm(counter)).toBe(true);
    const tables = await runInDurableObject(counter, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_schema WHERE name = 'meta'").toArray(),
    );
    expect(tables).toEqual([]);
    expect(await runDurableObjectAlarm(counter)).toBe(false);
  });
});

it('GET /auth/verify is not limited: a guess costs no row', async () => {
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => ask('/auth/verify?token=guess')),
  );
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]));
});
