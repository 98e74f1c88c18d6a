// The mapping in the background as a Worker has it: the platform lets it go on after the answer.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { afterAll, expect, it, vi } from 'vitest';
import { bundleWorker, installApp } from './installed.ts';

const app = installApp('tidemark-background-');
afterAll(() => rmSync(app, { recursive: true }));

/** It answers at once; whatever it does later, nobody waits for. */
const text = `
  import { initialize } from 'tidemark/sql';
  export default {
    async fetch(request, env) {
      const { pathname } = new URL(request.url);
      if (pathname === '/fill') {
        await env.DB.batch([
          env.DB.prepare('CREATE TABLE users (id TEXT PRIMARY KEY)'),
          env.DB.prepare("INSERT INTO users VALUES ('a'), ('b'), ('c')"),
        ]);
      } else if (pathname === '/begin') {
        initialize({ kv: env.KV, shards: { db: env.DB } });
      } else {
        const { keys } = await env.KV.list({ prefix: 'shard:' });
        return new Response(String(keys.length));
      }
      return new Response('done');
    },
  };`;

async function serve(): Promise<Miniflare> {
  writeFileSync(join(app, 'worker.js'), text);
  const bundle = await bundleWorker(join(app, 'worker.js'));
  const engine = readFileSync(join(app, 'node_modules/tidemark/dist/sql/tidemark.wasm'));
  const modules = {
    'index.js': { type: 'esm', contents: bundle },
    'tidemark.wasm': { type: 'wasm', contents: engine },
  };
  const config = {
    name: 'background',
    compatibilityDate: '2026-11-01',
    compatibilityFlags: ['nodejs_als'],
    manifest: { mainModule: 'index.js', modules },
    env: { KV: { type: 'kv', id: 'KV' }, DB: { type: 'd1', id: 'DB' } },
  };
  const options = { workers: [{ config }] };
  return new Miniflare(options as unknown as ConstructorParameters<typeof Miniflare>[0]);
}

it('a Worker that answers at once has its rows mapped all the same', async () => {
  const worker = await serve();
  try {
    const ask = async (path: string) =>
      (await worker.dispatchFetch(`http://example.com${path}`)).text();
    expect(await ask('/fill')).toBe('done');
    expect(await ask('/mapped')).toBe('0');
    expect(await ask('/begin')).toBe('done');
    await vi.waitFor(async () => expect(await ask('/mapped')).toBe('3'), { timeout: 10_000 });
  } finally {
    await worker.dispose();
  }
}, 60_000);
