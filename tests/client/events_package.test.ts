// How the event log is built: which of its files may know which, what a bundle takes along, and
// that its types hold apps to what they wrote.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Artifact,
  connectRemoteSync,
  type Duration,
  type EventRecord,
  event,
  eventGroup,
  type RemoteSyncOptions,
} from '../../client/events/index.ts';

const root = 'client/events';

/** From what knows nothing to what knows everything: a file knows only what is in rows before. */
const layers: [name: string, files: RegExp][] = [
  [
    'bytes and settings',
    /^(bytes|errors|entry_id|msgpack|duration|identity|config|protocol|chunks)\.ts$/,
  ],
  ['entries', /^(entry|cipher|schema|conflicts|compaction)\.ts$/],
  ['the journal', /^(journal\/.*|file)\.ts$/],
  ['the log', /^log\.ts$/],
  ['the stores', /^stores\/.*\.ts$/],
  ['the sync', /^sync\/.*\.ts$/],
  ['the runtime', /^(runtime|index)\.ts$/],
];
const layerOf = (path: string) => layers.findIndex(([, files]) => files.test(path));

const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const bundle = async (contents: string) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
};
const all = "export * from './client/events/index.ts'";

describe('the files', () => {
  it('are each in a layer', () => {
    expect(sources.filter(({ path }) => layerOf(path) < 0)).toEqual([]);
    expect(sources.length).toBeGreaterThan(30);
  });

  it('know only what is in their own layer or below', () => {
    const wrong: string[] = [];
    for (const { path, text } of sources) {
      for (const [, from = ''] of text.matchAll(/from '(\.[^']+)'/g)) {
        const known = relative(root, join(root, dirname(path), from));
        if (!known.startsWith('..') && layerOf(known) > layerOf(path)) {
          wrong.push(`${path} knows ${known}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('of the sync know neither stores nor the log', () => {
    const sync = sources.filter(({ path }) => path.startsWith('sync/'));
    for (const { text } of sync) expect(text).not.toMatch(/from '\.\.\/(log|stores|runtime)/);
  });

  it('name the global WebSocket in one place, where sockets are had', () => {
    const naming = sources.filter(({ text }) => /globalThis[^\n]*WebSocket/.test(text));
    expect(naming.map(({ path }) => path)).toEqual(['sync/sockets.ts']);
  });
});

describe('a bundle', () => {
  it('for a page is as small as the README says, and has nothing of Node', async () => {
    const text = await bundle(all);
    expect(text).not.toContain('node:');
    const [, section = ''] = readFileSync('client/README.md', 'utf8').split('\n## Event logs\n');
    const [, kilobytes] = /(\d+) kB with gzip/.exec(section) ?? [];
    expect(gzipSync(text).length).toBeLessThan(Number(kilobytes) * 1_000);
  });

  it('of identities takes along no sync and no MessagePack', async () => {
    const text = await bundle(
      "import { importIdentity } from './client/events/index.ts'; console.log(importIdentity)",
    );
    for (const other of ['WebSocket', 'RequestChanges', 'indexedDB']) {
      expect(text).not.toContain(other);
    }
    expect(text.length).toBeLessThan(3_000);
  });

  it('without a journal takes along no IndexedDB', async () => {
    const text = await bundle(
      "import { connectRemoteSync as c } from './client/events/index.ts'; console.log(c)",
    );
    expect(text).not.toContain('indexedDB');
  });
});

describe('the types', () => {
  it('know the stores and the settings', async () => {
    const client = await connectRemoteSync({ enabled: false });
    expectTypeOf(client.store.artifacts.get('a')).toEqualTypeOf<Artifact | undefined>();
    expectTypeOf<'5 seconds'>().toExtend<Duration>();
    const wrong = () => [
      // @ts-expect-error: another provider
      connectRemoteSync({ url: '', provider: 'aws' }),
      // @ts-expect-error: no unit
      connectRemoteSync({ url: '', syncInterval: '5' }),
      // @ts-expect-error: a role that is none
      client.store.chat.write({ session: 's', role: 'robot', content: '' }),
      // @ts-expect-error: an artifact has a content
      client.store.artifacts.put({ id: 'a', name: 'a', type: 't' }),
    ];
    expect(wrong).toBeTypeOf('function');
    expectTypeOf<RemoteSyncOptions['url']>().toEqualTypeOf<string | undefined>();
    await client.close();
  });

  it("hold an app's own events to their payloads", async () => {
    interface Note {
      id: string;
      text: string;
    }
    const isNote = (value: unknown): value is Note =>
      typeof value === 'object' && value !== null && 'id' in value && 'text' in value;
    const notes = eventGroup({
      name: 'notes',
      events: {
        'note.put': event<Note>({ guard: isNote, primaryKey: ({ id }) => id }),
        'note.gone': event<string>({
          guard: (value) => typeof value === 'string',
          primaryKey: (id) => id,
        }),
      },
    });
    const client = await connectRemoteSync({ enabled: false });
    const texts = new Map<string, string>();
    client.log.handle(notes, {
      apply: (record) => {
        if (record.event === 'note.put') texts.set(record.payload.id, record.payload.text);
        else texts.delete(record.payload);
      },
      clear: () => texts.clear(),
    });
    const written = await client.log.write(notes, 'note.put', { id: 'a', text: 'x' });
    expectTypeOf(written).toEqualTypeOf<EventRecord<'note.put', Note>>();
    const wrong = () => [
      // @ts-expect-error: a payload of another event
      client.log.write(notes, 'note.gone', { id: 'a', text: 'x' }),
      // @ts-expect-error: no such event
      client.log.write(notes, 'note.lost', 'a'),
    ];
    expect(wrong).toBeTypeOf('function');
    await client.log.write(notes, 'note.put', { id: 'b', text: 'y' });
    await client.log.write(notes, 'note.gone', 'a');
    expect([...texts]).toEqual([['b', 'y']]);
    await client.close();
  });
});
