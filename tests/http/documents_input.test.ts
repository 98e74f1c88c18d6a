// What a careless or hostile client may send to a document: each is told by a stable code, changes
// nothing, and leaves the object working.

import { describe, expect, it } from 'vitest';
import { ask } from '../accounts.ts';
import { send } from '../clients.ts';
import { Doc, JSON_PATCH, type Json, MERGE, upsert, written } from '../documents.ts';

type Form = 'PUT' | 'PATCH' | typeof MERGE | typeof JSON_PATCH;

const MIB = 1 << 20;

const utf8 = (text: string) => new TextEncoder().encode(text);
const around = (before: string, bytes: number[], after: string) =>
  new Uint8Array([...utf8(before), ...bytes, ...utf8(after)]);
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const of = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i));
const operation = (members: string) => `{"op":"upsert","collection":"c",${members}}`;

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

async function made(): Promise<Doc> {
  const doc = new Doc();
  await doc.set({ title: 'kept', users: [{ id: 'u1' }] });
  return doc;
}

function write(doc: Doc, form: Form, body: BodyInit, headers: Record<string, string> = {}) {
  const type = form === 'PUT' || form === 'PATCH' ? 'application/json' : form;
  const condition: Record<string, string> = form === 'PATCH' ? {} : { 'if-match': '*' };
  const all = { 'content-type': type, ...condition, ...headers };
  return doc.ask(form === 'PUT' ? 'PUT' : 'PATCH', body, all);
}

