// What becomes of an edit when its record is not as it was: a row a situation.

import { describe, expect, it } from 'vitest';
import { equal } from '../../client/documents/json.ts';
import { difference, edited, merged, rebase, target } from '../../client/documents/rebase.ts';
import type { Data, DocumentRecord, Mutation } from '../../client/documents/types.ts';

const [before, now] = ['1-4ea58349eb542b40', '2-4ea58349eb542b40'];
const r = (fields: Data | null): DocumentRecord | null => fields && { id: 'u1', ...fields };

function mutation(base: Data | null, wanted: Data | null, more: Partial<Mutation> = {}): Mutation {
  const record = r(wanted);
  return {
    number: 1,
    collection: 'users',
    id: 'u1',
    action: record ? 'upsert' : 'delete',
    base: r(base),
    version: before,
    ...(record ? difference(r(base), record) : { set: {}, unset: [] }),
    allow: {},
    at: 0,
    sent: false,
    overwrites: [],
    ...more,
  };
}

/** What there is to write, or why not, and what is written over. */
function outcome(one: Mutation, theirs: Data | null) {
  const found = rebase(one, r(theirs), now);
  const { overwrites } = found.kind === 'again' ? found.mutation : found;
  const fields = overwrites.map(({ field, version: _, sent: __, ...sides }) => [field, sides]);
  const reports = Object.fromEntries(fields);
  if (found.kind !== 'again') return [found.kind, reports];
  const { id: _, ...write } = target(found.mutation) ?? { id: '' };
  expect(found.mutation).toMatchObject({ version: now, sent: false });
  return [found.mutation.action === 'delete' ? 'delete' : write, reports];
}

type Row = [string, Data | null, Data | null, Data | null, unknown, Data];

describe('a mutation on a record that was', () => {
  it.each<Row>([
    // situation, base, mine, theirs, what is written, what is reported
    ['not changed', { a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }, {}],
    [
      'changed in another field',
      { a: 1, b: 1 },
      { a: 2, b: 1 },
      { a: 1, b: 9 },
      { a: 2, b: 9 },
      {},
    ],
    ['given another field', { a: 1 }, { a: 2 }, { a: 1, c: 9 }, { a: 2, c: 9 }, {}],
    ['changed to the same', { a: 1 }, { a: 2 }, { a: 2 }, 'done', {}],
    ['changed to the same and more', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 2, b: 9 }, 'done', {}],
    [
      'changed in the same field',
      { a: 1 },
      { a: 2 },
      { a: 9 },
      { a: 2 },
      { a: { base: 1, mine: 2, theirs: 9 } },
    ],
    [
      'changed where I removed',
      { a: 1, b: 1 },
      { b: 1 },
      { a: 9, b: 1 },
      { b: 1 },
      { a: { base: 1, theirs: 9 } },
    ],
    [
      'removed where I changed',
      { a: 1, b: 1 },
      { a: 2, b: 1 },
      { b: 1 },
      { a: 2, b: 1 },
      { a: { base: 1, mine: 2 } },
    ],
    ['removed where I removed', { a: 1, b: 1 }, { b: 1 }, { b: 1 }, 'done', {}],
    [
      'made by both',
      null,
      { a: 2, c: 3 },
      { a: 9, b: 9 },
      { a: 2, b: 9, c: 3 },
      { a: { mine: 2, theirs: 9 } },
    ],
    ['made by both alike', null, { a: 2 }, { a: 2 }, 'done', {}],
    ['made and deleted by another', null, { a: 2 }, null, { a: 2 }, {}],
    ['deleted where I changed', { a: 1 }, { a: 2 }, null, 'edit_deleted', {}],
    ['deleted where I delete', { a: 1 }, null, null, 'done', {}],
    ['not changed where I delete', { a: 1 }, null, { a: 1 }, 'delete', {}],
    ['changed where I delete', { a: 1 }, null, { a: 9 }, 'delete_changed', {}],
    [
      'nested, changed inside',
      { a: { x: 1 } },
      { a: { x: 1 }, b: 2 },
      { a: { x: 9 } },
      { a: { x: 9 }, b: 2 },
      {},
    ],
  ])('%s', (_, base, mine, theirs, written, reported) => {
    expect(outcome(mutation(base, mine), theirs)).toEqual([written, reported]);
  });

  it.each<Row>([
    [
      'undone whole',
      { a: 1 },
      { a: 2 },
      { a: 1 },
      { a: 2 },
      { a: { base: 1, mine: 2, theirs: 1 } },
    ],
    [
      'undone in part',
      { a: 1, b: 1 },
      { a: 2, b: 2 },
      { a: 2, b: 1 },
      { a: 2, b: 2 },
      { b: { base: 1, mine: 2, theirs: 1 } },
    ],
    ['not undone', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 9 }, { a: 2, b: 9 }, {}],
    ['deleted after it was made', null, { a: 2 }, null, 'edit_deleted', {}],
    ['made again after it was deleted', { a: 1 }, null, { a: 1 }, 'delete_changed', {}],
    ['written', { a: 1 }, { a: 2 }, { a: 2 }, 'done', {}],
  ])('perhaps written already, and %s', (_, base, mine, theirs, written, reported) => {
    expect(outcome(mutation(base, mine, { sent: true }), theirs)).toEqual([written, reported]);
  });
});

