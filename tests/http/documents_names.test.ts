// Names and values that documents take as they are, however odd, and names that they refuse.

import { describe, expect, it } from 'vitest';
import { ask } from '../accounts.ts';
import { send } from '../clients.ts';
import {
  aDocument,
  Doc,
  expectRefused,
  JSON_PATCH,
  type Json,
  MERGE,
  operation,
  upsert,
  write,
  written,
} from '../documents.ts';

const of = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i));

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
    const doc = await aDocument();
    await expectRefused(doc, () => write(doc, 'PATCH', body), 400, 'invalid_operation');
  });

  it.each([
    ['a NUL', '{"a\\u0000":1}'],
    ['more than 256 bytes', `{"${'é'.repeat(129)}":1}`],
  ])('a member’s name with %s: 400 invalid_document', async (_, body) => {
    const doc = await aDocument();
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
    const quoted = JSON.stringify(name);
    const next = record.replace('{"x":1}', '{"x":2}');
    const body = `{"op":"upsert","collection":${quoted},"id":${quoted},"record":${next}}`;
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
