// Makes client/dist: each source as JavaScript with its types beside it. Nothing is bundled, so
// that an app's bundler takes only what the app uses.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/package.json');

rmSync(join(here, 'dist'), { recursive: true, force: true });
execFileSync(
  process.execPath,
  [join(dirname(compiler), 'bin/tsc'), '--project', 'tsconfig.build.json'],
  {
    cwd: here,
    stdio: 'inherit',
  },
);
