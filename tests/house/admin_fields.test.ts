// What a person types at /admin as a record: no number of it would come out as another one.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  brief,
  readField,
  readJson,
  readRecord,
  typedOf,
  usualFields,
} from '../../worker/pages/browser/admin/fields.ts';

describe('a field', () => {
  it.each([
    ['text', ' 007 ', ' 007 '],
    ['text', '', ''],
    ['number', ' -1.5e3 ', -1500],
    ['number', '9007199254740991', 9007199254740991],
    ['yes_no', 'true', true],
    ['yes_no', 'false', false],
    ['json', '[1, {"a": null}]', [1, { a: null }]],
    ['json', 'null', null],
  ] as const)('of the kind %s: %j is %j', (kind, typed, value) => {
    expect(readField(kind, typed)).toEqual({ ok: true, value });
  });

  it.each([
    ['number', ''],
    ['number', '1,5'],
    ['number', '0x10'],
    ['number', 'Infinity'],
    ['number', '9007199254740993'],
    ['number', '1e999'],
    ['json', '{a: 1}'],
    ['json', ''],
    ['json', '{"deep": [12345678901234567890]}'],
  ] as const)('of the kind %s is not %j', (kind, typed) => {
    expect(readField(kind, typed)).toEqual({ ok: false, problem: expect.any(String) });
  });

  it.each(['plain', 'two\nlines', 12, true, null, [1], { a: 'b' }])(
    '%j is read as it was shown',
    (value) => {
      const kind = usualFields([{ id: 'x', value }])[0]?.kind ?? 'text';
      expect(readField(kind, typedOf(value))).toEqual({ ok: true, value });
    },
  );

  it('names the number that is too large', () => {
    const read = readJson('{"a": 1, "b": 12345678901234567890}');
    expect(read).toMatchObject({ problem: expect.stringContaining('12345678901234567890') });
  });

  it('may have any digits in a text', () => {
    expect(readJson('["12345678901234567890", "\\"99999999999999999999"]')).toMatchObject({
      ok: true,
    });
  });
});

describe('a record', () => {
  it('is an object that keeps its id', () => {
    expect(readRecord('{"id": "a", "n": 1}', 'a')).toEqual({ ok: true, value: { id: 'a', n: 1 } });
    for (const text of ['[]', '"a"', 'null', '{"id": "b"}', '{"n": 1}', '{"id": 1}']) {
      expect([text, readRecord(text, 'a').ok]).toEqual([text, false]);
    }
  });

  it('is given an id where a new one has none', () => {
    expect(readRecord('{"n": 1}', undefined)).toEqual({ ok: true, value: { n: 1 } });
    for (const text of ['{"id": ""}', '{"id": 7}', '{"id": null}']) {
      expect([text, readRecord(text, undefined).ok]).toEqual([text, false]);
    }
  });

  it('may have a field of any name', () => {
    const read = readRecord('{"id": "a", "__proto__": {"x": 1}}', 'a');
    expect(read.ok && Object.keys(read.value)).toEqual(['id', '__proto__']);
    expect({}).not.toHaveProperty('x');
  });

  it('offers the fields of its neighbours, once each and by the kind that came first', () => {
    const records = [
      { id: '1', name: 'Ada', active: true },
      { id: '2', name: 3, tags: [] },
    ];
    expect(usualFields(records)).toEqual([
      { key: 'name', kind: 'text' },
      { key: 'active', kind: 'yes_no' },
      { key: 'tags', kind: 'json' },
    ]);
  });
});

it('a value in one line is cut', () => {
  expect(brief(undefined)).toBe('');
  expect(brief({ a: [1] })).toBe('{"a":[1]}');
  expect(brief('x'.repeat(1_000))).toHaveLength(201);
});

it('the page asks the server by the client alone, and makes no HTML of data', () => {
  const folder = 'worker/pages/browser';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((path) => /^admin.*\.ts$/.test(path));
  expect(sources.length).toBeGreaterThan(8);
  for (const path of sources) {
    const forbidden = /\bfetch\b|XMLHttpRequest|WebSocket|sendBeacon|(inner|outer|Adjacent)HTML/;
    expect([path, forbidden.exec(readFileSync(join(folder, path), 'utf8'))?.[0]]).toEqual([
      path,
      undefined,
    ]);
  }
});
