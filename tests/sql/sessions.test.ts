// Sessions of D1 across shards: one each, from the visitor's bookmark to the next.

import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { collegedb, createRouter, first, openSessions, run } from '../../client/sql/index.ts';
import { NAMES, onAll } from './doubles.ts';

const databases = Object.fromEntries(NAMES.map((name) => [name, env[name]]));
const INSERT = 'INSERT INTO visits (id, page) VALUES (?, ?)';
const SELECT = 'SELECT page FROM visits WHERE id = ?';

beforeAll(() => onAll('CREATE TABLE visits (id TEXT PRIMARY KEY, page TEXT)'));

/** A database that notes where its sessions begin. */
function noting(begun: string[]) {
  const session = {
    prepare: (sql: string) => env['db-east'].prepare(sql),
    batch: (statements: D1PreparedStatement[]) => env['db-east'].batch(statements),
    getBookmark: () => `after-${begun.length}`,
  };
  return {
    prepare: () => {
      throw new Error('past the session');
    },
    withSession: (from: string) => {
      begun.push(from);
      return session;
    },
  };
}

describe('sessions', () => {
  it('of real databases read what they wrote, and tell how far they saw', async () => {
    const { shards, bookmarks } = openSessions(databases);
    expect(bookmarks()).toBe('');
    await collegedb({ shards }, async () => {
      await run('v1', INSERT, ['v1', 'home']);
      expect(await first('v1', SELECT, ['v1'])).toEqual({ page: 'home' });
    });
    const brought = bookmarks();
    expect(Object.keys(JSON.parse(decodeURIComponent(brought)))).toHaveLength(1);
    const next = openSessions(databases, brought);
    await collegedb({ shards: next.shards }, async () => {
      expect(await first('v1', SELECT, ['v1'])).toEqual({ page: 'home' });
    });
  });

  it.each([
    [undefined, {}, 'first-unconstrained'],
    ['', { first: 'first-primary' }, 'first-primary'],
    [encodeURIComponent('{"a":"b-7"}'), {}, 'b-7'],
    [encodeURIComponent('{"other":"b-7"}'), {}, 'first-unconstrained'],
    ['no bookmark', {}, 'first-primary'],
    ['%', {}, 'first-primary'],
    [encodeURIComponent('{"a":7}'), {}, 'first-unconstrained'],
  ] as const)('begin where the visitor was: %j', async (brought, options, from) => {
    const begun: string[] = [];
    const { shards, bookmarks } = openSessions({ a: noting(begun) }, brought, options);
    const router = createRouter({ shards });
    await router.first('k', 'SELECT 1');
    await router.first('k', 'SELECT 1');
    expect(begun).toEqual([from]);
    expect(JSON.parse(decodeURIComponent(bookmarks()))).toEqual({ a: 'after-1' });
  });

  it('keep bookmarks of shards that were not asked, and leave other databases alone', async () => {
    const plain = { prepare: (sql: string) => env['db-west'].prepare(sql) };
    const brought = encodeURIComponent('{"a":"b-7","gone":"b-1"}');
    const { shards, bookmarks } = openSessions({ a: noting([]), plain }, brought);
    expect(shards.plain).toBe(plain);
    expect(JSON.parse(decodeURIComponent(bookmarks()))).toEqual({ a: 'b-7' });
  });
});
