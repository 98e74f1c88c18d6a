// PUT and PATCH of a document: what is answered, under which conditions, and that a write happens
// whole or not at all.

import { describe, expect, it } from 'vitest';
import { Doc, JSON_PATCH, type Json, MERGE, removal, upsert, written } from '../documents.ts';

const replaceTitle = (value: unknown) => [{ op: 'replace', path: '/title', value }];

async function made(value: unknown = { title: 'one', users: [{ id: 'u1' }, { id: 'u2' }] }) {
  const doc = new Doc();
  const etag = await doc.set(value);
  return { doc, etag, version: etag.slice(1, -1) };
}

const versionOf = (etag: string) => Number(/^"(\d+)-/.exec(etag)?.[1]);

describe('PUT', () => {
  it('makes a document with If-None-Match: *, and only where there is none', async () => {
    const doc = new Doc();
    const response = await doc.put({ a: 1 }, { 'if-none-match': '*' });
    const { version } = await response.json<{ version: string }>();
    expect(response.status).toBe(201);
    expect(response.headers.get('etag')).toBe(`"${version}"`);
    const again = await doc.put({ a: 2 }, { 'if-none-match': '*' });
    expect([again.status, again.headers.get('etag')]).toEqual([412, `"${version}"`]);
    expect(await doc.value()).toEqual({ a: 1 });
  });

  it('replaces the document that If-Match names, and its tag grows', async () => {
    const { doc, etag } = await made();
    const response = await doc.put({ users: [{ id: 'u9' }], n: 1 }, { 'if-match': etag });
    const next = response.headers.get('etag') ?? '';
    expect(response.status).toBe(200);
    expect(versionOf(next)).toBeGreaterThan(versionOf(etag));
    expect(next.slice(-17)).toBe(etag.slice(-17));
    expect((await doc.put({ late: 1 }, { 'if-match': etag })).status).toBe(412);
    expect(await doc.state()).toEqual([next, '{"users":[{"id":"u9"}],"n":1}']);
  });

  it('of what is there already changes no tag', async () => {
    const { doc, etag } = await made();
    const text = (await doc.state())[1];
    const response = await doc.put(text, { 'if-match': etag });
    expect([response.status, response.headers.get('etag')]).toEqual([200, etag]);
  });
});

// TAG stands for the tag that is, without its quotes.
describe.each(['PUT', MERGE, JSON_PATCH])('the precondition of %s', (form) => {
  const send = (doc: Doc, headers: Record<string, string>) => {
    if (form === 'PUT') return doc.put({ title: 'two', users: [{ id: 'u1' }] }, headers);
    return doc.patchAs(form, form === MERGE ? { title: 'two' } : replaceTitle('two'), headers);
  };

  it.each<[string, Record<string, string>, number]>([
    ['none', {}, 428],
    ['If-None-Match: * alone', { 'if-none-match': '*' }, 412],
    ['If-None-Match with another tag', { 'if-none-match': '"x"' }, 428],
    ['If-Match with a weak tag', { 'if-match': 'W/"TAG"' }, 412],
    ['If-Match with another tag', { 'if-match': '"x"' }, 412],
    ['If-Match without a tag', { 'if-match': ', ,' }, 400],
    ['If-Match without quotes', { 'if-match': 'TAG' }, 400],
    ['an older tag', { 'if-match': '"OLD"' }, 412],
    ['the tag and a condition that fails', { 'if-match': '"TAG"', 'if-none-match': '"TAG"' }, 412],
    ['the tag', { 'if-match': '"TAG"' }, 200],
    ['the tag in a list', { 'if-match': '"x", "TAG"' }, 200],
    ['*', { 'if-match': '*' }, 200],
  ])('%s', async (_, headers, status) => {
    const { doc, version: old } = await made({ title: 'zero', users: [{ id: 'u1' }] });
    const etag = await doc.set({ title: 'one', users: [{ id: 'u1' }] });
    const named = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace('TAG', etag.slice(1, -1)).replace('OLD', old),
      ]),
    );
    const before = await doc.state();
    const response = await send(doc, named);
    expect(response.status).toBe(status);
    if (status === 200) {
      expect(await doc.value()).toEqual({ title: 'two', users: [{ id: 'u1' }] });
      return;
    }
    const error = { 400: 'invalid_precondition', 412: 'precondition_failed' }[status];
    expect(await response.json()).toMatchObject({ error: error ?? 'precondition_required' });
    if (status === 412) expect(response.headers.get('etag')).toBe(etag);
    expect(await doc.state()).toEqual(before);
  });

  it('several header lines are one list', async () => {
    const { doc, etag } = await made();
    const headers = new Headers({ 'content-type': form === 'PUT' ? 'application/json' : form });
    for (const tag of ['"x"', etag]) headers.append('if-match', tag);
    expect((await send(doc, Object.fromEntries(headers))).status).toBe(200);
  });

  it('of a document that is not there is If-None-Match: *', async () => {
    const doc = new Doc();
    expect((await send(doc, {})).status).toBe(428);
    expect((await send(doc, { 'if-match': '*' })).status).toBe(412);
    expect((await send(doc, { 'if-none-match': '"x"' })).status).toBe(428);
    const response = await send(doc, { 'if-none-match': '*' });
    // There is no title that a JSON patch could replace.
    expect(response.status).toBe(form === JSON_PATCH ? 409 : 201);
  });
});

