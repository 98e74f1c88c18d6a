// Makes client/dist: each source as JavaScript with its types beside it. Nothing is bundled, so
// that an app's bundler takes only what the app uses; but for `sql`, which is one module with what
// of the Worker it is made of, beside the engine's. What a runtime has of its own is left to the
// package's `imports`.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
const engine = join(here, '../build/tidemark.wasm');
const sql = join(here, 'dist/sql');

function compile(...options) {
  const tsc = [join(dirname(compiler), 'bin/tsc'), ...options];
  execFileSync(process.execPath, tsc, { cwd: here, stdio: 'inherit' });
}

const of_the_runtime = {
  name: 'what a runtime has of its own',
  setup({ onResolve }) {
    const external = (path) => () => ({ path, external: true });
    onResolve({ filter: /\.wasm$/ }, external('#sql/module'));
    onResolve({ filter: /\/platform\.ts$|^cloudflare:workers$/ }, external('#sql/platform'));
  },
};

/** Copies a file of types and those that it names. */
function copyTypes(from, name, copied = new Set()) {
  if (copied.has(name)) return;
  copied.add(name);
  const path = join(from, 'client/sql', name);
  copyFileSync(path, join(sql, name));
  for (const [, other] of readFileSync(path, 'utf8').matchAll(
    /(?:from |import\()'\.\/(\w+)\.ts'/g,
  )) {
    copyTypes(from, `${other}.d.ts`, copied);
  }
}

rmSync(join(here, 'dist'), { recursive: true, force: true });
compile('--project', 'tsconfig.build.json');

mkdirSync(sql, { recursive: true });
const shared = { format: 'esm', target: 'es2022', logLevel: 'warning' };
await build({
  ...shared,
  entryPoints: [join(here, 'sql/index.ts')],
  outfile: join(sql, 'index.js'),
  bundle: true,
  external: ['@msgpack/msgpack'],
  plugins: [of_the_runtime],
});
await build({
  ...shared,
  entryPoints: [join(here, 'sql/platform.ts')],
  outfile: join(sql, 'platform_workerd.js'),
});
copyFileSync(join(here, 'sql/module_workerd.js'), join(sql, 'module_workerd.js'));
copyFileSync(engine, join(sql, 'tidemark.wasm'));

const types = mkdtempSync(join(here, 'dist/types-'));
compile('--project', 'sql/tsconfig.build.json', '--outDir', types);
copyTypes(types, 'index.d.ts');
rmSync(types, { recursive: true });
