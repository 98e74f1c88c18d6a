// The module is pure: it imports nothing, and its exports do not grow with what it can do.

import { expect, it } from 'vitest';
import tidemark from '../../build/tidemark.wasm';

it('imports nothing', () => {
  expect(WebAssembly.Module.imports(tidemark)).toEqual([]);
});

it('exports its memory and eight functions, and _initialize of the reactor', () => {
  const kinds = WebAssembly.Module.exports(tidemark).map(({ name, kind }) => `${name}: ${kind}`);
  expect(kinds.sort()).toEqual([
    '_initialize: function',
    'memory: memory',
    'tm_begin: function',
    'tm_cancel: function',
    'tm_output: function',
    'tm_output_size: function',
    'tm_reserve: function',
    'tm_resume: function',
    'tm_slot: function',
  ]);
});

it('tells the slot of a key: the first 12 bits of its SHA-256', async () => {
  const { memory, _initialize, tm_reserve, tm_slot } = new WebAssembly.Instance(tidemark, {})
    .exports as unknown as {
    memory: WebAssembly.Memory;
    _initialize(): void;
    tm_reserve(size: number): number;
    tm_slot(size: number): number;
  };
  _initialize();
  for (const key of ['user-123', '', 'zoë', 'a'.repeat(1 << 20)]) {
    const bytes = new TextEncoder().encode(key);
    const at = tm_reserve(bytes.byteLength);
    new Uint8Array(memory.buffer, at, bytes.byteLength).set(bytes);
    const digest = new DataView(await crypto.subtle.digest('SHA-256', bytes));
    expect(tm_slot(bytes.byteLength)).toBe(digest.getUint16(0) >> 4);
  }
});

it('has a bound on its memory', () => {
  const { memory, _initialize } = new WebAssembly.Instance(tidemark, {}).exports as unknown as {
    memory: WebAssembly.Memory;
    _initialize(): void;
  };
  _initialize();
  expect(memory.buffer.byteLength).toBeLessThan(8 << 20);
  const page = 64 << 10;
  expect(() => memory.grow((128 << 20) / page)).toThrow(RangeError);
});