describe('PATCH with record operations', () => {
  it('needs no precondition, makes the document, and says what it did', async () => {
    const doc = new Doc();
    const first = await doc.patch(upsert('u1', { name: 'Ada' }));
    expect(first.status).toBe(201);
    const second = await doc.patch([upsert('u2'), removal('u9'), upsert('p', {}, 'plans')]);
    const answer = await second.json<Json>();
    expect([second.status, second.headers.get('etag')]).toEqual([200, `"${answer.version}"`]);
    expect(answer.results).toEqual([
      { op: 'upsert', collection: 'users', id: 'u2' },
      { op: 'delete', collection: 'users', id: 'u9' },
      { op: 'upsert', collection: 'plans', id: 'p' },
    ]);
    const users = [{ id: 'u1', name: 'Ada' }, { id: 'u2' }];
    expect(await doc.value()).toEqual({ users, plans: [{ id: 'p' }] });
  });

  it('keeps to a precondition that it has', async () => {
    const { doc, etag } = await made();
    const before = await doc.state();
    const response = await doc.patch(upsert('u3'), { 'if-match': '"x"' });
    expect([response.status, response.headers.get('etag')]).toEqual([412, etag]);
    expect(await doc.state()).toEqual(before);
    await written(await doc.patch(upsert('u3'), { 'if-match': etag }));
  });

  it('that changes nothing answers the tag that was', async () => {
    const { doc, etag } = await made();
    for (const nothing of [[], removal('nobody'), upsert('u1')]) {
      const response = await doc.patch(nothing);
      expect([response.status, response.headers.get('etag')]).toEqual([200, etag]);
    }
  });

  it.each<[string, unknown, number, string]>([
    ['one is wrong', [upsert('u3'), { op: 'rename' }], 400, 'invalid_operation'],
    ['it is cut off', `[${JSON.stringify(upsert('u3'))},{"op"`, 400, 'invalid_json'],
    ['a record is another one', [upsert('u3'), { ...upsert('u4'), id: 'u5' }], 400, 'inv'],
    ['a member is no collection', [upsert('u3'), upsert('x', {}, 'title')], 409, 'not_a_col'],
    ['one clears it', [removal('u1'), removal('u2')], 409, 'empty_write_denied'],
    ['a record is too large', [upsert('u3'), upsert('u4', { x: 'x'.repeat(1e6) })], 413, 'value'],
  ])('of a list does nothing where %s', async (_, body, status, error) => {
    const { doc } = await made();
    const before = await doc.state();
    const response = await doc.patch(body);
    const problem = await response.json<{ error: string }>();
    expect([response.status, problem.error]).toEqual([status, expect.stringMatching(`^${error}`)]);
    expect(await doc.state()).toEqual(before);
  });

  it('on a version that others have changed since is 412, with what is stored', async () => {
    const { doc, version } = await made();
    await written(await doc.patch([upsert('u1', { name: 'theirs' }), removal('u2')]));
    const before = await doc.state();
    const response = await doc.patch([
      upsert('u3'),
      { ...upsert('u1', { name: 'mine' }), version },
      { ...upsert('u2', { name: 'mine' }), version },
    ]);
    expect(response.status).toBe(412);
    expect(response.headers.get('etag')).toBe(before[0]);
    expect(await response.json()).toMatchObject({
      error: 'precondition_failed',
      version: before[0]?.slice(1, -1),
      conflicts: [
        { index: 1, collection: 'users', id: 'u1', record: { id: 'u1', name: 'theirs' } },
        { index: 2, collection: 'users', id: 'u2', record: null },
      ],
    });
    expect(await doc.state()).toEqual(before);
    // What they did not touch goes through, and so does another try on what is told.
    await written(await doc.patch({ ...upsert('u4'), version }));
    const next = before[0]?.slice(1, -1);
    await written(await doc.patch({ ...upsert('u1', { name: 'mine' }), version: next }));
  });

  it('in parallel: each of 100 is there, once, and the journal has them in order', async () => {
    const doc = new Doc();
    const ids = Array.from({ length: 100 }, (_, i) => `u${i}`);
    const answers = await Promise.all(ids.map((id) => doc.patch(upsert(id, { of: id }))));
    const tags = await Promise.all(answers.map((answer) => written(answer)));
    expect(new Set(tags).size).toBe(100);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const { users } = (await doc.value()) as { users: { id: string }[] };
    expect(users.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const etag = await doc.publish();
    const journal = await doc.journal();
    expect(journal).toHaveLength(100);
    const seqs = journal.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    expect(seqs).toEqual(tags.map(versionOf).sort((a, b) => a - b));
    expect(seqs.at(-1)).toBe(versionOf(etag));
    const changed = journal.flatMap(({ changes }) => changes).filter(({ op }) => op === 'upsert');
    expect(changed.map(({ id }) => id)).toEqual(users.map(({ id }) => id));
    expect(journal[0]).toMatchObject({ user: doc.user, op: 'patch', part: 0, last: true });
  }, 30_000);
});

describe('PATCH with a tree', () => {
  it('merges by RFC 7396', async () => {
    const { doc, etag } = await made({ title: 'one', author: { name: 'Ada', age: 36 } });
    const patch = { title: 'two', author: { age: null }, tags: ['a'] };
    await written(await doc.patchAs(MERGE, patch, { 'if-match': etag }));
    expect(await doc.value()).toEqual({ title: 'two', author: { name: 'Ada' }, tags: ['a'] });
  });

  it('patches by RFC 6902, all of it or nothing', async () => {
    const { doc, etag } = await made();
    const good = [
      { op: 'test', path: '/title', value: 'one' },
      { op: 'add', path: '/users/0', value: { id: 'u0' } },
    ];
    const before = await doc.state();
    const bad = [...good, { op: 'test', path: '/title', value: 'two' }];
    const refused = await doc.patchAs(JSON_PATCH, bad, { 'if-match': etag });
    expect(refused.status).toBe(409);
    expect(await doc.state()).toEqual(before);
    await written(await doc.patchAs(JSON_PATCH, good, { 'if-match': etag }));
    expect(await doc.value()).toMatchObject({ users: [{ id: 'u0' }, { id: 'u1' }, { id: 'u2' }] });
  });

  it.each([
    ['replace', '/nothing'],
    ['remove', '/users/7'],
    ['replace', '/users/u1'],
    ['add', '/nothing/deep'],
    ['remove', '/users/-'],
    ['replace', '/users/01'],
  ])('%s of what is not there, %s: 409, and nothing is done', async (op, path) => {
    const { doc, etag } = await made();
    const before = await doc.state();
    const patch = [
      { op: 'add', path: '/new', value: 1 },
      { op, path, value: 1 },
    ];
    const response = await doc.patchAs(JSON_PATCH, patch, { 'if-match': etag });
    expect([response.status, (await response.json<Json>()).error]).toEqual([409, 'path_missing']);
    expect(await doc.state()).toEqual(before);
  });
});

describe('a write that clears', () => {
  const forms: [string, (doc: Doc, etag: string, headers: Record<string, string>) => unknown][] = [
    ['PUT {}', (doc, etag, more) => doc.put({}, { 'if-match': etag, ...more })],
    [
      'PUT of empty lists',
      (doc, etag, more) => doc.put({ users: [] }, { 'if-match': etag, ...more }),
    ],
    [
      'PUT of what are no records',
      (doc, etag, more) => doc.put({ users: [null] }, { 'if-match': etag, ...more }),
    ],
    [
      'a merge patch',
      (doc, etag, more) => doc.patchAs(MERGE, { users: null }, { 'if-match': etag, ...more }),
    ],
    [
      'a JSON patch',
      (doc, etag, more) =>
        doc.patchAs(JSON_PATCH, [{ op: 'remove', path: '/users' }], { 'if-match': etag, ...more }),
    ],
    ['deletions', (doc, _, more) => doc.patch([removal('u1'), removal('u2')], more)],
  ];

  it.each(forms)('%s: only with X-Allow-Empty-Write: true, so spelled', async (_, write) => {
    const { doc, etag } = await made();
    const before = await doc.state();
    for (const value of [undefined, 'TRUE', 'True', '1', 'yes', 'true, true', 'true;', '"true"']) {
      const more: Record<string, string> =
        value === undefined ? {} : { 'x-allow-empty-write': value };
      const response = (await write(doc, etag, more)) as Response;
      const problem = await response.json<Json>();
      expect([value, response.status, problem.error]).toEqual([value, 409, 'empty_write_denied']);
    }
    expect(await doc.state()).toEqual(before);
    await written((await write(doc, etag, { 'x-allow-empty-write': 'true' })) as Response);
    expect(JSON.stringify(await doc.value())).not.toContain('"u1"');
  });

  it('of all records but one is no clearing, of nearly all of many is a large one', async () => {
    const users = Array.from({ length: 20 }, (_, i) => ({ id: `u${i}` }));
    const { doc } = await made({ users });
    const most = users.slice(1).map(({ id }) => removal(id));
    const refused = await doc.patch(most);
    expect([refused.status, (await refused.json<Json>()).error]).toEqual([
      409,
      'large_delete_denied',
    ]);
    expect((await doc.patch(most, { 'x-allow-large-delete': 'TRUE' })).status).toBe(409);
    expect((await doc.patch(most, { 'x-allow-empty-write': 'true' })).status).toBe(409);
    await written(await doc.patch(most, { 'x-allow-large-delete': 'true' }));
    expect(await doc.value()).toEqual({ users: [{ id: 'u0' }] });
    expect((await doc.patch(removal('u0'), { 'x-allow-large-delete': 'true' })).status).toBe(409);
  });

  it('of a document without records needs nothing', async () => {
    const { doc, etag } = await made({ a: 1, b: 2 });
    await written(await doc.put({ a: 1 }, { 'if-match': etag }));
    await written(await doc.patchAs(MERGE, { b: 3 }, { 'if-match': '*' }));
    expect(await doc.value()).toEqual({ a: 1, b: 3 });
  });
});

it('order and texts are kept, but for what a write touches', async () => {
  const text = '{"b":1.50,"users":[{"id":"z","x":1e2},{"y":"\\u0041","id":"a"}],"a":{ "q" : [ ] }}';
  const { doc } = await made(text);
  expect((await doc.state())[1]).toBe(text);
  await written(await doc.patch(upsert('z', { x: 2 })));
  expect((await doc.state())[1]).toBe(text.replace('"x":1e2', '"x":2'));
});