async function expectRefused(
  doc: Doc,
  refuse: () => Promise<Response>,
  status: number,
  error: string,
): Promise<void> {
  const before = await doc.state();
  const response = await refuse();
  const problem = await response.json<{ error: string; message: string }>();
  expect([response.status, problem.error]).toEqual([status, error]);
  expect(problem.message.length).toBeGreaterThan(10);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await doc.state()).toEqual(before);
  await written(await doc.patch(upsert('after')));
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
    const doc = await made();
    await expectRefused(doc, () => write(doc, form, body), status, error);
  });

  it.each(['text/plain', 'application/xml', 'application/jsonp', 'multipart/form-data', ''])(
    'of type %j: 415, and a PATCH is told which there are',
    async (type) => {
      const doc = await made();
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
    const doc = await made();
    const refuse = () => write(doc, form, '{"a":1}', { 'content-type': type });
    await expectRefused(doc, refuse, 415, 'unsupported_media_type');
  });

  it('types are compared without case and parameters', async () => {
    const doc = await made();
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
    const doc = await made();
    await expectRefused(doc, () => write(doc, form, body), status, error);
  });

  it('has room for 100 levels, and patches do not get around it', async () => {
    const doc = await made();
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
      const doc = await made();
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
      const doc = await made();
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
    const doc = await made();
    const filler = 'x'.repeat(999_000);
    const body = JSON.stringify({
      users: Array.from({ length: 33 }, (_, i) => ({ id: `u${i}`, filler })),
    });
    expect(body.length).toBeGreaterThan(31 * MIB);
    const bytes = utf8(body);
    let at = 0;
    const stream = chunked(32, () => bytes.slice(at, (at += MIB)));
    const response = await write(doc, 'PUT', stream);
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('version'),
    ]);
    expect((await doc.state())[1] === body).toBe(true);
  }, 30_000);

  it('by a patch of a tree: more than 8 MiB', async () => {
    const doc = await made();
    const body = `{"a":1,"b":"${' '.repeat(8 * MIB)}"}`;
    await expectRefused(doc, () => write(doc, MERGE, body), 413, 'body_too_large');
  });

  it('a record or a member of more than 1,000,000 bytes', async () => {
    const doc = await made();
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

describe('names', () => {
  it.each([
    ['op', '{"op":"UPSERT","collection":"c","id":"x","record":{"id":"x"}}'],
    ['no op', '{"collection":"c","id":"x","record":{"id":"x"}}'],
    ['no collection', '{"op":"delete","id":"x"}'],
    ['a collection that is empty', '{"op":"delete","collection":"","id":"x"}'],
    ['a collection that is no text', '{"op":"delete","collection":7,"id":"x"}'],
    ['a collection that is too long', `{"op":"delete","collection":"${'é'.repeat(129)}","id":"x"}`],
    ['a collection with NUL', '{"op":"delete","collection":"a\\u0000","id":"x"}'],
    ['a collection with half a pair', '{"op":"delete","collection":"\\udc00","id":"x"}'],
    ['no id', operation('"record":{"id":"x"}')],
    ['an id that is empty', operation('"id":"","record":{"id":""}')],
    ['an id that is a number', operation('"id":7,"record":{"id":7}')],
    ['an id that is too long', operation(`"id":"${'x'.repeat(257)}","record":{}`)],
    ['an id with NUL', operation('"id":"a\\u0000b","record":{"id":"a\\u0000b"}')],
    ['an id with half a pair', operation('"id":"\\ud800","record":{"id":"\\ud800"}')],
    ['no record', operation('"id":"x"')],
    ['a record that is a list', operation('"id":"x","record":[]')],
    ['a record without an id', operation('"id":"x","record":{}')],
    ['a record of another id', operation('"id":"x","record":{"id":"y"}')],
    ['a record whose last id counts', operation('"id":"x","record":{"id":"x","id":"y"}')],
    ['a version that is none', operation('"id":"x","record":{"id":"x"},"version":"1"')],
    ['a version that is a number', operation('"id":"x","record":{"id":"x"},"version":1')],
  ])('an operation of %s: 400 invalid_operation', async (_, body) => {
    const doc = await made();
    await expectRefused(doc, () => write(doc, 'PATCH', body), 400, 'invalid_operation');
  });

  it.each([
    ['a NUL', '{"a\\u0000":1}'],
    ['more than 256 bytes', `{"${'é'.repeat(129)}":1}`],
  ])('a member’s name with %s: 400 invalid_document', async (_, body) => {
    const doc = await made();
    await expectRefused(doc, () => write(doc, 'PUT', body), 400, 'invalid_document');
    await expectRefused(doc, () => write(doc, MERGE, body), 400, 'invalid_document');
  });

  const odd = [
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    'a/b',
    'a~1b~0',
    '-',
    '0',
    '%2e%2e',
    'é😀',
    "'; DROP TABLE record; --",
    '<script>',
    ' ',
    '"\\',
    '_root',
    '\u2028',
  ];

  it.each(odd)('%j is a name like any other, of members, collections and ids', async (name) => {
    const doc = new Doc();
    const record = JSON.stringify({ id: name }).replace('}', `,${JSON.stringify(name)}:{"x":1}}`);
    const text = `{${JSON.stringify(name)}:[${record}],"value":{${JSON.stringify(name)}:1}}`;
    await doc.set(text);
    expect((await doc.state())[1]).toBe(text);
    const body = `{"op":"upsert","collection":${JSON.stringify(name)},"id":${JSON.stringify(name)},"record":${record.replace('{"x":1}', '{"x":2}')}}`;
    await written(await doc.patch(body));
    expect((await doc.state())[1]).toBe(text.replace('{"x":1}', '{"x":2}'));
    const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}/0`;
    const patch = [{ op: 'add', path: `${pointer}/y`, value: 3 }];
    await written(await doc.patchAs(JSON_PATCH, patch, { 'if-match': '*' }));
    const last = text.replace('{"x":1}}', '{"x":2},"y":3}');
    expect((await doc.state())[1]).toBe(last);
    await written(await doc.patchAs(MERGE, { other: 1 }, { 'if-match': '*' }));
    expect((await doc.state())[1]).toBe(`${last.slice(0, -1)},"other":1}`);
    await doc.publish();
    expect(await (await doc.published()).text()).toBe(`${last.slice(0, -1)},"other":1}`);
    expect({}).not.toHaveProperty('x');
  });

  it.each([
    ['%2F', 400],
    ['a%2Fb', 400],
    ['a%2fmanifest', 400],
    ['a-user-b', 400],
    ['-user-', 400],
    ['Blog', 400],
    ['.hidden', 400],
    ['_x', 400],
    ['-x', 400],
    ['a b', 400],
    ['a%00', 400],
    ['%C3%A9', 400],
    ['%zz', 400],
    ['__proto__', 400],
    ['x'.repeat(64), 400],
    ['x'.repeat(63), 404],
    ['a..b', 404],
    ['0', 404],
  ])('an app called %s: %i by every method', async (app, status) => {
    const doc = new Doc(app);
    const error = status === 400 ? 'invalid_app' : 'not_found';
    for (const response of [await doc.published(), await doc.read()]) {
      expect([response.status, (await response.json<Json>()).error]).toEqual([status, error]);
    }
    if (status !== 400) return;
    for (const response of [await doc.put({}, { 'if-none-match': '*' }), await doc.patch([])]) {
      expect([response.status, (await response.json<Json>()).error]).toEqual([400, error]);
    }
  });

  it('a path of dots is no app’s', async () => {
    for (const path of ['/apps/../db.json', '/apps/%2e%2e/db.json']) {
      expect((await send(path)).url).toMatch(/\/db\.json$/);
      expect(new URL(`https://x${path}`).pathname).toBe('/db.json');
    }
    for (const path of ['/apps//db.json', '/apps/a/b/db.json', '/apps/db.json', '/db.json/']) {
      expect((await ask(path)).status).toBe(404);
    }
  });
});

