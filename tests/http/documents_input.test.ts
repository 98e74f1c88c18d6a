// What a careless or hostile client may send to a document: each is told by a stable code, changes
// nothing, and leaves the object working.

import { describe, expect, it } from 'vitest';
import {
  aDocument,
  Doc,
  expectRefused,
  type Form,
  JSON_PATCH,
  type Json,
  MERGE,
  operation,
  upsert,
  write,
  written,
} from '../documents.ts';

const MIB = 1 << 20;

const utf8 = (text: string) => new TextEncoder().encode(text);
const around = (before: string, bytes: number[], after: string) =>
  new Uint8Array([...utf8(before), ...bytes, ...utf8(after)]);
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const of = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i));

/** A body of so many MiB of which nobody says how large it is. */
function chunked(mebibytes: number, make = () => new Uint8Array(MIB).fill(0x20)): ReadableStream {
  let left = mebibytes;
  return new ReadableStream({
    pull(controller) {
      left -= 1;
      if (left < 0) controller.close();
      else controller.enqueue(make());
    },
  });
}

describe('a body that is not JSON, or not of this kind', () => {
  it.each<[string, Form, BodyInit, number, string]>([
    ['empty', 'PUT', '', 400, 'invalid_json'],
    ['empty', 'PATCH', '', 400, 'invalid_json'],
    ['empty', MERGE, '', 400, 'invalid_json'],
    ['empty', JSON_PATCH, '', 400, 'invalid_json'],
    ['white space', 'PUT', ' \n ', 400, 'invalid_json'],
    ['cut off', 'PUT', '{"users":[{"id":"u1"}', 400, 'invalid_json'],
    ['cut off', 'PATCH', '[{"op":"upsert"', 400, 'invalid_json'],
    ['with text behind it', 'PUT', '{"a":1} x', 400, 'invalid_json'],
    ['two documents', 'PUT', '{}{}', 400, 'invalid_json'],
    ['with a comma too many', 'PUT', '{"a":1,}', 400, 'invalid_json'],
    ['with a comma too many in a list', 'PUT', '{"a":[{"id":"a"},]}', 400, 'invalid_json'],
    ['a wrong literal', 'PUT', '{"a":nul}', 400, 'invalid_json'],
    ['a wrong number', 'PUT', '{"a":01}', 400, 'invalid_json'],
    ['NaN', 'PUT', '{"a":NaN}', 400, 'invalid_json'],
    ['a comment', MERGE, '{/**/}', 400, 'invalid_json'],
    ['a control character', 'PUT', '{"a":"\u0001"}', 400, 'invalid_json'],
    ['with a byte order mark', 'PUT', '\ufeff{"a":1}', 400, 'invalid_json'],
    ['with a byte order mark', 'PATCH', '\ufeff[]', 400, 'invalid_json'],
    ['a list', 'PUT', '[]', 400, 'invalid_document'],
    ['null', 'PUT', 'null', 400, 'invalid_document'],
    ['a text', 'PUT', '"{}"', 400, 'invalid_document'],
    ['a list', MERGE, '[]', 409, 'invalid_document'],
    ['null', MERGE, 'null', 409, 'invalid_document'],
    ['an object', JSON_PATCH, '{"title":1}', 400, 'invalid_patch'],
    ['a number', 'PATCH', '7', 400, 'invalid_operation'],
    ['a list of lists', 'PATCH', '[[]]', 400, 'invalid_operation'],
    ['broken UTF-8', 'PUT', around('{"a":"', [0xff], '"}'), 400, 'invalid_utf8'],
    ['UTF-8 cut off', 'PUT', around('{"a":"', [0xc3], '"}'), 400, 'invalid_utf8'],
    [
      'a surrogate in UTF-8',
      'PUT',
      around('{"a":"', [0xed, 0xa0, 0x80], '"}'),
      400,
      'invalid_utf8',
    ],
    ['broken UTF-8', 'PATCH', around('[{"op":"', [0xff], '"}]'), 400, 'invalid_utf8'],
    ['broken UTF-8', MERGE, around('{"a":"', [0xff], '"}'), 400, 'invalid_utf8'],
    ['half a surrogate pair', 'PUT', '{"a":"\\ud800"}', 400, 'invalid_utf8'],
    ['half a surrogate pair', MERGE, '{"a":"\\ud800"}', 400, 'invalid_utf8'],
  ])('%s by %s: refused', async (_, form, body, status, error) => {
    const doc = await aDocument();
    await expectRefused(doc, () => write(doc, form, body), status, error);
  });

  it.each(['text/plain', 'application/xml', 'application/jsonp', 'multipart/form-data', ''])(
    'of type %j: 415, and a PATCH is told which there are',
    async (type) => {
      const doc = await aDocument();
      const headers = { 'content-type': type };
      const refuse = (form: Form) => write(doc, form, utf8('{"a":1}'), headers);
      await expectRefused(doc, () => refuse('PUT'), 415, 'unsupported_media_type');
      await expectRefused(doc, () => refuse('PATCH'), 415, 'unsupported_media_type');
      const told = (await refuse('PATCH')).headers.get('accept-patch') ?? '';
      expect(told.split(', ').sort()).toEqual(['application/json', JSON_PATCH, MERGE]);
      expect((await refuse('PUT')).headers.get('accept-patch')).toBeNull();
    },
  );

  it.each([
    ['PUT', 'application/merge-patch+json'],
    ['PUT', 'application/json-patch+json'],
    ['PATCH', 'application/vnd.api+json'],
  ] as const)('%s of %s: 415', async (form, type) => {
    const doc = await aDocument();
    const refuse = () => write(doc, form, '{"a":1}', { 'content-type': type });
    await expectRefused(doc, refuse, 415, 'unsupported_media_type');
  });

  it('types are compared without case and parameters', async () => {
    const doc = await aDocument();
    const type = 'Application/Merge-Patch+JSON; charset=utf-8';
    await written(await write(doc, MERGE, '{"a":1}', { 'content-type': type }));
  });
});

