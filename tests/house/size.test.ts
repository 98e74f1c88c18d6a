// The module stays small: a Worker on the free plan has 3 MB, and a cold start reads all of it.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const COMPRESSED_BYTES_MAX = 470_000;

test('the module is within its budget', () => {
  const module = readFileSync('build/tidemark.wasm');
  expect(gzipSync(module, { level: 9 }).byteLength).toBeLessThanOrEqual(COMPRESSED_BYTES_MAX);
});