describe('values', () => {
  it('numbers are kept as they were written, whatever a double holds', async () => {
    const doc = new Doc();
    const text =
      '{"big":123456789012345678901234567890,"exp":1e400,"tiny":-0.0e-999,' +
      '"records":[{"id":"a","n":9007199254740993}]}';
    await doc.set(text);
    expect((await doc.state())[1]).toBe(text);
    await written(await doc.patchAs(MERGE, '{"x":1e999}', { 'if-match': '*' }));
    await written(
      await doc.patch(
        operation('"id":"b","record":{"id":"b","n":1e-999}').replace('"c"', '"records"'),
      ),
    );
    expect((await doc.state())[1]).toBe(`${text.slice(0, -2)},{"id":"b","n":1e-999}],"x":1e999}`);
  });

  it('of keys that come twice the last one counts, in members and in lists', async () => {
    const doc = new Doc();
    await doc.set('{"a":1,"users":[{"id":"old"}],"a":2,"users":[{"id":"new"}],"c":3}');
    expect((await doc.state())[1]).toBe('{"a":2,"users":[{"id":"new"}],"c":3}');
    await doc.set('{"users":[{"id":"a"}],"users":7}');
    expect((await doc.state())[1]).toBe('{"users":7}');
  });

  it('an array in which an id comes twice is a value, and no collection', async () => {
    const doc = new Doc();
    const text = '{"list":[{"id":"a"},{"id":"a"}],"mixed":[{"id":"a"},7],"users":[{"id":"a"}]}';
    await doc.set(text);
    expect((await doc.state())[1]).toBe(text);
    const response = await doc.patch(upsert('b', {}, 'list'));
    expect([response.status, (await response.json<Json>()).error]).toEqual([
      409,
      'not_a_collection',
    ]);
  });

  it('100,000 tiny records come and go', async () => {
    const doc = new Doc();
    const text = `{"c":[${of(100_000, (i) => `{"id":"${i}"}`).join(',')}]}`;
    await doc.set(text);
    expect((await doc.state())[1] === text).toBe(true);
    await written(await doc.patch({ op: 'delete', collection: 'c', id: '99999' }));
    await doc.publish();
    const last = await (await doc.published()).text();
    expect(last === text.replace(',{"id":"99999"}', '')).toBe(true);
  }, 60_000);
});