describe('a body that is too deep', () => {
  const deep = nested(10_000);
  it.each<[Form, string, number, string]>([
    ['PUT', `{"a":${deep}}`, 400, 'too_deep'],
    ['PUT', `{"a":[{"id":"x","d":${deep}}]}`, 400, 'too_deep'],
    ['PUT', deep, 400, 'invalid_document'],
    ['PATCH', operation(`"id":"x","record":{"id":"x","d":${deep}}`), 400, 'too_deep'],
    ['PATCH', deep, 400, 'invalid_operation'],
    [MERGE, `{"a":${deep}}`, 400, 'too_deep'],
    [MERGE, '{"a":'.repeat(10_000) + 1 + '}'.repeat(10_000), 400, 'too_deep'],
    [JSON_PATCH, `[{"op":"add","path":"/a","value":${deep}}]`, 400, 'too_deep'],
    [JSON_PATCH, `[{"op":"add","path":"${'/a'.repeat(10_000)}","value":1}]`, 400, 'too_deep'],
  ])('10,000 levels by %s', async (form, body, status, error) => {
    const doc = await aDocument();
    await expectRefused(doc, () => write(doc, form, body), status, error);
  });

  it('has room for 100 levels, and patches do not get around it', async () => {
    const doc = await aDocument();
    await written(await write(doc, 'PUT', `{"users":[{"id":"u1"}],"a":${nested(100)}}`));
    await expectRefused(doc, () => write(doc, 'PUT', `{"a":${nested(101)}}`), 400, 'too_deep');
    const patch = [{ op: 'move', from: '/a', path: '/b/in' }];
    await written(await doc.patchAs(MERGE, { b: {} }, { 'if-match': '*' }));
    await expectRefused(
      doc,
      () => doc.patchAs(JSON_PATCH, patch, { 'if-match': '*' }),
      400,
      'too_deep',
    );
  });
});

