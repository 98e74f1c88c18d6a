// What the documents say is so: commands, links, routes, codes and limits are compared with the
// sources, which are read as text.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(path, 'utf8');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((m) => m[1] ?? '');
const sorted = (texts: Iterable<string>) => [...new Set(texts)].sort();
const sources = (folder: string, ending: RegExp) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path) && !path.startsWith('tests/'))
    .map((path) => read(join(folder, path)))
    .join('\n');

const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].concat(
  readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);
const readme = read('README.md');
const records = read('docs/records.md');

/** The lines of a section, from its heading to the next one of its rank. */
function section(text: string, heading: string): string {
  const [marks = ''] = heading.split(' ');
  const from = text.indexOf(`\n${heading}\n`);
  expect(from, heading).toBeGreaterThan(0);
  const body = text.slice(from + heading.length + 2);
  const end = body.search(new RegExp(`^${marks} `, 'm'));
  return end < 0 ? body : body.slice(0, end);
}

/** The cells of a text's table rows, without the heads and the lines under them. */
const rows = (text: string) =>
  all(text, /^\|(.*)\|$/gm)
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .filter(([first]) => first?.startsWith('`'));
const names = (cell: string | undefined) => all(cell ?? '', /`([^`]+)`/g);

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

describe.each(documents)('%s', (document) => {
  const text = read(document);

  it('has no relative link that leads nowhere', () => {
    for (const link of all(text, /\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? document : join(dirname(document), path);
      expect(existsSync(target), `${link} of ${document}`).toBe(true);
      if (anchor === undefined) continue;
      expect(all(read(target), /^#+ (.+)$/gm).map(anchorOf), link).toContain(anchor);
    }
  });

  it('names no file that is not there', () => {
    const place = /`((?:wasm|worker|schema|scripts|tests|bench|docs)\/[\w./-]*)/g;
    for (const path of all(text, place)) expect(existsSync(path), path).toBe(true);
  });

  it('names no command that is not there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = [
      ...all(text, /\bnpm run (?:--silent )?([a-z][a-z:-]*)/g),
      ...all(text, /\bnpm (start|test)\b/g),
    ];
    for (const command of commands) expect(Object.keys(scripts)).toContain(command);
  });

  it('has JSON that is JSON', () => {
    for (const block of all(text, /^```json\n([\s\S]*?)^```$/gm)) {
      expect(() => JSON.parse(block), block).not.toThrow();
    }
  });
});

describe('README.md', () => {
  it('has a row for every route, and no other', () => {
    const table = read('worker/routes.ts');
    const literal = /method: '([A-Z]+)',\s+path: '([^']+)'/g;
    const { collections } = JSON.parse(read('schema/collections.json')) as {
      collections: { name: string }[];
    };
    expect(table).toContain(`path: \`/\${name}\``);
    const served = [
      ...[...table.matchAll(literal)].map(([, method, path]) => `${method} ${path}`),
      ...collections.map(({ name }) => `GET /${name}`),
    ];
    const told = rows(section(readme, '## What it serves')).map(([route]) => names(route)[0] ?? '');
    expect(sorted(told)).toEqual(sorted(served));
  });

  it('has a row for every command, and no other', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const told = rows(section(readme, '## Commands')).map(
      ([command]) => /npm (?:run )?([a-z:-]+)/.exec(command ?? '')?.[1] ?? '',
    );
    expect(sorted(told)).toEqual(sorted(Object.keys(scripts)));
  });

  it('has the limits that the core has', () => {
    const constants: Record<string, number> = {};
    const definition = /inline constexpr \w+ (k\w+) = ([^;]+);/g;
    for (const [, name = '', value = ''] of read('wasm/base/limits.h').matchAll(definition)) {
      const expression = value.replaceAll("'", '').replaceAll(/\bint64_t\{1\}/g, '1');
      if (!/int64_t|size_t/.test(expression) && !/<< (3[1-9]|[4-9]\d)/.test(expression)) {
        constants[name] = Number(runInNewContext(expression, { ...constants }));
      }
    }
    const limits = rows(
      section(readme, '## Limits').replaceAll(/^\| (.*) \| (.*) \| (.*) \|$/gm, '| $3 | $2 |'),
    );
    expect(limits.length).toBeGreaterThan(5);
    for (const [name, value] of limits) {
      const constant = names(name)[0] ?? '';
      expect([constant, value]).toEqual([constant, constants[constant]?.toLocaleString('en-US')]);
    }
  });
});

