// Without a network: every command works, prints what programs can read, and survives what a disk
// can do.

import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Home } from './samedi.ts';

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

// Nothing listens there.
const nowhere = 'http://127.0.0.1:9';

describe('without a network', () => {
  const lines = [
    ['start', 'french-b1', 'chunk-001'],
    ['status'],
    ['stop', '--notes', 'verbs'],
    ['plan'],
    ['plan', 'add', 'Rust', '--hours', '40', '--tag', 'code'],
    ['plan', 'show', 'rust'],
    ['card', 'add', 'rust', 'Who owns it?', 'one'],
    ['card'],
    ['card', 'list', 'rust', '--due'],
    ['card', 'review'],
    ['plan', 'done', 'rust'],
    ['plan', 'rm', 'rust'],
    ['stats'],
    ['history'],
    ['history', '--conflicts'],
    ['rejected'],
    ['config'],
    ['config', 'get', 'api.url'],
    ['config', 'set', 'sync.interval', '45m'],
    ['export'],
    ['export', '--format', 'md'],
    ['completion', 'bash'],
    ['logout'],
  ];

  it('every command succeeds, also where it would sync by itself', async () => {
    home.signIn(nowhere);
    await home.run('config', 'set', 'sync.enabled', 'true');
    for (const line of lines) expect([line, (await home.run(...line)).code]).toEqual([line, 0]);
    home.signIn(nowhere);
    const { code, stderr } = await home.run('sync', '--retries', '0');
    expect([code, stderr]).toEqual([4, expect.stringContaining(nowhere)]);
  });

  it('prints one JSON value with --json, and no colours into a pipe', async () => {
    for (const line of lines.filter(([first]) => first !== 'logout')) {
      const plain = await home.run(...line);
      expect([line, plain.stdout.includes('\x1b')]).toEqual([line, false]);
    }
    const other = new Home();
    for (const line of lines) {
      if (line.join(' ') === 'card review') continue; // It talks with a person.
      const { stdout, stderr } = await other.run(...line, '--json');
      expect(() => JSON.parse(stdout), `${line}: ${stdout}`).not.toThrow();
      expect([line, stderr]).toEqual([line, '']);
    }
    other.remove();
  });

  it('says what went wrong as JSON too', async () => {
    const { code, stdout } = await home.run('stop', '--json');
    expect([code, JSON.parse(stdout).error]).toEqual([1, 'not_running']);
  });
});

describe('sessions', () => {
  it('one runs at a time, and its plan is made if there is none', async () => {
    const first = await home.run('start', 'french-b1', 'chunk-001');
    expect(first.stdout).toMatch(/^Created the plan french-b1\n▶ Started french-b1 chunk-001 at /);
    const second = await home.run('start', 'french-b1', 'chunk-002');
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('runs since')]);
    const stopped = await home.json('stop', '--notes', 'verbs');
    expect(stopped).toMatchObject({
      plan_id: 'french-b1',
      chunk_id: 'chunk-001',
      duration_minutes: 0,
      notes: 'verbs',
    });
    expect(stopped.end_time).toBeGreaterThanOrEqual(stopped.start_time);
    expect(await home.json('plan')).toMatchObject([{ id: 'french-b1', title: 'french-b1' }]);
    expect((await home.json('stats')).streak_days).toBe(1);
  });
});

describe('cards', () => {
  it('are planned by SM-2 when they are graded', async () => {
    await home.run('plan', 'add', 'Rust');
    const { id } = await home.json('card', 'add', 'rust', 'q', 'a');
    const [before] = await home.json('card', 'list', '--due');
    expect(before.id).toBe(id);
    const graded = await home.json('card', 'review', '--id', id, '--grade', '5');
    expect(graded).toMatchObject({ ease_factor: 2.6, interval_days: 1, repetitions: 1 });
    expect(graded.next_review - graded.last_review).toBe(86_400_000);
    expect(await home.json('card', 'list', '--due')).toEqual([]);
  });

  it('are asked one after the other', async () => {
    await home.run('plan', 'add', 'Rust');
    for (const n of ['1', '2', '3']) await home.run('card', 'add', 'rust', `q${n}`, `a${n}`);
    const { done } = home.start(['card', 'review'], { input: '\n5\n\nx\n9\n2\nq\n' });
    const { code, stdout } = await done;
    expect(code).toBe(0);
    expect(stdout).toContain('1 of 3  rust\nq1\nEnter shows the answer, q stops: a1\n');
    expect(stdout).toContain('Reviewed 2 cards, 1 left');
  });

  it('come from CSV whole or not at all, and only once', async () => {
    const file = home.write('c.csv', 'plan,question,answer,tags\nrust,"a, b",c,x y\nrust,d,e,\n');
    expect(await home.json('import', file)).toMatchObject({ imported: 2, plans_created: ['rust'] });
    expect(await home.json('import', file)).toMatchObject({ imported: 0, known: 2 });
    const broken = home.write('d.csv', 'plan,question,answer\nrust,f,g\nrust,"h\n');
    const { code, stderr } = await home.run('import', broken);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Line 3')]);
    const short = home.write('e.csv', 'plan,question,answer\nrust,f,g\nrust,h\n');
    expect((await home.run('import', short)).stderr).toContain('Line 3: 2 fields');
    const csv = (await home.run('export', '--format', 'csv')).stdout;
    expect(csv).toMatch(/^id,plan,question,answer,chunk,tags\r\n/);
    expect(csv).toMatch(/^card-[0-9a-f]{24},rust,"a, b",c,,x y\r\n/m);
    expect(csv).toMatch(/^card-[0-9a-f]{24},rust,d,e,,\r\n/m);
  });

  it('of a deleted plan are hidden', async () => {
    await home.run('plan', 'add', 'Rust');
    await home.run('card', 'add', 'rust', 'q', 'a');
    await home.run('plan', 'rm', 'rust');
    expect(await home.json('card')).toEqual([]);
  });
});