describe('a body that is too large', () => {
  it.each<[Form]>([['PUT'], ['PATCH'], [MERGE], [JSON_PATCH]])(
    '100 MB that are declared, by %s: 413 before any of it is read',
    async (form) => {
      const doc = await aDocument();
      let pulled = 0;
      const never = new ReadableStream({
        pull: () => {
          pulled += 1;
        },
      });
      const refuse = () => write(doc, form, never, { 'content-length': '100000000' });
      await expectRefused(doc, refuse, 413, 'body_too_large');
      expect(pulled).toBeLessThan(5); // What the stream itself reads ahead.
    },
  );

  it.each<[Form]>([['PUT'], ['PATCH'], [MERGE], [JSON_PATCH]])(
    '100 MB that nobody declares, by %s: 413, and the rest is not read',
    async (form) => {
      const doc = await aDocument();
      let pulled = 0;
      const make = () => {
        pulled += 1;
        return new Uint8Array(MIB).fill(0x20);
      };
      await expectRefused(doc, () => write(doc, form, chunked(100, make)), 413, 'body_too_large');
      expect(pulled).toBeLessThan(50);
    },
    30_000,
  );

  it('one that nobody declares may be as large as one that is', async () => {
    const doc = await aDocument();
    const filler = 'x'.repeat(999_000);
    const body = JSON.stringify({
      users: Array.from({ length: 33 }, (_, i) => ({ id: `u${i}`, filler })),
    });
    expect(body.length).toBeGreaterThan(31 * MIB);
    const bytes = utf8(body);
    let at = 0;
    const stream = chunked(32, () => {
      at += MIB;
      return bytes.slice(at - MIB, at);
    });
    const response = await write(doc, 'PUT', stream);
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('version'),
    ]);
    await doc.publish();
    expect((await (await doc.published()).text()) === body).toBe(true);
  }, 30_000);

  it('by a patch of a tree: more than 8 MiB', async () => {
    const doc = await aDocument();
    const body = `{"a":1,"b":"${' '.repeat(8 * MIB)}"}`;
    await expectRefused(doc, () => write(doc, MERGE, body), 413, 'body_too_large');
  });

  it('a record or a member of more than 1,000,000 bytes', async () => {
    const doc = await aDocument();
    const filler = 'x'.repeat(1_000_000);
    const refusals: [Form, string][] = [
      ['PUT', JSON.stringify({ a: filler })],
      ['PUT', JSON.stringify({ users: [{ id: 'u1', filler }] })],
      ['PATCH', JSON.stringify(upsert('u2', { filler }))],
      [MERGE, JSON.stringify({ a: filler })],
      [JSON_PATCH, JSON.stringify([{ op: 'add', path: '/users/-', value: { id: 'x', filler } }])],
    ];
    for (const [form, body] of refusals) {
      await expectRefused(doc, () => write(doc, form, body), 413, 'value_too_large');
    }
  });

  it('more than 10,000 members, however they come', async () => {
    const doc = new Doc();
    const members = (count: number) => `{${of(count, (i) => `"m${i}":${i}`).join(',')}}`;
    await doc.set(members(10_000));
    await expectRefusedMembers(doc, () => write(doc, 'PUT', members(10_001)));
    await expectRefusedMembers(doc, () => write(doc, MERGE, '{"one":1}'));
    await expectRefusedMembers(doc, () =>
      doc.patchAs(JSON_PATCH, [{ op: 'add', path: '/one', value: 1 }], { 'if-match': '*' }),
    );
    await expectRefusedMembers(doc, () => doc.patch(upsert('x', {}, 'one')));
  }, 30_000);

  async function expectRefusedMembers(doc: Doc, refuse: () => Promise<Response>) {
    const before = await doc.state();
    const response = await refuse();
    expect([response.status, (await response.json<Json>()).error]).toEqual([
      413,
      'too_many_members',
    ]);
    expect((await doc.state())[0]).toBe(before[0]);
  }
});
