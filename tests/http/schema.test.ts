// The tables that migrations make in D1, as SQLite itself tells them.

import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import declared from '../../schema/collections.json';
import { SHARDS } from '../shards.ts';

interface ColumnInfo {
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  pk: number;
}

interface DeclaredColumn {
  name: string;
  type: string;
  required?: boolean;
  default?: string | number;
}

const SQL_TYPES: Record<string, string> = {
  text: 'TEXT',
  integer: 'INTEGER',
  real: 'REAL',
  time: 'INTEGER',
  json: 'TEXT',
};

async function columnsOf(database: D1Database, table: string): Promise<ColumnInfo[]> {
  return (await database.prepare(`PRAGMA table_info(${table})`).all<ColumnInfo>()).results;
}

async function namesOf(database: D1Database, type: string, table: string): Promise<string[]> {
  const { results } = await database
    .prepare('SELECT name FROM sqlite_schema WHERE type = ?1 AND tbl_name = ?2 ORDER BY name')
    .bind(type, table)
    .all<{ name: string }>();
  return results.map(({ name }) => name);
}

describe.each(SHARDS)('%s', (shard) => {
  it.each(declared.collections)(
    'has $name as it is declared',
    async ({ name, columns, indexes }) => {
      const table = await columnsOf(env[shard], name);
      expect(table.map((column) => column.name)).toEqual([
        'id',
        'user_id',
        ...columns.map((column) => column.name),
        'seq',
        'deleted_at',
      ]);
      expect(table.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk)).toMatchObject([
        { name: 'user_id', type: 'TEXT', notnull: 1 },
        { name: 'id', type: 'TEXT', notnull: 1 },
      ]);
      for (const column of columns as DeclaredColumn[]) {
        const made = table.find((info) => info.name === column.name);
        expect(made).toMatchObject({
          type: SQL_TYPES[column.type],
          notnull: column.required ? 1 : 0,
          dflt_value: typeof column.default === 'number' ? String(column.default) : null,
        });
      }
      const made = await namesOf(env[shard], 'index', name);
      expect(made).toEqual(expect.arrayContaining(indexes.map((index) => index.name)));
    },
  );

  it('has foreign keys from children to parents of the same user', async () => {
    for (const { name, parent } of declared.collections) {
      if (!parent) continue;
      const { results } = await env[shard].prepare(`PRAGMA foreign_key_list(${name})`).all();
      expect(results).toMatchObject([
        { table: parent.collection, from: 'user_id', to: 'user_id' },
        { table: parent.collection, from: parent.column, to: 'id' },
      ]);
    }
  });
});

describe('DB', () => {
  it('has users, with an index on the address', async () => {
    const table = await columnsOf(env.DB, 'users');
    const columns = ['id', 'email', 'username', 'created_at', 'updated_at'];
    expect(table.map(({ name }) => name)).toEqual(columns);
    expect(await namesOf(env.DB, 'index', 'users')).toContain('idx_users_email');
  });

  it('takes an address once', async () => {
    const insert = env.DB.prepare(
      'INSERT INTO users (id, email, created_at, updated_at) VALUES (?1, ?2, 0, 0)',
    );
    await insert.bind('u1', 'demo@example.com').run();
    await expect(insert.bind('u2', 'demo@example.com').run()).rejects.toThrow(/UNIQUE/);
    await expect(insert.bind('u1', 'other@example.com').run()).rejects.toThrow(/UNIQUE/);
    await expect(insert.bind('u3', null).run()).rejects.toThrow(/NOT NULL/);
  });
});
