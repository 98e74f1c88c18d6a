// Signing in and out: what is said, what is sent, what is kept.

import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeJwt, Home, Server, send } from './samedi.ts';

const server = new Server();
let home: Home;
beforeAll(() => server.listen());
afterAll(() => server.close());
beforeEach(() => {
  home = new Home();
  home.write('config.json', JSON.stringify({ 'api.url': server.url }));
  server.asked.length = 0;
  server.handler = ({ path }, response) => {
    if (path === '/auth/magic-link') return send(response, 202, { sent: true });
    if (path === '/auth/verify?token=magic%2F1') return send(response, 200, { jwt });
    const refusal = { error: 'invalid_magic_token', message: 'Invalid or expired token' };
    send(response, 401, refusal);
  };
});
afterEach(() => home.remove());

const jwt = fakeJwt({ user_id: 'u1', email: 'you@example.com' });
const login = (email: string, input: string) => home.start(['login', email], { input }).done;

describe('login', () => {
  it('sends a link, takes the pasted token, and keeps what it gets for it', async () => {
    const { code, stdout, stderr } = await login('you@example.com', ' magic/1 \n');
    expect(stdout).toBe(
      '✉️  Magic link sent to you@example.com\n' +
        'Check your email and paste the token here:\n' +
        '✓ Logged in successfully\n',
    );
    expect([code, stderr]).toEqual([0, '']);
    const [link, verify] = server.asked;
    expect([link?.method, link?.path, link?.body]).toEqual([
      'POST',
      '/auth/magic-link',
      '{"email":"you@example.com"}',
    ]);
    expect(link?.headers['content-type']).toBe('application/json');
    expect([verify?.method, verify?.headers.accept]).toEqual(['GET', 'application/json']);
    expect(JSON.parse(home.read('auth.json'))).toEqual({
      jwt,
      user_id: 'u1',
      email: 'you@example.com',
      api_url: server.url,
    });
    expect(home.mode('auth.json')).toBe(0o600);
  });

  it('encodes the address as JSON, whatever it holds', async () => {
    await login('"},"x":"\\', '\n');
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({ email: '"},"x":"\\' });
  });

  it('takes a pasted JWT as it is', async () => {
    const { code } = await login('you@example.com', `${jwt}\n`);
    expect(code).toBe(0);
    expect(server.asked.map(({ path }) => path)).toEqual(['/auth/magic-link']);
    expect(JSON.parse(home.read('auth.json')).jwt).toBe(jwt);
  });

  it('says why a token was refused, and keeps nothing', async () => {
    const { code, stderr } = await login('you@example.com', 'wrong\n');
    expect(code).toBe(3);
    expect(stderr).toContain('Invalid or expired token');
    expect(existsSync(home.file('auth.json'))).toBe(false);
  });

  it.each(['', '\n', 'a.b.c\n'])('refuses %j as a token', async (input) => {
    const { code } = await login('you@example.com', input);
    expect(code).not.toBe(0);
    expect(existsSync(home.file('auth.json'))).toBe(false);
  });

  it('leaves the standard output to the result with --json', async () => {
    const { done } = home.start(['login', 'you@example.com', '--json'], { input: 'magic/1\n' });
    const { stdout, stderr } = await done;
    expect(JSON.parse(stdout)).toEqual({ email: 'you@example.com', user_id: 'u1' });
    expect(stderr).toContain('Check your email and paste the token here:');
  });

  it('does not keep a token that the disk has no room for', async () => {
    home.signIn(server.url, 'before');
    const before = home.read('auth.json');
    const { done } = home.start(['login', 'you@example.com'], {
      input: 'magic/1\n',
      before: 'ulimit -f 0',
    });
    const { code, stderr } = await done;
    expect([code, stderr]).toEqual([1, expect.stringContaining('auth.json')]);
    expect(home.read('auth.json')).toBe(before);
  });
});

describe('the token', () => {
  it('is forgotten by logout, and records stay', async () => {
    home.signIn(server.url);
    await home.run('plan', 'add', 'A');
    expect((await home.run('logout')).code).toBe(0);
    expect(existsSync(home.file('auth.json'))).toBe(false);
    expect(await home.json('plan')).toHaveLength(1);
    expect((await home.run('sync')).code).toBe(3);
  });

  it('is not sent to another server than the one that gave it', async () => {
    await login('you@example.com', 'magic/1\n');
    await home.run('config', 'set', 'api.url', server.url.replace('127.0.0.1', 'localhost'));
    server.asked.length = 0;
    expect((await home.run('sync')).code).toBe(3);
    expect(server.asked).toEqual([]);
  });

  it('is not sent over plain http, even if the file says so', async () => {
    home.signIn(server.url);
    home.write('config.json', '{"api.url": "http://example.com"}');
    const { code, stderr } = await home.run('sync');
    expect([code, stderr]).toEqual([1, expect.stringContaining('config.json')]);
  });

  it('is not sent on where a redirect leads', async () => {
    home.signIn(server.url);
    server.handler = (_, response) =>
      send(response, 307, {}, { location: `${server.url}/elsewhere` });
    const { code, stderr } = await home.run('sync');
    expect([code, stderr]).toEqual([1, expect.stringContaining('redirects are not followed')]);
    expect(server.asked.map(({ path }) => path)).toEqual(['/sync']);
  });

  it('of another account does not push these records into its space', async () => {
    server.handler = (_, response) =>
      send(response, 200, { cursor: 'e.1', has_more: false, server_time: Date.now() });
    home.signIn(server.url, 'one');
    await home.run('plan', 'add', 'A');
    expect((await home.run('sync')).code).toBe(0);
    home.signIn(server.url, 'two');
    server.asked.length = 0;
    const { code, stderr } = await home.run('sync');
    expect([code, stderr]).toEqual([3, expect.stringContaining('another account')]);
    expect(server.asked).toEqual([]);
  });

  it('that has expired is not sent', async () => {
    home.signIn(server.url);
    const old = fakeJwt({ user_id: 'u1', exp: 1_700_000_000 });
    home.write('auth.json', JSON.stringify({ jwt: old }));
    const { code, stderr } = await home.run('sync');
    expect([code, stderr]).toEqual([3, expect.stringContaining('expired')]);
    expect(server.asked).toEqual([]);
  });
});