describe('a plan in Markdown', () => {
  it('is made with its chunks, and changed when it is imported again', async () => {
    const file = home.write('p.md', '# French B1\n\n## Verbs\n## Nouns\n');
    const made = await home.json('import', file);
    expect(made).toMatchObject({
      id: 'french-b1',
      chunks: [{ id: 'chunk-001', title: 'Verbs' }, {}],
    });
    await home.run('plan', 'done', 'french-b1');
    home.write('p.md', '# French B1\n\n## Verbs\n');
    await home.run('import', file);
    const shown = await home.json('plan', 'show', 'french-b1');
    expect(shown).toMatchObject({ status: 'completed', content: '# French B1\n\n## Verbs\n' });
    expect((await home.run('export', '--format', 'md')).stdout).toBe('# French B1\n\n## Verbs\n');
  });
});

describe('the home directory', () => {
  it('has a device id that differs from others, and stays', async () => {
    const other = new Home();
    const first = (await home.json('status')).device;
    expect(first).toMatch(/^samedi-[0-9a-f]{20}$/);
    expect((await home.json('status')).device).toBe(first);
    expect((await other.json('status')).device).not.toBe(first);
    other.remove();
  });

  it('is private', async () => {
    await home.run('--home', home.file('new'), 'plan', 'add', 'A');
    expect([home.mode('new'), home.mode('new/samedi.db')]).toEqual([0o700, 0o600]);
  });

  it.each(['auth.json', 'config.json'])('names a damaged %s and leaves it alone', async (name) => {
    home.write(name, '{"half');
    const { code, stderr } = await home.run('status');
    expect([code, stderr]).toEqual([1, expect.stringContaining(home.file(name))]);
    expect(home.read(name)).toBe('{"half');
  });

  it('names a damaged database and leaves it alone', async () => {
    const noise = 'this is not a database at all, but long enough to be taken for one. '.repeat(20);
    writeFileSync(home.file('samedi.db'), noise);
    const { code, stderr } = await home.run('plan', 'add', 'A');
    expect([code, stderr]).toEqual([1, expect.stringContaining(home.file('samedi.db'))]);
    expect(home.read('samedi.db')).toBe(noise);
  });

  it('refuses a database of a newer samedi, and does not touch it', async () => {
    await home.run('plan', 'add', 'A');
    const database = new DatabaseSync(home.file('samedi.db'));
    database.exec('PRAGMA user_version = 2');
    database.close();
    const before = readFileSync(home.file('samedi.db'));
    const { code, stderr } = await home.run('plan', 'add', 'B');
    expect([code, stderr]).toEqual([1, expect.stringContaining('newer samedi')]);
    expect(readFileSync(home.file('samedi.db')).equals(before)).toBe(true);
  });

  it('loses nothing to a full disk', async () => {
    await home.run('plan', 'add', 'A');
    const rows = Array.from({ length: 3000 }, (_, i) => `a,question ${i},${'x'.repeat(100)}`);
    const file = home.write('big.csv', `plan,question,answer\n${rows.join('\n')}\n`);
    const full = { before: 'ulimit -f 300' };
    const { code, stderr } = await home.start(['import', file], full).done;
    expect([code, stderr]).toEqual([1, expect.stringContaining('The disk is full')]);
    expect(await home.json('plan')).toHaveLength(1);
    expect(await home.json('card')).toEqual([]);
    expect((await home.json('import', file)).imported).toBe(3000);
    const exported = await home.start(['export', '-o', home.file('all.json')], full).done;
    expect([exported.code, exported.stderr]).toEqual([1, expect.stringContaining('all.json')]);
  });

  it('is shared by processes at the same time', async () => {
    await home.run('plan', 'add', 'A');
    const adding = Array.from({ length: 8 }, (_, i) => home.run('card', 'add', 'a', `q${i}`, 'x'));
    expect((await Promise.all(adding)).map(({ code }) => code)).toEqual(Array(8).fill(0));
    expect(await home.json('card')).toHaveLength(8);
  });
});
