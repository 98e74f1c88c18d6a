// Packs the package once for all tests that install it: to pack it is to make client/dist anew.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the archive. */
    packed: string;
  }
}

export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-packed-'));
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: 'client', stdio: 'pipe' });
  const [archive = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  provide('packed', join(folder, archive));
  return () => rmSync(folder, { recursive: true });
}
