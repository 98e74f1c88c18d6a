// Bundles the scripts of pages, worker/pages/browser/NAME.ts to build/assets/NAME.js.txt, and the
// documents SDK to build/assets/coreenginedb.js.txt. The Worker holds them as text. A file is
// written only when it changed: its time is what a dev server watches.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const folder = 'worker/pages/browser';
const pages = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const entries = [
  ...pages.map((name) => [name.replace(/\.ts$/, ''), `${folder}/${name}`]),
  ['coreenginedb', 'client/documents/index.ts'],
];

mkdirSync('build/assets', { recursive: true });
for (const [name, entry] of entries) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    tsconfigRaw: {},
  });
  const path = `build/assets/${name}.js.txt`;
  const text = outputFiles[0].text;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}
