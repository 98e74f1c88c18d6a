// The package as an app gets it: packed, unpacked, checked by tsc and run. The app is the examples
// of client/README.md.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { FakeDocuments } from './fake_documents.ts';
import { type Body, FakeServer } from './fake_server.ts';
import { installApp } from './installed.ts';

const app = installApp('tidemark-app-');
afterAll(() => rmSync(app, { recursive: true }));

const readme = readFileSync('client/README.md', 'utf8');
// That of a Worker is run as one, by sql_package.test.ts.
const [of_an_app = ''] = readme.split('\n## SQL over many databases\n');
const examples = [...of_an_app.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
  .map(([, text]) => text)
  .join('');

writeFileSync(join(app, 'examples.ts'), examples);

describe('the package', () => {
  it('has types for a strict app that knows no Node', () => {
    const options = {
      strict: true,
      exactOptionalPropertyTypes: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: [],
      noEmit: true,
    };
    const config = { compilerOptions: options, files: ['examples.ts'] };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(config));
    const tsc = resolve('node_modules/.bin/tsc');
    expect(() => execFileSync(tsc, ['-p', '.'], { cwd: app, encoding: 'utf8' })).not.toThrow();
  }, 60_000);

  it('has examples that run', async () => {
    const server = new FakeServer(() => 1_795_000_000_000);
    const documents = new FakeDocuments(() => 1_795_000_000_000);
    documents.write('', ['posts', 'about', { title: 'About' }]);
    const fetch = async (url: string, init: RequestInit) =>
      url.includes('/apps/blog/')
        ? documents.serve(url, init)
        : Response.json(server.sync('example', JSON.parse(String(init.body)) as Body));
    const log: unknown[][] = [];
    const given = {
      fetch,
      WebSocket: undefined,
      console: { log: (...line: unknown[]) => log.push(line) },
    };
    for (const [name, value] of Object.entries(given)) vi.stubGlobal(name, value);
    try {
      const { outputFiles } = await build({
        entryPoints: [join(app, 'examples.ts')],
        bundle: true,
        format: 'esm',
        write: false,
      });
      writeFileSync(join(app, 'examples.js'), outputFiles[0]?.text ?? '');
      await import(/* @vite-ignore */ join(app, 'examples.js'));
    } finally {
      vi.unstubAllGlobals();
    }
    expect(server.view()).toEqual({
      'plans/plan-1': { title: 'Rust in two months', status: 'active' },
      'sessions/session-1': { plan_id: 'plan-2', start_time: expect.any(Number) },
    });
    expect(log).toContainEqual(['session-1', expect.any(Number), true]);
    expect(log).toContainEqual([0]);
    expect(documents.document).toEqual({
      posts: [
        { id: 'about', title: 'About' },
        { id: 'hello', title: 'Hello, world', tags: ['first'] },
      ],
    });
  });

  it('bundles for a page without Node, in the size that its README names', async () => {
    const { outputFiles } = await build({
      entryPoints: ['client/browser.ts'],
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
    });
    const text = outputFiles[0]?.text ?? '';
    expect(text).not.toContain('node:');
    const [, kilobytes] = /(\d+) kB with gzip/.exec(readme) ?? [];
    expect(gzipSync(text).length).toBeLessThan(Number(kilobytes) * 1_000);
  });

  it.each([
    ['DB', ['WebSocket']],
    ['HttpAdapter', ['WebSocket', 'indexedDB', 'navigator']],
    ['DocumentError', ['fetch', 'indexedDB']],
  ])('has documents apart: %s takes along no %j', async (name, others) => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { ${name} } from 'tidemark'; console.log(${name});`,
        resolveDir: app,
      },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
    });
    const text = outputFiles[0]?.text ?? '';
    for (const other of [...others, 'node:', '/sync']) expect(text).not.toContain(other);
  });

  it('bundles the documents entry in the size that its README names', async () => {
    const { outputFiles } = await build({
      entryPoints: ['client/documents/index.ts'],
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
    });
    const [, section = ''] = readme.split('\n## Documents\n');
    const [, kilobytes] = /(\d+) kB with gzip/.exec(section) ?? [];
    expect(gzipSync(outputFiles[0]?.text ?? '').length).toBeLessThan(Number(kilobytes) * 1_000);
  });

  it('leaves out what an app does not use', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: "import { memoryStore } from 'tidemark'; memoryStore();",
        resolveDir: app,
      },
      bundle: true,
      format: 'esm',
      write: false,
    });
    expect(outputFiles[0]?.text).not.toContain('WebSocket');
  });

  it('holds the queue in a file as an entry of its own', () => {
    const script = `
      import { fileQueueStore } from 'tidemark/documents/file';
      import { WriteQueue } from 'tidemark/documents';
      const store = fileQueueStore('queue.json');
      const send = () => new Promise(() => {});
      const adapter = { writable: true, identity: async () => '', send };
      const queue = await WriteQueue.open({ adapter, store });
      const record = { id: 'u1' };
      await queue.add({ collection: 'users', id: 'u1', record, version: '1-4ea58349eb542b40' });
      await queue.close();
      const { rows } = await (await store()).load();
      process.stdout.write(JSON.stringify(rows.map(([table]) => table)));`;
    const run = ['--input-type=module', '-e', script];
    const printed = execFileSync(process.execPath, run, { cwd: app, encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual(['meta', 'outbox']);
  });

  it('holds the journal of an event log in a file as an entry of its own', () => {
    const script = `
      import { connectRemoteSync } from 'tidemark/events';
      import { fileJournal } from 'tidemark/events/file';
      for (const content of ['first', 'second']) {
        const journal = fileJournal('log');
        const { store, close } = await connectRemoteSync({ enabled: false, journal });
        await store.chat.write({ session: 's', role: 'user', content });
        const { items } = store.chat.list('s');
        process.stdout.write(JSON.stringify(items.map(({ content }) => content)));
        await close();
      }`;
    const run = ['--input-type=module', '-e', script];
    const printed = execFileSync(process.execPath, run, { cwd: app, encoding: 'utf8' });
    expect(printed).toBe('["first"]["first","second"]');
  });

  it('has an event log that asks for a WebSocket only where it connects', () => {
    const script = `
      import { connectRemoteSync } from 'tidemark/events';
      const { sync, close } = await connectRemoteSync({ url: 'ws://127.0.0.1:9' });
      for await (const { error } of sync.statusStream()) {
        if (error) process.stdout.write(error.code);
        if (error) break;
      }
      await close();`;
    const run = ['--no-experimental-websocket', '--input-type=module', '-e', script];
    const printed = execFileSync(process.execPath, run, { cwd: app, encoding: 'utf8' });
    expect(printed).toBe('no_websocket');
  });

  it('holds the store for Node as an entry of its own', () => {
    const script = `
      import { sqliteStore } from 'tidemark/sqlite';
      const store = await sqliteStore(':memory:')();
      process.stdout.write(JSON.stringify(await store.load()));`;
    const run = ['--no-warnings', '--input-type=module', '-e', script];
    const printed = execFileSync(process.execPath, run, { cwd: app, encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual({ version: 0, rows: [] });
  });
});
