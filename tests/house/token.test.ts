// scripts/token: what a user's token says, and that a mistake is refused without one.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { jwtVerify } from 'jose';
import { expect, test } from 'vitest';

const secret = 'a secret for these tests, 32 bytes and more';

function runToken(...args: string[]) {
  const env = { ...process.env, JWT_SECRET: secret };
  return spawnSync('node', ['scripts/token.mjs', ...args], { encoding: 'utf8', env });
}

async function claimsOf(token: string) {
  const options = { issuer: 'tidemark', audience: 'tidemark', algorithms: ['HS256'] };
  return jwtVerify(token.trim(), new TextEncoder().encode(secret), options);
}

test('the same address gives the same user, whatever its case', async () => {
  const { payload, protectedHeader } = await claimsOf(runToken('Demo@Example.com').stdout);
  const hash = createHash('sha256').update('demo@example.com').digest('hex');
  expect(payload).toMatchObject({
    user_id: `u${hash.slice(0, 24)}`,
    sub: `u${hash.slice(0, 24)}`,
    email: 'demo@example.com',
    role: 'user',
  });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(30 * 86_400);
  expect(payload.jti).toBeTruthy();
  const kid = createHash('sha256').update(secret).digest('hex').slice(0, 8);
  expect(protectedHeader).toMatchObject({ alg: 'HS256', kid });
});

test('options become claims', async () => {
  const all = '--user-id u1 --org o --tenant t --role admin --days 1 --version 2';
  const run = runToken('a@b', ...all.split(' '));
  const { payload } = await claimsOf(run.stdout);
  expect(payload).toMatchObject({ user_id: 'u1', sub: 'u1', org: 'o', tenant: 't', role: 'admin' });
  expect(payload.version).toBe(2);
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(86_400);
});

test.each([
  { args: [], says: 'give one e-mail address' },
  { args: ['nobody'], says: 'not an e-mail address' },
  { args: ['a@b', '--role', 'root'], says: '--role is one of' },
  { args: ['a@b', '--days', '0'], says: '--days is a number' },
  { args: ['a@b', '--version', '-1'], says: '--version' },
  { args: ['a@b', '--colour', 'red'], says: 'usage: npm run token' },
])('$args is refused: $says', ({ args, says }) => {
  const run = runToken(...args);
  expect(run.status).toBe(1);
  expect(run.stdout).toBe('');
  expect(run.stderr).toContain(says);
});
