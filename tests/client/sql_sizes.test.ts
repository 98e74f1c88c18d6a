// How large shards are that are not D1: in pages, where they can tell them.

import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../client/sql/config.ts';
import { sizeAsked, sizeKnown } from '../../client/sql/execute.ts';
import type { Shard } from '../../client/sql/types.ts';

type Answers = Record<string, () => unknown>;

/** A database that answers these texts, each with one row, and notes what it was asked. */
function shardOf(answers: Answers, meta?: object) {
  const asked: string[] = [];
  const prepare = (sql: string) => {
    const answer = async () => {
      asked.push(sql);
      const row = answers[sql];
      if (row === undefined) throw new Error(`near "${sql}": what is that?`);
      return row();
    };
    const all = async () => ({ results: [await answer()], meta });
    const statement = { bind: () => statement, run: all, all, first: answer };
    return statement as unknown as ReturnType<Shard['prepare']>;
  };
  return { asked, shard: { prepare } };
}

const settings = (shard: Shard) => settingsOf({ shards: { plain: shard } });
const one = { 'SELECT 1': () => ({ 1: 1 }) };
const pages = {
  ...one,
  'PRAGMA page_count': () => ({ page_count: 12 }),
  'PRAGMA page_size': () => ({ page_size: 4096 }),
};

describe('the size of a shard', () => {
  it('is what it tells beside its rows, and then it is asked nothing else', async () => {
    const { asked, shard } = shardOf(pages, { size_after: 20_480 });
    expect(await sizeAsked(settings(shard), 'plain')).toBe(20_480);
    expect(asked).toEqual(['SELECT 1']);
  });

  it.each([undefined, {}, { size_after: null }])(
    'is its pages where it tells %j, and is known from then on',
    async (meta) => {
      const { shard } = shardOf(pages, meta);
      const of_shard = settings(shard);
      expect(sizeKnown(of_shard, 'plain')).toBeUndefined();
      expect(await sizeAsked(of_shard, 'plain')).toBe(49_152);
      expect(sizeKnown(of_shard, 'plain')).toBe(49_152);
    },
  );

  it.each<[string, Answers]>([
    ['knows no pages', one],
    ['knows not how large they are', { ...pages, 'PRAGMA page_size': () => null }],
    ['answers what is no number', { ...pages, 'PRAGMA page_count': () => ({ page_count: 'x' }) }],
  ])('is not told by one that %s, which is asked once', async (_, answers) => {
    const { asked, shard } = shardOf(answers);
    await expect(sizeAsked(settings(shard), 'plain')).rejects.toMatchObject({
      code: 'SIZE_QUERY_FAILED',
      message: 'Shard plain does not tell its size',
      cause: expect.anything(),
    });
    expect(asked).toEqual([...new Set(asked)]);
  });

  it('of one that fails altogether is its failure', async () => {
    const refuse = () => {
      throw new Error('SQLITE_CORRUPT: the database is broken');
    };
    const { shard } = shardOf({ ...pages, 'SELECT 1': refuse });
    await expect(sizeAsked(settings(shard), 'plain')).rejects.toMatchObject({
      code: 'QUERY_FAILED',
    });
  });
});
