// The secret that keys are hashed with, as an environment has it.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, expect, it } from 'vitest';
import {
  createSchema,
  type InitializeFromEnvOptions,
  initializeFromEnv,
  KVShardMapper,
  resetConfig,
  run,
} from '../../client/sql/index.ts';
import { kvOf } from './doubles.ts';

const INSERT = 'INSERT INTO users (id, name) VALUES (?, ?)';

beforeAll(() => createSchema(env['db-east']));
afterEach(async () => {
  resetConfig();
  await new KVShardMapper(env.KV).clearAllMappings();
});

function start(SHARD_KEY_PEPPER: unknown, options: InitializeFromEnvOptions = {}) {
  const bound = { KV: kvOf(), DB_EAST: env['db-east'], SHARD_KEY_PEPPER };
  initializeFromEnv(bound, { disableAutoMigration: true, ...options });
}

async function nameOf(key: string): Promise<string | undefined> {
  await run(key, INSERT, [key, 'N']);
  return (await env.KV.list({ prefix: 'shard:' })).keys[0]?.name;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const nameBy = (digest: ArrayBuffer) =>
  `shard:${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;

async function peppered(key: string, pepper: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const secret = await crypto.subtle.importKey('raw', bytesOf(pepper), algorithm, false, ['sign']);
  return nameBy(await crypto.subtle.sign('HMAC', secret, bytesOf(key)));
}
const plain = async (key: string) => nameBy(await crypto.subtle.digest('SHA-256', bytesOf(key)));

it('SHARD_KEY_PEPPER is the secret where the options give none', async () => {
  start('a secret of the deployment');
  expect(await nameOf('ada@example.com')).toBe(
    await peppered('ada@example.com', 'a secret of the deployment'),
  );
});

it('the options come first', async () => {
  start('a secret of the deployment', { keyPepper: 'mine' });
  expect(await nameOf('grace@example.com')).toBe(await peppered('grace@example.com', 'mine'));
});

it('without it, or with an empty one, keys are hashed as they are', async () => {
  start(undefined);
  expect(await nameOf('plain-1')).toBe(await plain('plain-1'));
  resetConfig();
  await new KVShardMapper(env.KV).clearAllMappings();
  start('');
  expect(await nameOf('plain-2')).toBe(await plain('plain-2'));
});

it('one that is no text is refused, and not left out', () => {
  const message = /keyPepper is a.* object: it is a text/;
  expect(() => start({ get: async () => 'of a store of secrets' })).toThrow(message);
});
