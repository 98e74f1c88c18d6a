// Bundles the scripts of pages: worker/pages/browser/NAME.ts to build/assets/NAME.js.txt, which the
// Worker holds as text. A file is written only when it changed: its time is what a dev server
// watches.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const folder = 'worker/pages/browser';
const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));

mkdirSync('build/assets', { recursive: true });
for (const name of names) {
  const { outputFiles } = await build({
    entryPoints: [`${folder}/${name}`],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    tsconfigRaw: {},
  });
  const path = `build/assets/${name.replace(/\.ts$/, '.js.txt')}`;
  const text = outputFiles[0].text;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}