describe('a mutation that was rebased', () => {
  const first = rebase(mutation({ a: 1 }, { a: 2 }), r({ a: 8 }), now);
  const again = (sent: boolean): Mutation => {
    if (first.kind !== 'again') throw new Error(first.kind);
    return { ...first.mutation, sent };
  };

  it('reports what it met last, where nothing was written before', () => {
    expect(outcome(again(false), { a: 9 })).toEqual([
      { a: 2 },
      { a: { base: 8, mine: 2, theirs: 9 } },
    ]);
  });

  it('keeps its report when others change other fields', () => {
    const reported = { a: { base: 1, mine: 2, theirs: 8 } };
    expect(outcome(again(false), { a: 8, b: 9 })).toEqual([{ a: 2, b: 9 }, reported]);
  });

  it('drops its report when another has come to the same', () => {
    expect(outcome(again(false), { a: 2 })).toEqual(['done', {}]);
  });

  it('keeps all reports where it may have been written between', () => {
    const found = rebase(again(true), r({ a: 9 }), now);
    if (found.kind !== 'again') throw new Error(found.kind);
    expect(found.mutation.overwrites.map(({ theirs }) => theirs)).toEqual([8, 9]);
    expect(outcome(again(true), { a: 2 })).toEqual([
      'done',
      { a: { base: 1, mine: 2, theirs: 8 } },
    ]);
    expect(outcome(again(true), null)).toEqual([
      'edit_deleted',
      { a: { base: 1, mine: 2, theirs: 8 } },
    ]);
  });
});

describe('two mutations of one record', () => {
  it.each<[string, Data | null, Data | null, Data | null, unknown]>([
    ['two edits', { a: 1 }, { a: 2 }, { a: 2, b: 3 }, { id: 'u1', a: 2, b: 3 }],
    ['an edit taken back', { a: 1 }, { a: 2 }, { a: 1 }, 'nothing'],
    ['made and deleted', null, { a: 2 }, null, 'nothing'],
    ['edited and deleted', { a: 1 }, { a: 2 }, null, null],
    ['deleted and made again', { a: 1 }, null, { b: 2 }, { id: 'u1', b: 2 }],
  ])('become one: %s', (_, base, first, second, wanted) => {
    const both = merged(mutation(base, first), mutation(first, second, { version: now }));
    if (wanted === 'nothing') expect(both).toBeNull();
    else expect(both && [target(both), both.base, both.version]).toEqual([wanted, r(base), before]);
  });

  it('leave to others what these changed between them', () => {
    const first = mutation({ a: 1, b: 1 }, { a: 2, b: 1 });
    const both = merged(first, mutation({ a: 2, b: 9 }, { a: 2, b: 9, c: 3 }));
    expect(both).toMatchObject({ set: { a: 2, c: 3 }, unset: [], base: r({ a: 1, b: 9 }) });
    const gone = merged(first, mutation({ a: 2, b: 9 }, null));
    expect(gone && outcome(gone, { a: 1, b: 9 })).toEqual(['delete', {}]);
    const made = mutation(null, { a: 1 });
    const seen = merged(made, mutation({ a: 1, b: 9 }, { a: 2, b: 9 }));
    expect(seen).toMatchObject({ set: { a: 2 }, base: r({ b: 9 }) });
    expect(merged(made, mutation({ a: 1 }, { a: 2 }))?.base).toBeNull();
  });

  it('of which the first may be written leave a deletion to do', () => {
    const first = mutation(null, { a: 1 }, { sent: true });
    expect(merged(first, mutation({ a: 1 }, null))).toMatchObject({ action: 'delete', sent: true });
  });
});

describe('fields', () => {
  it('of any name are kept, and kept in order', () => {
    const record = JSON.parse('{"id":"u1","__proto__":{"x":1},"constructor":2}');
    const { set, unset } = difference(null, record);
    expect(JSON.stringify(edited(null, { set, unset }))).toBe(JSON.stringify(record));
    expect(equal(record, JSON.parse('{"id":"u1","constructor":2}'))).toBe(false);
    const gone = difference(record, { id: 'u1' });
    expect(gone).toEqual({ set: {}, unset: ['__proto__', 'constructor'] });
    expect(JSON.stringify(edited(record, gone))).toBe('{"id":"u1"}');
  });

  it.each([
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [[1, 2], [2, 1], false],
    [{ a: null }, {}, false],
    [{}, [], false],
    [null, {}, false],
    [undefined, null, false],
  ])('%j and %j are equal: %s', (a, b, same) => {
    expect(equal(a, b)).toBe(same);
  });
});
