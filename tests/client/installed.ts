// The package as an app gets it, in a folder of its own: unpacked, with what it depends on.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { inject } from 'vitest';

/** The app's folder. `others` are packages that the app has besides. */
export function installApp(name: string, others: readonly string[] = []): string {
  const app = mkdtempSync(join(tmpdir(), name));
  const installed = join(app, 'node_modules/tidemark');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['xzf', inject('packed'), '--strip-components=1', '-C', installed]);
  const { dependencies } = JSON.parse(readFileSync('client/package.json', 'utf8'));
  for (const each of [...Object.keys(dependencies), ...others]) {
    mkdirSync(join(app, 'node_modules', each, '..'), { recursive: true });
    symlinkSync(resolve('node_modules', each), join(app, 'node_modules', each));
  }
  writeFileSync(join(app, 'package.json'), '{"type": "module"}');
  return app;
}

/** An app's Worker as wrangler bundles it: one text, beside which its modules stay. */
export async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', '*.wasm'],
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