describe('docs/records.md', () => {
  const deltas = sources('wasm/records', /\.cc$/);
  const surfaces = ['ops', 'engine', 'live', 'accounts', 'shares'].map((name) => `wasm/${name}`);
  const core = surfaces.filter((folder) => existsSync(folder));
  const text = [deltas, ...core.map((folder) => sources(folder, /\.cc$/))].join('\n');
  const worker = sources('worker', /\.ts$/);
  const [whole = '', rejected = '', conflicts = ''] = section(records, '## Codes').split(/^In `/m);
  const codesOf = (part: string) => rows(part).map(([code]) => names(code)[0] ?? '');
  const statuses = new Map(rows(whole).map(([code, status]) => [names(code)[0], Number(status)]));

  // `{"seq", value}` after a statement is a bound parameter, and not a rejection.
  const inRejected = [
    ...all(deltas, /\bRefuse(?:Data)?\(\{?"([a-z0-9_]+)"/g),
    ...all(deltas, /(?<!(?:\.text|Meta),\s*)\{\s*"([a-z0-9_]+)",/g),
    ...all(deltas, /\? "(invalid_[a-z0-9_]+)" : "/g),
    ...all(deltas, /" : "(invalid_[a-z0-9_]+)"/g),
    // Edits of what others share, which CheckShare refuses too.
    ...all(sources('wasm/shares', /\.cc$/), /\bReject\([^;]*?\{"([a-z0-9_]+)"/g),
    ...['forbidden', 'not_found'],
  ];

  const call = /(?:Status::(?<how>\w+)|Refused|Unread|problem)\(/.source;
  const refusal = new RegExp(`${call}(?:c, )?\\s*(?<status>\\d+,)?\\s*["'](?<code>\\w+)["']`, 'g');

  it('has a row for each code of a refused request, with its status', () => {
    const named = [...`${text}${worker}`.matchAll(refusal)].map((match): [string, number] => {
      const { how, status, code = '' } = match.groups ?? {};
      return [
        code,
        how === 'Invalid' ? 400 : how === 'TooLarge' ? 413 : Number.parseInt(status ?? '', 10),
      ];
    });
    const told = [...named, ['forbidden', 403] as const, ['not_found', 404] as const];
    expect(told.length).toBeGreaterThan(25);
    for (const [code, status] of told) expect([code, statuses.get(code)]).toEqual([code, status]);
    expect(sorted(codesOf(whole))).toEqual(sorted(told.map(([code]) => code)));
  });

  it('has a row for each code of a rejected delta', () => {
    expect(inRejected).toContain('parent_missing');
    expect(sorted(codesOf(rejected))).toEqual(sorted(inRejected));
  });

  it('has a row for each code of a conflict', () => {
    const told = all(text, /\bConflict\([^;]*?"([a-z0-9_]+)"/g);
    expect(sorted(codesOf(conflicts))).toEqual(sorted(told));
  });

  it('has a row for each reason of a reset', () => {
    const reasons = all(read('wasm/records/cursor.cc'), /(?:return|\?) "(\w+)"/g);
    expect(sorted(codesOf(section(records, '### Reset')))).toEqual(sorted(reasons));
  });

  it('has the reasons of the history', () => {
    const history = section(records, '## History');
    for (const reason of ['overwritten', 'lost', 'stale_device']) {
      expect([reason, text.includes(`"${reason}"`)]).toEqual([reason, true]);
      expect(history).toContain(`\`${reason}\``);
    }
  });
});

describe('docs/documents.md', () => {
  const text = sources('wasm/documents', /\.cc$/);
  const call = /(?:Status::(?<how>\w+)|\b(?:error|Fail))\(/.source;
  const refusal = new RegExp(`${call}\\s*(?<status>\\d+,)?\\s*"(?<code>[a-z0-9_]+)"`, 'g');
  const only_inside = ['load_more'];

  it('has a row for each code, with its status', () => {
    const named = [...text.matchAll(refusal)].map(({ groups = {} }): [string, number] => {
      const { how, status, code = '' } = groups;
      return [code, status ? Number.parseInt(status, 10) : how === 'TooLarge' ? 413 : 400];
    });
    const told = named
      .filter(([code]) => !only_inside.includes(code) && code !== 'value_too_large')
      .concat([
        ['value_too_large', 413],
        ['forbidden', 403],
        ['not_found', 404],
        ['invalid_json', 400],
      ]);
    expect(told.length).toBeGreaterThan(30);
    const rowsOf = rows(section(read('docs/documents.md'), '## Codes'));
    const statuses = new Map(rowsOf.map(([code, status]) => [names(code)[0], status]));
    for (const [code, status] of told) {
      expect([code, statuses.get(code)?.split(', ').map(Number)]).toEqual([
        code,
        expect.arrayContaining([status]),
      ]);
    }
    expect(sorted(statuses.keys() as Iterable<string>)).toEqual(sorted(told.map(([code]) => code)));
  });
});

describe('docs/events.md', () => {
  const text = sources('wasm/events', /\.cc$/);
  const document = read('docs/events.md');
  const refusal = /Status::(\w+)\(\s*(\d+,)?\s*"([a-z0-9_]+)"/g;
  const of_all = ['unauthorized', 'body_too_large', 'signed_out', 'refused'];

  it('has each code: with its status, or with how it closes a connection', () => {
    const answered = new Map(
      rows(section(document, '## Codes')).map(([code, status]) => [names(code)[0], Number(status)]),
    );
    const closes = new Set(
      rows(section(document, '### When it ends').replaceAll(/^\| \d+ \|/gm, '|')).flatMap(
        ([codes]) => names(codes),
      ),
    );
    const told = [...text.matchAll(refusal)].map(([, how, status, code = '']) => ({
      code,
      status: status ? Number.parseInt(status, 10) : how === 'TooLarge' ? 413 : 400,
    }));
    expect(told.length).toBeGreaterThan(20);
    for (const { code, status } of told) {
      if (of_all.includes(code) || closes.has(code)) continue;
      expect([code, answered.get(code)]).toEqual([code, status]);
    }
    const known = [...told.map(({ code }) => code), 'too_many_keys', 'unavailable'];
    for (const code of answered.keys()) expect(known).toContain(code);
  });
});

describe('docs/sql.md', () => {
  const document = read('docs/sql.md');

  it('has each code of an error, and no other', () => {
    const [union = ''] =
      /export type CollegeDBCode =[^;]*;/.exec(read('client/sql/errors.ts')) ?? [];
    const told = rows(section(document, '## Codes')).flatMap(([codes]) => names(codes));
    expect(sorted(told)).toEqual(sorted(all(union, /'(\w+)'/g)));
  });

  it('has each setting, and no other', () => {
    const [config = ''] =
      /export interface CollegeDBConfig {[\s\S]*?\n}/.exec(read('client/sql/types.ts')) ?? [];
    const told = rows(section(document, '## Configuration')).flatMap(([setting]) => names(setting));
    const for_tests = ['clock'];
    expect(sorted([...told, ...for_tests])).toEqual(sorted(all(config, /^ {2}(\w+)\??:/gm)));
  });
});

describe('docs/boundary.md', () => {
  it('has the exports of the module, and no other', () => {
    const exported = all(read('wasm/engine/abi.cc'), /export_name\("(\w+)"\)/g);
    const told = rows(section(read('docs/boundary.md'), '## Exports')).map(
      ([name]) => /\w+/.exec(name ?? '')?.[0] ?? '',
    );
    expect(sorted(told)).toEqual(sorted(['memory', '_initialize', ...exported]));
  });
});

describe('docs/operations.md', () => {
  it('has every event of the log, and no other', () => {
    const worker = sources('worker', /\.ts$/);
    const events = all(worker, /\bevent(?: =|:) '([a-z_.]+)'/g);
    const table = section(read('docs/operations.md'), '## Logs');
    expect(sorted(rows(table).map(([event]) => names(event)[0] ?? ''))).toEqual(sorted(events));
  });
});
